/** The tables: dark periods, hops, ports in question, all alerts. */

/** @import { Column } from "./table.js" */
import { byId, el, outside } from "../../serve/web/src/dom.js";
import { position, share } from "../../serve/web/src/format.js";
import { shipName } from "../../serve/web/src/text.js";
import { CAUSES, GRADES, KINDS, SEVERITIES, STATUSES, severityRank } from "../../serve/web/src/words.js";
import { GRADE_ORDER, darkPeriods, gradeRank, portName, portText, report, standing } from "./data.js";
import { alertDetail, candidatesText, draughts, gradeTag, hoursOf, leftOut, moment, said, severityTag, shipCell, shipWords } from "./pieces.js";
import { gradeTable, kindTable } from "./summary.js";
import { makeTable } from "./table.js";

/** Shortest words for causes, for a column. */
const CAUSE_WORDS = {
  vessel: "Vessel", berth: "Berth", coverage_exit: "Coverage exit", interference: "Interference", outage: "Outage", reception: "Reception", withheld: "Withheld",
};
/** As they stand on the page, but ports in reach come last: there are many. */
const KIND_ORDER = [...Object.keys(KINDS).filter((kind) => kind !== "port.in_reach"), "port.in_reach"];
/** Surest first. */
const GRADE_CHOICES = /** @type {[string, string][]} */ ([...GRADE_ORDER].reverse().map((grade) => [grade, GRADES[/** @type {keyof GRADES} */ (grade)]]));

/** @param {any} record of words @param {any[]} rows @param {(row: any) => string} of @returns {[string, string][]} those that occur */
function occurring(record, rows, of) {
  const there = new Set(rows.map(of));
  return Object.entries(record).filter(([value]) => there.has(value));
}

export function drawTables() {
  byId("dark").append(darkTable());
  byId("hops").append(hopTable());
  byId("ports").append(portTable());
  byId("alerts").append(alertTable());
}

function darkTable() {
  /** @type {Column[]} */
  const columns = [
    { label: "Ship", value: (row) => shipName(row.vessel), cell: (row) => shipCell(row.vessel) },
    { label: "Grade", value: (row) => gradeRank(row.grade), cell: (row) => gradeTag(row.grade), hint: "How sure it is that the ship is dark" },
    { label: "Score", value: (row) => row.score, cell: (row) => row.score?.toFixed(2) ?? "–", isNumber: true, hint: "Silence score S: suspected from 2, probable from 4, strong from 6" },
    { label: "Cause", value: (row) => row.cause, cell: (row) => el("span", { title: CAUSES[row.cause] }, CAUSE_WORDS[/** @type {keyof CAUSE_WORDS} */ (row.cause)] ?? row.cause) },
    { label: "Start, UTC", value: (row) => row.start?.t ?? null, cell: (row) => moment(row.start?.t), isNumber: true },
    { label: "End, UTC", value: (row) => row.end?.t ?? Infinity, cell: (row) => (row.end ? moment(row.end.t) : "not heard again"), isNumber: true },
    { label: "Silent, h", value: (row) => row.silent_ms, cell: (row) => hoursOf(row.silent_ms), isNumber: true },
    { label: "Where it fell silent", value: (row) => row.start?.lat ?? null, cell: (row) => (row.start ? el("span", { class: "place" }, position(row.start.lon, row.start.lat)) : "–") },
    { label: "Draught, m", value: (row) => (row.draught ? row.draught[1] - row.draught[0] : null), cell: (row) => (row.draught ? draughts(row.draught[0], row.draught[1]) : "–"), isNumber: true },
    { label: "Could have called at", value: (row) => row.candidates[0]?.p ?? null, cell: (row) => candidatesText(row.candidates, 3), wide: true },
  ];
  return el("div", { class: "stack" },
    el("p", { class: "lead" }, "Silences of ships that should have been heard, the surest first."),
    gradeTable(),
    makeTable({
      id: "dark-table", caption: "Dark periods", columns, rows: darkPeriods, detail: alertDetail,
      text: (row) => `${shipWords(row.vessel)} ${row.grade} ${row.cause} ${row.candidates.map((/** @type {any} */ { port }) => portText(port)).join(" ")} ${row.explain} ${row.id}`,
      choices: [
        { label: "Grade", choices: GRADE_CHOICES, of: (row) => row.grade },
        { label: "Cause", choices: occurring(CAUSE_WORDS, darkPeriods, (row) => row.cause), of: (row) => row.cause },
      ],
      empty: "No dark period was told.",
    }));
}

