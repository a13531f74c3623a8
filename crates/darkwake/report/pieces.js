/** Small parts that several sections show: ships, grades, moments, the words of an alert. */

import { clean, sentence, shipName } from "../../serve/web/src/text.js";
import { el, outside } from "../../serve/web/src/dom.js";
import { DAY, clock, day, duration, knots, position, share, utcFull } from "../../serve/web/src/format.js";
import { CAUSES, GRADES, GRADE_MEANING, KINDS, SEVERITIES, STATUSES } from "../../serve/web/src/words.js";
import { gradeClass, portText, report } from "./data.js";

/** What a ship is called, its flag, and whether a list names it. @param {any} ship */
export function shipCell(ship) {
  if (!ship) return "–";
  const listed = ship.listed_as.length ? el("span", { class: "listed", title: clean(ship.listed_as.join("; ")) }, "Listed") : null;
  const known = [ship.name ? ship.track : "", clean(ship.flag, 2)].filter(Boolean).join(" · ");
  return el("span", { class: "ship" }, el("span", { class: "ship-line" }, outside(shipName(ship)), listed), el("span", { class: "sub" }, known));
}

/** All by which a ship is searched for. @param {any} ship */
export const shipWords = (ship) =>
  ship ? [shipName(ship), ship.track, ship.imo, ship.callsign, ship.flag, ...ship.listed_as].filter(Boolean).join(" ") : "";

/** @param {string | null} grade */
export const gradeTag = (grade) =>
  grade ? el("span", { class: `tag ${gradeClass(grade)}`, title: GRADE_MEANING[/** @type {keyof GRADES} */ (grade)] }, GRADES[/** @type {keyof GRADES} */ (grade)]) : "–";

/** @param {string} severity */
export const severityTag = (severity) =>
  el("span", { class: `tag severity-tag severity-${severity}` }, SEVERITIES[/** @type {keyof SEVERITIES} */ (severity)] ?? severity);

/** "2 Oct 05:42", with the year where the report is of more than one. @param {number | null | undefined} t */
export function moment(t) {
  if (typeof t !== "number") return "–";
  const text = `${day(t)}${spansYears() ? ` ${new Date(t).getUTCFullYear()}` : ""} ${clock(t)}`;
  return el("time", { title: utcFull(t), attrs: { datetime: new Date(t).toISOString() } }, text);
}

function spansYears() {
  const [start, end] = report.period ?? [0, 0];
  return new Date(start).getUTCFullYear() !== new Date(end).getUTCFullYear();
}

/** "41.6" of hours. @param {number | null} ms */
export const hoursOf = (ms) => (ms === null ? "–" : (ms / 3_600_000).toFixed(1));

/** "8.4 → 6.1". @param {number | null} before @param {number | null} after */
export function draughts(before, after) {
  if (before === null && after === null) return "–";
  const metres = /** @param {number | null} value */ (value) => (value === null ? "?" : value.toFixed(1));
  return `${metres(before)} → ${metres(after)}`;
}

/** "Sonbong 22 %, Rajin 22 %, and 8 more". @param {any[]} candidates @param {number} most */
export function candidatesText(candidates, most) {
  if (!candidates.length) return "–";
  const named = candidates.slice(0, most).map(({ port, p }) => `${report.ports[port]?.name ?? port} ${share(p)}`);
  if (candidates.length > most) named.push(`${candidates.length - most} more`);
  return named.join(", ");
}

/** "10 days", "3.5 days", "41.6 h". @param {number} ms */
export const longTime = (ms) => (ms >= 2 * DAY ? `${Number((ms / DAY).toFixed(1))} days` : duration(ms));

/** The parts of a list: term and what it is. @param {[string, any][]} pairs */
export const facts = (pairs) =>
  el("dl", { class: "facts" }, ...pairs.filter(([, value]) => value !== null && value !== "").map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, value))));

/** All that the report holds of an alert. @param {any} alert */
export function alertDetail(alert) {
  const { candidates, none_of_these: none, basis } = alert;
  const places = (/** @type {any} */ fix) => (fix ? el("span", {}, moment(fix.t), el("span", { class: "sub" }, position(fix.lon, fix.lat))) : null);
  const ports = ["at", "from", "to"].filter((key) => alert.ports[key]).map((key) => portText(alert.ports[key])).join(" → ");
  return el("div", { class: "detail" },
    el("p", { class: "explain" }, outside(alert.explain)),
    facts([
      ["Start (UTC)", places(alert.start)],
      ["End (UTC)", places(alert.end)],
      ["Port", ports],
      ["Cause", alert.cause ? CAUSES[alert.cause] ?? alert.cause : null],
      ["Score S", alert.score === null ? null : alert.score.toFixed(2)],
      ["Reports in the 12 h before", basis.reports_12h ?? null],
      ["Expected every", basis.expected_interval_ms ? duration(basis.expected_interval_ms) : null],
      ["Others heard close by", basis.witnesses || null],
      ["Speed at most", basis.speed_kn ? knots(basis.speed_kn) : null],
      ["Severity", SEVERITIES[/** @type {keyof SEVERITIES} */ (alert.severity)]],
      ["Status", `${STATUSES[/** @type {keyof STATUSES} */ (alert.status)]}, revision ${alert.revision}, decided ${day(alert.at)} ${clock(alert.at)}`],
      ["Listed as", alert.vessel?.listed_as.length ? outside(alert.vessel.listed_as.join("; ")) : null],
      ["Decided by", alert.inputs.length ? outside(alert.inputs.join(", "), 300) : null],
      ["Alert", el("code", {}, alert.id)],
    ]),
    candidates.length ? candidateTable(candidates, none) : null,
  );
}

/** @param {any[]} candidates @param {number | null} none */
function candidateTable(candidates, none) {
  const head = ["Port", "p", "Earliest arrival", "Latest departure", "Longest stay"].map((label, index) => el("th", { class: index ? "number" : "", attrs: { scope: "col" } }, label));
  const lines = candidates.map((one) => el("tr", {},
    el("td", {}, portText(one.port)), el("td", { class: "number" }, share(one.p)), el("td", { class: "number" }, moment(one.earliest_arrival)),
    el("td", { class: "number" }, moment(one.latest_departure)), el("td", { class: "number" }, duration(one.longest_stay_ms))));
  const rest = none === null ? null : el("tr", {}, el("td", {}, "None of these"), el("td", { class: "number" }, share(none)), el("td", { attrs: { colspan: 3 } }));
  return el("table", { class: "inner" }, el("caption", {}, "Where it could have called; p is a share of belief, for ranking. Times in UTC."), el("thead", {}, el("tr", {}, ...head)), el("tbody", {}, ...lines, rest));
}

/** What an alert is, in few words: "Dark period, strong". @param {any} alert */
export function headline(alert) {
  const grade = alert.grade ? `, ${GRADES[/** @type {keyof GRADES} */ (alert.grade)].toLowerCase()}` : "";
  return `${KINDS[/** @type {keyof KINDS} */ (alert.kind)] ?? alert.kind}${grade}`;
}

/** Its sentence, without the name of the ship. @param {any} alert */
export const said = (alert) => outside(sentence(alert));

/** What is not in the report for want of room. @param {number} count @param {string} words */
export const leftOut = (count, words) => (count ? el("p", { class: "left-out" }, `${count.toLocaleString("en-GB")} ${words}`) : null);
