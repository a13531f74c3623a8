/** Rows of the list: one for each alert, or one for each ship with all its alerts. Pure. */

/** @import { Item, Kind } from "./types.js" */
import { newestFirst } from "./alerts.js";
import { severityRank } from "./words.js";

/**
 * `lead` is what the row opens and quotes; `at` is the newest time in the row.
 * @typedef {{ key: string, lead: Item, items: Item[], at: number, unacknowledged: number }} Row
 */

/** Which alert of a ship tells most about it, best first. @type {Kind[]} */
const TELLING = [
  "dark", "hop.dark", "sighting", "identity.changed", "identity.conflict", "position.withheld", "port.in_reach", "hop", "port.visit",
  "gnss.interference", "reception.outage", "source.clock",
];

const OVER = { open: 0, updated: 0, closed: 1, retracted: 2 };

/** @param {Item} a @param {Item} b */
function moreTelling(a, b) {
  // What proved wrong leads only if there is nothing else.
  const retracted = Number(a.alert.status === "retracted") - Number(b.alert.status === "retracted");
  const severity = severityRank(b.alert.severity) - severityRank(a.alert.severity);
  const over = OVER[a.alert.status] - OVER[b.alert.status];
  return retracted || severity || over || TELLING.indexOf(a.alert.kind) - TELLING.indexOf(b.alert.kind) || newestFirst(a, b);
}

/**
 * @param {Item[]} items newest first
 * @param {"ship" | "alert"} group
 * @returns {Row[]}
 */
export function rowsOf(items, group) {
  /** @type {Map<string, Item[]>} */
  const sets = new Map();
  for (const item of items) {
    const mmsi = item.alert.vessel?.mmsi;
    const key = group === "ship" && mmsi ? `ship-${mmsi}` : item.alert.id;
    const set = sets.get(key);
    if (set) set.push(item);
    else sets.set(key, [item]);
  }
  return [...sets].map(([key, set]) => ({
    key,
    lead: set.length === 1 ? set[0] : [...set].sort(moreTelling)[0],
    items: set,
    at: set[0].alert.at,
    unacknowledged: set.filter((item) => !item.ack).length,
  }));
}

/** Kinds in a row with how many of each, most telling first. @param {Row} row @returns {[Kind, number][]} */
export function kindCounts(row) {
  /** @type {Map<Kind, number>} */
  const counts = new Map();
  for (const { alert } of row.items) counts.set(alert.kind, (counts.get(alert.kind) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => TELLING.indexOf(a) - TELLING.indexOf(b));
}
