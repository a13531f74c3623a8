/** The arithmetic of the time slider: steps, speeds, and the marks of alerts along it. Pure. */

/** @import { Item, Severity } from "./types.js" */
import { DAY, MINUTE } from "./format.js";
import { severityRank } from "./words.js";

/** Event seconds a second of the wall clock. */
export const SPEEDS = [60, 300, 900, 3600];
export const STEP_MS = MINUTE;

/** @typedef {{ from: number, to: number }} Span */

/**
 * The span of the slider: what the server holds, at most the last 24 h.
 * @param {Span | null} history @param {number | null} now
 * @returns {Span | null} null if there is nothing to go back to
 */
export function spanOf(history, now) {
  if (!history || now === null) return null;
  const to = Math.max(history.to, now);
  const from = Math.max(history.from, to - DAY);
  return to - from >= STEP_MS ? { from, to } : null;
}

/** @param {number} at @param {Span} span */
export const clamp = (at, span) => Math.max(span.from, Math.min(span.to, at));

/**
 * Where replay stands after some time on the wall clock; true if it ran into the present.
 * @param {number} at @param {number} speed @param {number} elapsedMs @param {Span} span
 * @returns {{ at: number, ended: boolean }}
 */
export function advance(at, speed, elapsedMs, span) {
  const next = at + speed * elapsedMs;
  return next >= span.to ? { at: span.to, ended: true } : { at: Math.max(next, span.from), ended: false };
}

/**
 * How many alerts began in each of `slots` equal parts of the span, and the most urgent of them.
 * @param {Iterable<Item>} items @param {Span} span @param {number} slots
 * @returns {{ count: number, severity: Severity }[]}
 */
export function marks(items, span, slots) {
  /** @type {{ count: number, severity: Severity }[]} */
  const result = Array.from({ length: slots }, () => ({ count: 0, severity: "info" }));
  for (const { first_at, alert } of items) {
    if (first_at < span.from || first_at > span.to) continue;
    const slot = result[Math.min(slots - 1, Math.floor(((first_at - span.from) / (span.to - span.from)) * slots))];
    slot.count += 1;
    if (severityRank(alert.severity) > severityRank(slot.severity)) slot.severity = alert.severity;
  }
  return result;
}

/** Whole hours to write under the slider, `every` hours apart. @param {Span} span @param {number} every */
export function hourTicks(span, every) {
  const step = every * 60 * MINUTE;
  const ticks = [];
  for (let t = Math.ceil(span.from / step) * step; t <= span.to; t += step) ticks.push(t);
  return ticks;
}
