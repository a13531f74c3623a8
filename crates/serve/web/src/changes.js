/** What changed from one revision of an alert to the next, in words. Pure. */

/** @import { Alert } from "./types.js" */
import { GRADES, CAUSES, SEVERITIES, STATUSES, TAGS } from "./words.js";
import { utc, share } from "./format.js";

/** @typedef {{ what: string, before: string, after: string }} Change */

/** A probability that moved by less than this has not changed for a reader. */
const LEAST_SHARE = 0.01;

/**
 * @param {Alert} before @param {Alert} after @param {(id: string) => string} portName
 * @returns {Change[]}
 */
export function changes(before, after, portName) {
  /** @type {Change[]} */
  const list = [];
  /** @param {string} what @param {string} a @param {string} b */
  const note = (what, a, b) => a !== b && list.push({ what, before: a, after: b });
  /** @param {Record<string, string>} words @param {string | null} value */
  const word = (words, value) => (value === null ? "none" : (words[value] ?? value));

  note("Status", word(STATUSES, before.status), word(STATUSES, after.status));
  note("Severity", word(SEVERITIES, before.severity), word(SEVERITIES, after.severity));
  note("Grade", word(GRADES, before.grade), word(GRADES, after.grade));
  note("Cause", word(CAUSES, before.cause), word(CAUSES, after.cause));
  note("Score", score(before), score(after));
  note("Tags", tags(before), tags(after));
  note("End", before.end ? utc(before.end.t) : "open", after.end ? utc(after.end.t) : "open");
  note("Destination port", port(before.ports.to, portName), port(after.ports.to, portName));
  list.push(...candidateChanges(before, after, portName));
  const [had, has] = [new Set(before.ports.in_reach ?? []), after.ports.in_reach ?? []];
  const reached = has.filter((id) => !had.has(id));
  if (reached.length) list.push({ what: "Came into reach", before: "", after: reached.map(portName).join(", ") });
  for (const what of ["draught", "destination"]) {
    const then = pair(before, what);
    const now = pair(after, what);
    if (then !== now) list.push({ what: what === "draught" ? "Draught" : "Destination sent", before: then || "none", after: now || "none" });
  }
  return list;
}

/** @param {Alert} alert */
const score = (alert) => (alert.score === null ? "none" : alert.score.toFixed(2));

/** @param {Alert} alert */
const tags = (alert) => alert.tags.map((tag) => TAGS[tag] ?? tag).join(", ") || "none";

/** @param {string | null | undefined} id @param {(id: string) => string} portName */
const port = (id, portName) => (id ? portName(id) : "none");

/** @param {Alert} alert @param {string} what */
function pair(alert, what) {
  const value = /** @type {any} */ (alert.evidence.find((item) => item.what === what)?.value);
  return value && typeof value === "object" ? `${value.before ?? "none"} → ${value.after ?? "none"}` : "";
}

/**
 * @param {Alert} before @param {Alert} after @param {(id: string) => string} portName
 * @returns {Change[]}
 */
function candidateChanges(before, after, portName) {
  const had = new Map((before.ports.candidates ?? []).map((c) => [c.port, c.p]));
  const has = new Map((after.ports.candidates ?? []).map((c) => [c.port, c.p]));
  /** @type {Change[]} */
  const list = [];
  for (const [id, p] of has) {
    const then = had.get(id);
    if (then === undefined || Math.abs(then - p) >= LEAST_SHARE) {
      list.push({ what: portName(id), before: then === undefined ? "not a candidate" : share(then), after: share(p) });
    }
  }
  for (const [id, p] of had) {
    if (!has.has(id)) list.push({ what: portName(id), before: share(p), after: "no longer among the likeliest" });
  }
  return list;
}
