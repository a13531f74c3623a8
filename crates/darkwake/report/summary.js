/** What a person reads first: what was read, what was found, and of which ships. */

import { byId, el, outside } from "../../serve/web/src/dom.js";
import { clock, count, day, share } from "../../serve/web/src/format.js";
import { clean, shipName } from "../../serve/web/src/text.js";
import { GRADES, GRADE_MEANING, KINDS, SEVERITIES } from "../../serve/web/src/words.js";
import { GRADE_ORDER, concerned, darkPeriods, gradeClass, gradeRank, report, standing } from "./data.js";
import { gradeTag, headline, longTime, said } from "./pieces.js";

/** Ships whose story is told in full. */
const TOLD_SHIPS = 8;
/** Alerts told of one ship. */
const TOLD_ALERTS = 6;

const sure = darkPeriods.filter((/** @type {any} */ { grade }) => gradeRank(grade) >= gradeRank("probable"));
const darkHops = standing.filter((/** @type {any} */ { kind }) => kind === "hop.dark");

/** @param {number} number @param {string} one @param {string} [more] */
const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

export function drawSummary() {
  const { stats, period, inputs } = report;
  const nodes = [
    el("h1", { id: "title" }, sure.length ? "Ships that were dark" : "No ship was probably dark"),
    el("p", { class: "subtitle" }, period ? `${longDay(period[0])} to ${longDay(period[1])} UTC` : "Nothing was heard", " · ", many(inputs.length, "input"), " · ", many(stats.lines, "line")),
    report.is_interrupted ? el("p", { class: "note", role: "note" }, "The replay was interrupted: this is what the lines read up to then give.") : null,
    ...report.broken.map((/** @type {string} */ text) => el("p", { class: "note", role: "note" }, outside(text))),
    el("p", { class: "short", testid: "short" }, ...inShort()),
    tiles(),
  ];
  byId("summary").append(...nodes.filter((node) => node !== null));
  byId("findings").append(...findings());
}

/** "1 Oct 2023 00:00". @param {number} t */
const longDay = (t) => `${day(t)} ${new Date(t).getUTCFullYear()} ${clock(t)}`;

function inShort() {
  const { stats, period } = report;
  const dark = new Set(sure.map((/** @type {any} */ { ship }) => ship));
  const ships = concerned.map(({ ship }) => ship).filter((ship) => dark.has(ship));
  const listed = ships.filter((ship) => report.ships[ship].listed_as.length);
  const heard = period ? `${many(stats.vessels, "ship was", "ships were")} heard in ${longTime(period[1] - period[0])}.` : "";
  if (!sure.length) return [`${heard} No dark period is graded probable or strong.`];
  const by = `${many(sure.length, "dark period")} of ${many(ships.length, "ship")} ${sure.length === 1 ? "is" : "are"} graded probable or strong`;
  const hops = darkHops.length ? `; ${many(darkHops.length, "hop")} from port to port ${darkHops.length === 1 ? "has a dark period on it" : "have a dark period on them"}` : "";
  /** @type {any[]} */
  const named = [`${heard} ${by}${hops}.`];
  if (listed.length) {
    named.push(` ${listed.length === ships.length ? (ships.length === 1 ? "That ship is on a watch list: " : "All of these ships are on a watch list: ") : `${count(listed.length)} of these ships ${listed.length === 1 ? "is" : "are"} on a watch list: `}`);
    listed.slice(0, TOLD_SHIPS).forEach((ship, index) => named.push(index ? ", " : "", outside(shipName(report.ships[ship]))));
    named.push(listed.length > TOLD_SHIPS ? " and others." : ".");
  }
  return named;
}

/** @param {string} figure @param {string} what @param {any} more @param {string} testid */
const tile = (figure, what, more, testid) => el("div", { class: figure === "0" ? "tile is-zero" : "tile" }, el("dt", {}, what), el("dd", {}, el("span", { class: "figure", testid }, figure), el("span", { class: "figure-more" }, more)));

/** What became of sightings. @param {Record<string, number>} of */
function sightingTile(of) {
  const verdicts = ["corroborated", "contradicted", "unheard", "ambiguous", "unmatched"].filter((verdict) => of[verdict]).map((verdict) => `${count(of[verdict])} ${verdict}`);
  const told = [of.transmitting ? `${count(of.transmitting)} of ships that transmit` : "", ...verdicts, of.same_as ? `${count(of.same_as)} the same as another` : ""].filter((words) => words);
  return tile(count(of.read), "Sightings", told.join(", ") || "none could be judged", "stat-sightings");
}

function tiles() {
  const { stats } = report;
  const rejected = Object.values(stats.rejected).reduce((sum, n) => sum + /** @type {number} */ (n), 0);
  return el("dl", { class: "tiles" },
    tile(count(sure.length), "Dark periods", `probable or strong, of ${count(darkPeriods.length)} told`, "stat-dark"),
    tile(count(darkHops.length), "Dark hops", `of ${many(stats.hops, "hop")} between ports`, "stat-dark-hops"),
    tile(count(concerned.length), "Ships with alerts", `of ${many(stats.vessels, "ship")} heard`, "stat-vessels"),
    tile(count(stats.silences), "Silences", "of 30 min or more; most mean nothing", "stat-silences"),
    tile(count(stats.visits), "Port visits", "calls and passages", "stat-visits"),
    stats.sightings ? sightingTile(stats.sightings) : null,
    tile(count(stats.accepted), "Lines accepted", `${share(stats.lines ? stats.accepted / stats.lines : null)} of ${count(stats.lines)}; ${count(rejected)} rejected`, "stat-accepted"),
  );
}

