/**
 * Recomputes the silence score of a dark period from the bins in its evidence, so that a person can check it on the page:
 * S is the sum of min(1, −log10(1 − q · own · alive)); from the second bin on `own_next` stands for `own`.
 */

/** @import { Evidence } from "./types.js" */

/** @typedef {{ t: number, cell: string, q: number | null, alive: number | null, score: number }} Bin */
/** @typedef {Bin & { own: number | null, recomputed: number | null, sum: number }} CheckedBin */

/**
 * `sum` is over all bins; `told` and `recomputed` are over the `checked` ones, whose own share is known.
 * @typedef {{ bins: CheckedBin[], sum: number, told: number, recomputed: number, checked: number, agrees: boolean }} Check
 */

export const BIN_MS = 600_000;
/** Scores are told with four decimals, and q with four as well, which moves the logarithm where q is near 1. */
const TOLERANCE = 0.02;

/** @param {Evidence[]} evidence @param {string} what */
export const valueOf = (evidence, what) => evidence.find((item) => item.what === what)?.value;

/** @param {Evidence[]} evidence @param {string} what */
export function numberOf(evidence, what) {
  const value = valueOf(evidence, what);
  return typeof value === "number" ? value : null;
}

/** @param {Evidence[]} evidence @returns {Bin[]} */
export function binsOf(evidence) {
  const value = valueOf(evidence, "bins");
  if (!Array.isArray(value)) return [];
  return value.filter((bin) => bin && typeof bin.t === "number" && typeof bin.score === "number");
}

/** @param {number | null} q @param {number} own @param {number | null} alive */
export function binScore(q, own, alive) {
  if (q === null || alive === null) return 0;
  const unheard = 1 - q * own * alive;
  return unheard <= 0 ? 1 : Math.max(0, Math.min(1, -Math.log10(unheard)));
}

/** @typedef {{ start: number, own: number | null, own_next: number | null }} Part */

/**
 * The silences that single reports cut an episode into: the ship's own share is measured anew for each.
 * @param {Evidence[]} evidence
 * @returns {Part[]}
 */
function partsOf(evidence) {
  const own = numberOf(evidence, "own") ?? 1;
  const whole = { start: -Infinity, own, own_next: numberOf(evidence, "own_next") ?? own };
  const silences = valueOf(evidence, "silences");
  if (!Array.isArray(silences) || silences.length === 0) return [whole];
  // Alerts of former versions have no shares of their own for later parts.
  return silences.map((part, index) => ({
    start: index === 0 ? -Infinity : part.start,
    own: part.own ?? (index === 0 ? whole.own : null),
    own_next: part.own_next ?? (index === 0 ? whole.own_next : null),
  }));
}

/**
 * @param {Evidence[]} evidence
 * @returns {Check | null} null without bins
 */
export function checkScore(evidence) {
  const bins = binsOf(evidence);
  if (!bins.length) return null;
  const parts = partsOf(evidence);
  let [sum, told, recomputed, checked] = [0, 0, 0, 0];
  /** @type {Part | null} */
  let before = null;
  const rows = bins.map((bin) => {
    const part = parts.findLast((one) => one.start <= bin.t) ?? parts[0];
    const share = (part === before ? part?.own_next : part?.own) ?? null;
    before = part ?? null;
    sum += bin.score;
    if (share === null) return { ...bin, own: share, recomputed: null, sum };
    const again = binScore(bin.q ?? null, share, bin.alive ?? null);
    [told, recomputed, checked] = [told + bin.score, recomputed + again, checked + 1];
    return { ...bin, own: share, recomputed: again, sum };
  });
  return { bins: rows, sum, told, recomputed, checked, agrees: Math.abs(told - recomputed) <= TOLERANCE };
}