function hopTable() {
  const rows = report.hops.map((/** @type {any} */ hop) => ({ ...hop, vessel: report.ships[hop.ship], alert: hop.alert === null ? null : report.alerts[hop.alert] }));
  const rank = (/** @type {any} */ row) => (row.alert ? 2 + gradeRank(row.alert.grade) : row.through_silence ? 1 : 0);
  rows.sort((/** @type {any} */ a, /** @type {any} */ b) => rank(b) - rank(a) || a.departure - b.departure);
  const state = (/** @type {any} */ row) => (row.alert ? "dark" : row.through_silence ? "silent" : "seen");
  const STATES = { dark: "Dark", silent: "Through silence", seen: "Observed" };
  /** @type {Column[]} */
  const columns = [
    { label: "Ship", value: (row) => shipName(row.vessel), cell: (row) => shipCell(row.vessel) },
    { label: "Way", value: rank, cell: (row) => (row.alert ? gradeTag(row.alert.grade) : STATES[/** @type {keyof STATES} */ (state(row))]), hint: "Grade of a dark hop; through silence: a silence overlaps the departure, or less than half was observed" },
    { label: "From", value: (row) => portName(row.from), cell: (row) => portText(row.from) },
    { label: "To", value: (row) => portName(row.to), cell: (row) => portText(row.to) },
    { label: "Departure, UTC", value: (row) => row.departure, cell: (row) => moment(row.departure), isNumber: true },
    { label: "Arrival, UTC", value: (row) => row.arrival, cell: (row) => moment(row.arrival), isNumber: true },
    { label: "Duration, h", value: (row) => row.arrival - row.departure, cell: (row) => hoursOf(row.arrival - row.departure), isNumber: true },
    { label: "Silent", value: (row) => 1 - row.observed_share, cell: (row) => share(1 - row.observed_share), isNumber: true, hint: "Share of the duration in silences of 30 min or more" },
    { label: "Draught, m", value: (row) => (row.draught_before === null || row.draught_after === null ? null : row.draught_after - row.draught_before), cell: (row) => draughts(row.draught_before, row.draught_after), isNumber: true, hint: "Last up to the departure, first after the arrival" },
    { label: "Could have called at", value: (row) => row.alert?.candidates[0]?.p ?? null, cell: (row) => (row.alert ? candidatesText(row.alert.candidates, 2) : "–"), wide: true },
  ];
  const open = standing.filter((/** @type {any} */ alert) => alert.kind === "hop.dark" && !alert.ports.to);
  return el("div", { class: "stack" },
    el("p", { class: "lead" }, "Ways from one port call to the next, dark ones first."),
    open.length ? el("ul", { class: "open-legs" }, ...open.map((/** @type {any} */ alert) => el("li", {}, el("strong", {}, "Open leg: "), outside(alert.explain)))) : null,
    makeTable({
      id: "hops-table", caption: "Hops", columns, rows, detail: hopDetail,
      text: (row) => `${shipWords(row.vessel)} ${portText(row.from)} ${row.from} ${portText(row.to)} ${row.to} ${STATES[/** @type {keyof STATES} */ (state(row))]}`,
      choices: [{ label: "Way", choices: occurring(STATES, rows, state), of: state }],
      empty: "No hop from port to port was seen.",
    }),
    leftOut(report.left_out.hops, "observed hops are left out of this file; --facts has all."));
}

/** @param {any} row */
function hopDetail(row) {
  if (row.alert) return alertDetail(row.alert);
  return el("div", { class: "detail" }, el("p", { class: "explain" },
    outside(shipName(row.vessel)), ` went from ${portText(row.from)} to ${portText(row.to)} in ${hoursOf(row.arrival - row.departure)} h, of which ${share(row.observed_share)} were observed.`));
}