/** How many alerts there are of each kind. */
export function kindTable() {
  const severities = /** @type {(keyof SEVERITIES)[]} */ (Object.keys(SEVERITIES));
  const of = /** @param {string} kind @param {string} severity */ (kind, severity) => standing.filter((/** @type {any} */ alert) => alert.kind === kind && alert.severity === severity).length;
  const number = /** @param {number} value */ (value) => el("td", { class: value ? "number" : "number zero" }, count(value));
  const order = Object.keys(KINDS);
  const kinds = [...report.kinds].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
  const lines = kinds.map((/** @type {any} */ { kind, alerts, retracted, revisions }) => el("tr", { data: { kind } },
    el("th", { attrs: { scope: "row" } }, KINDS[/** @type {keyof KINDS} */ (kind)] ?? kind),
    ...severities.map((severity) => number(of(kind, severity))), number(retracted), el("td", { class: "number total" }, count(alerts)), number(revisions)));
  const heads = ["Kind", ...severities.map((severity) => SEVERITIES[severity]), "Retracted", "All", "Revisions"];
  return el("div", { class: "table-frame", role: "region", attrs: { tabindex: 0, "aria-label": "Alerts by kind" } },
    el("table", { class: "small-table", testid: "kinds" }, el("caption", {}, "Alerts by kind and severity"),
      el("thead", {}, el("tr", {}, ...heads.map((head, index) => el("th", { class: index ? "number" : "", attrs: { scope: "col" } }, head)))),
      el("tbody", {}, ...lines, lines.length ? null : el("tr", {}, el("td", { class: "none", attrs: { colspan: heads.length } }, "Nothing was told.")))));
}

/** How many dark periods there are of each grade, and what that means. */
export function gradeTable() {
  const all = Math.max(1, darkPeriods.length);
  const lines = [...GRADE_ORDER].reverse().map((grade) => {
    const number = darkPeriods.filter((/** @type {any} */ alert) => alert.grade === grade).length;
    const bar = el("span", { class: `bar-fill ${gradeClass(grade)}` });
    bar.style.width = `${(number / all) * 100}%`;
    bar.hidden = number === 0;
    const word = /** @type {keyof GRADES} */ (grade);
    return el("tr", {}, el("th", { attrs: { scope: "row" } }, gradeTag(grade)), el("td", { class: "number total" }, count(number)), el("td", { class: "bar-cell" }, bar), el("td", { class: "meaning" }, GRADE_MEANING[word]));
  });
  const heads = el("tr", {}, ...["Grade", "Periods", "", "What it means"].map((head, index) => (head ? el("th", { class: index === 1 ? "number" : "", attrs: { scope: "col" } }, head) : el("td", {}))));
  return el("div", { class: "table-frame", role: "region", attrs: { tabindex: 0, "aria-label": "Dark periods by grade" } },
    el("table", { class: "small-table", testid: "grades" }, el("caption", {}, "Dark periods by grade"), el("thead", {}, heads), el("tbody", {}, ...lines)));
}

function findings() {
  const told = concerned.filter(({ alerts }) => alerts.some(isWorthTelling)).slice(0, TOLD_SHIPS);
  const claim = el("p", { class: "claim" }, el("strong", {}, "What this never says: "), "from silence it does not follow that a ship called anywhere, only that it could have. “Dark” means not heard where ships like it are heard; it does not say why a transponder is off.");
  if (!told.length) return [el("p", { class: "lead" }, "No ship is probably or surely dark."), claim];
  const others = concerned.filter(({ alerts }) => alerts.some(isWorthTelling)).length - told.length;
  return [
    el("div", { class: "cards" }, ...told.map(card)),
    others > 0 ? el("p", { class: "left-out" }, `${many(others, "more ship")} with dark periods graded probable or strong, in the table of dark periods.`) : null,
    claim,
  ].filter((node) => node !== null);
}

/** @param {any} alert */
const isWorthTelling = (alert) => (alert.kind === "dark" || alert.kind === "hop.dark") && gradeRank(alert.grade) >= gradeRank("probable");

/** @param {{ ship: number, alerts: any[] }} one */
function card({ ship, alerts }) {
  const vessel = report.ships[ship];
  const worth = alerts.filter(isWorthTelling).sort((a, b) => (a.start?.t ?? 0) - (b.start?.t ?? 0));
  const known = [vessel.flag && `flag ${clean(vessel.flag, 2)}`, `MMSI ${vessel.track}`, vessel.imo && `IMO ${vessel.imo}`, vessel.length_m && `${Math.round(vessel.length_m)} m`].filter(Boolean).join(" · ");
  return el("article", { class: "card", data: { track: vessel.track } },
    el("header", { class: "card-head" },
      el("h3", {}, outside(shipName(vessel))), el("p", { class: "muted" }, known),
      vessel.listed_as.length ? el("p", { class: "listed-as" }, el("span", { class: "listed" }, "Listed"), outside(vessel.listed_as.join("; "), 160)) : null,
    ),
    el("ul", { class: "card-list" }, ...worth.slice(0, TOLD_ALERTS).map((alert) => el("li", { class: gradeClass(alert.grade) },
      el("span", { class: "card-kind" }, headline(alert)), el("span", {}, said(alert))))),
    worth.length > TOLD_ALERTS ? el("p", { class: "muted" }, `and ${many(worth.length - TOLD_ALERTS, "more")}`) : null,
    el("p", { class: "card-tools" }, el("button", { class: "button small", type: "button", data: { show: ship }, attrs: { "aria-label": `Show on the map: ${shipName(vessel)}` } }, "Show on the map")),
  );
}
