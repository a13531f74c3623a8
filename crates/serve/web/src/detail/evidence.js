/** Evidence as a person reads it: each item's name, its value with unit, and why it counts. */

/** @import { State } from "../state.js" */
/** @import { Alert, Evidence } from "../types.js" */
import { el, outside } from "../dom.js";
import { count, duration, knots, nauticalMiles, share, utc } from "../format.js";

/** Names of what the server calls by a word. */
const NAMES = new Map(Object.entries({
  score: "Silence score S", silent_ms: "Silent for", own: "This ship's own share heard", own_next: "The same, after a bin not heard",
  witnesses: "Others heard close by", reports_12h: "Reports in the 12 h before", expected_interval_ms: "Expected interval",
  ports_in_reach: "Ports in reach", feasible_ports: "Ports it could have called at", unexplained_hours: "Unexplained time",
  distance_m: "Distance by water", speed_kn: "Speed assumed", from: "In reach from", rank: "Rank among ports in reach",
  silences: "Silences", observed_share: "Share observed", dark_periods: "Dark periods", new_route: "New route",
  same_before: "Same hop unseen before", berth: "Lay at", heard_static: "Static reports meanwhile", draught: "Draught", destination: "Destination sent",
  ships: "Ships concerned", of: "Of so many", examples: "Some of them", radius_m: "Radius", receiver: "Receiver", stops: "Stops", gaps: "Gaps",
}));

/** These have a place of their own in the panel. */
const ELSEWHERE = new Set(["bins", "draught", "destination"]);

/** @param {string} what */
const nameOf = (what) => NAMES.get(what) ?? what.replaceAll("_", " ").replace(/^./, (c) => c.toUpperCase());

/** @param {State} state @param {Alert} alert */
export function evidenceSection(state, alert) {
  const items = alert.evidence.filter(({ what }) => !ELSEWHERE.has(what));
  if (!items.length) return null;
  return el("section", { class: "part", testid: "evidence" },
    el("h3", {}, "Evidence"),
    el("dl", { class: "evidence" }, ...items.map((item) => evidenceItem(state, item))),
  );
}

/** @param {State} state @param {Evidence} item */
function evidenceItem(state, { what, value, why }) {
  return el("div", { class: "evidence-item", data: { what } },
    el("dt", {}, nameOf(what)),
    el("dd", { class: "evidence-value" }, valueNode(state, what, value)),
    // Some reasons only say the name again.
    why.toLowerCase() === nameOf(what).toLowerCase() ? null : el("dd", { class: "evidence-why" }, outside(why)),
  );
}

/** @param {State} state @param {string} what @param {unknown} value @returns {Node | string} */
function valueNode(state, what, value) {
  if (value === null || value === undefined) return "not known";
  if ((what === "witnesses" || what === "examples") && Array.isArray(value)) return shipList(state, value);
  if (Array.isArray(value) && value.every(isSpan)) return spanList(value);
  if (what === "berth" && typeof value === "string") return outside(state.portName(value));
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number") return numberText(what, value);
  if (typeof value === "string") return outside(value);
  return el("code", {}, outside(JSON.stringify(value)));
}

/** @param {string} what @param {number} value */
function numberText(what, value) {
  if (what === "from") return utc(value);
  if (what === "own" || what === "own_next" || what.endsWith("_share")) return share(value);
  if (what.endsWith("_ms")) return duration(value);
  if (what.endsWith("_m")) return nauticalMiles(value);
  if (what.endsWith("_kn")) return knots(value);
  if (what.endsWith("_hours")) return `${value.toFixed(1)} h`;
  return Number.isInteger(value) ? count(value) : value.toFixed(2);
}

/** @param {any} value */
const isSpan = (value) => value !== null && typeof value === "object" && typeof value.start === "number";

/** @param {{ start: number, end: number | null }[]} spans */
function spanList(spans) {
  return el("ul", { class: "plain" }, ...spans.map(({ start, end }) =>
    el("li", {}, end === null ? `since ${utc(start)}` : `${utc(start)} to ${utc(end)}, ${duration(end - start)}`)));
}

/** @param {State} state @param {unknown[]} mmsis */
function shipList(state, mmsis) {
  return el("span", { class: "ship-list" }, ...mmsis.map((value) => {
    const mmsi = Number(value);
    const name = state.vessels.get(mmsi)?.name;
    return el("button", {
      class: "link", type: "button", title: name ? "" : "Show this ship", on: { click: () => state.select({ alert: null, vessel: mmsi }) },
    }, name ? outside(name, 30) : String(mmsi));
  }));
}

/** What the ship said of itself before and after, if it said so. @param {Alert} alert */
export function beforeAfter(alert) {
  const fact = /** @type {Record<string, any>} */ (alert.fact ?? {});
  const pair = (/** @type {string} */ what) => {
    const value = /** @type {any} */ (alert.evidence.find((item) => item.what === what)?.value);
    if (value && typeof value === "object") return { before: value.before ?? null, after: value.after ?? null };
    return { before: fact[`${what}_before`] ?? null, after: fact[`${what}_after`] ?? null };
  };
  const [draught, destination] = [pair("draught"), pair("destination")];
  const rows = [];
  if (draught.before !== null || draught.after !== null) {
    const change = typeof draught.before === "number" && typeof draught.after === "number" ? draught.after - draught.before : null;
    const note = change === null || Math.abs(change) < 0.05 ? "" : `${Math.abs(change).toFixed(1)} m ${change > 0 ? "deeper" : "less deep"}`;
    rows.push(comparison("Draught", metres(draught.before), metres(draught.after), note));
  }
  if (destination.before !== null || destination.after !== null) {
    rows.push(comparison("Destination sent", outside(destination.before ?? "none", 40), outside(destination.after ?? "none", 40), ""));
  }
  if (!rows.length) return null;
  return el("section", { class: "part", testid: "before-after" }, el("h3", {}, "Said before and after"), ...rows);
}

/** @param {unknown} value */
const metres = (value) => (typeof value === "number" ? `${value.toFixed(1)} m` : "not sent");

/** @param {string} label @param {Node | string} before @param {Node | string} after @param {string} note */
function comparison(label, before, after, note) {
  return el("div", { class: "comparison" },
    el("span", { class: "comparison-label" }, label), el("span", {}, before),
    el("span", { class: "arrow" }, el("span", { attrs: { "aria-hidden": "true" } }, "→"), el("span", { class: "unseen" }, " then ")),
    el("span", {}, after), note ? el("strong", {}, note) : null,
  );
}