function portTable() {
  /** @type {any[]} */
  const rows = darkPeriods.flatMap((/** @type {any} */ alert) => alert.candidates.map((/** @type {any} */ one) => ({ ...one, alert })));
  /** @type {Column[]} */
  const columns = [
    { label: "Port", value: (row) => portName(row.port), cell: (row) => portText(row.port) },
    { label: "Ship", value: (row) => shipName(row.alert.vessel), cell: (row) => shipCell(row.alert.vessel) },
    { label: "Grade", value: (row) => gradeRank(row.alert.grade), cell: (row) => gradeTag(row.alert.grade) },
    { label: "Silent since, UTC", value: (row) => row.alert.start?.t ?? null, cell: (row) => moment(row.alert.start?.t), isNumber: true },
    { label: "p", value: (row) => row.p, cell: (row) => share(row.p), isNumber: true, hint: "Share of belief among the ports of the port file, by rough weights: for ranking, and no measured frequency" },
    { label: "Earliest arrival, UTC", value: (row) => row.earliest_arrival, cell: (row) => moment(row.earliest_arrival), isNumber: true },
    { label: "Latest departure, UTC", value: (row) => row.latest_departure, cell: (row) => moment(row.latest_departure), isNumber: true },
    { label: "Longest stay, h", value: (row) => row.longest_stay_ms, cell: (row) => hoursOf(row.longest_stay_ms), isNumber: true },
  ];
  const ports = [...new Set(rows.map(({ port }) => port))].sort((a, b) => portName(a).localeCompare(portName(b), "en"));
  return el("div", { class: "stack" },
    el("p", { class: "lead" }, "Ports at which a ship could have called while nobody heard it, by dark period. From silence it does not follow that it did."),
    makeTable({
      id: "ports-table", caption: "Ports in question", columns, rows,
      text: (row) => `${portText(row.port)} ${row.port} ${shipWords(row.alert.vessel)} ${row.alert.grade}`,
      choices: [
        { label: "Port", choices: ports.map((id) => [id, portText(id)]), of: (row) => row.port },
        { label: "Grade", choices: GRADE_CHOICES, of: (row) => row.alert.grade },
      ],
      empty: "No port was in question.",
    }));
}

function alertTable() {
  const rows = [...report.alerts].sort((a, b) => severityRank(b.severity) - severityRank(a.severity) || KIND_ORDER.indexOf(a.kind) - KIND_ORDER.indexOf(b.kind) || a.at - b.at);
  /** @type {Column[]} */
  const columns = [
    { label: "Decided, UTC", value: (row) => row.at, cell: (row) => moment(row.at), isNumber: true },
    { label: "Severity", value: (row) => severityRank(row.severity), cell: (row) => severityTag(row.severity) },
    { label: "Kind", value: (row) => row.kind, cell: (row) => KINDS[/** @type {keyof KINDS} */ (row.kind)] ?? row.kind },
    { label: "Grade", value: (row) => gradeRank(row.grade), cell: (row) => gradeTag(row.grade) },
    { label: "Ship", value: (row) => shipName(row.vessel), cell: (row) => shipCell(row.vessel) },
    { label: "What is said", value: (row) => row.explain, cell: (row) => said(row), wide: true },
    { label: "Status", value: (row) => row.status, cell: (row) => el("span", { class: `tag status-${row.status}` }, STATUSES[/** @type {keyof STATUSES} */ (row.status)]) },
  ];
  return el("div", { class: "stack" },
    el("p", { class: "lead" }, "Every alert in its last revision, the most severe first."),
    kindTable(),
    makeTable({
      id: "alerts-table", caption: "Alerts", columns, rows, detail: alertDetail,
      text: (row) => `${shipWords(row.vessel)} ${row.explain} ${row.kind} ${row.id} ${Object.values(row.ports).map((id) => `${portText(/** @type {any} */ (id))} ${id}`).join(" ")}`,
      choices: [
        { label: "Kind", choices: occurring(KINDS, rows, (row) => row.kind), of: (row) => row.kind },
        { label: "Severity", choices: occurring(SEVERITIES, rows, (row) => row.severity), of: (row) => row.severity },
        { label: "Status", choices: occurring(STATUSES, rows, (row) => row.status), of: (row) => row.status },
      ],
      empty: "Nothing was told.",
    }),
    leftOut(report.left_out.alerts, "alerts, the least severe, are left out of this file; --out has all."));
}
