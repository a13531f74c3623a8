/** What the program found, as it stands in the report, and in what order ships matter. */

import { byId } from "../../serve/web/src/dom.js";
import { severityRank } from "../../serve/web/src/words.js";

/** @typedef {{ t: number, lon: number, lat: number }} Fix */
/** @typedef {{ track: string, mmsi: number, name: string | null, flag: string | null, imo: number | null, callsign: string | null, type: number | null, length_m: number | null, listed_as: string[] }} Ship */
/** @typedef {{ port: string, p: number, earliest_arrival: number, latest_departure: number | null, longest_stay_ms: number | null }} Candidate */

export const report = JSON.parse(byId("data").textContent ?? "");

for (const alert of report.alerts) alert.vessel = alert.ship === null ? null : report.ships[alert.ship];

/** Lowest first. */
export const GRADE_ORDER = ["unknown_reception", "suspected", "probable", "strong"];

/** @param {string | null} grade */
export const gradeRank = (grade) => GRADE_ORDER.indexOf(grade ?? "");

/** Class of a grade in the style sheet. @param {string} grade */
export const gradeClass = (grade) => `grade-${grade.replace("_", "-")}`;

/** Alerts that later reports did not take back. */
export const standing = report.alerts.filter((/** @type {any} */ { status }) => status !== "retracted");

/** Dark periods that stand, the surest and longest first. */
export const darkPeriods = standing
  .filter((/** @type {any} */ { kind }) => kind === "dark")
  .sort((/** @type {any} */ a, /** @type {any} */ b) =>
    gradeRank(b.grade) - gradeRank(a.grade) || severityRank(b.severity) - severityRank(a.severity) || b.silent_ms - a.silent_ms);

/** When a dark period was over, or the data. @param {any} alert */
export const endOf = (alert) => alert.end?.t ?? Math.max(alert.at, report.period?.[1] ?? alert.at);

/** Name of a port. @param {string} id */
export const portName = (id) => report.ports[id]?.name ?? id;

/** Name and country of a port. @param {string | null | undefined} id */
export function portText(id) {
  if (!id) return "–";
  const port = report.ports[id];
  return port?.country ? `${port.name} (${port.country})` : portName(id);
}

/** Ships with alerts, those that matter most first: index, severity and grade of the worst alert. */
export const concerned = rankShips();

function rankShips() {
  /** @type {Map<number, { ship: number, severity: number, grade: number, alerts: any[] }>} */
  const ships = new Map();
  for (const alert of standing) {
    if (alert.ship === null) continue;
    const known = ships.get(alert.ship) ?? { ship: alert.ship, severity: -1, grade: -1, alerts: /** @type {any[]} */ ([]) };
    known.severity = Math.max(known.severity, severityRank(alert.severity));
    if (alert.kind === "dark" || alert.kind === "hop.dark") known.grade = Math.max(known.grade, gradeRank(alert.grade));
    known.alerts.push(alert);
    ships.set(alert.ship, known);
  }
  return [...ships.values()].sort((a, b) => b.severity - a.severity || b.grade - a.grade || b.alerts.length - a.alerts.length || a.ship - b.ship);
}

/** Ships of which a map or a timeline is still read at a glance. */
export const GLANCE = 12;
const LEVEL_WORDS = ["all ships with alerts", "ships with alerts from notice on", "ships with alerts from warning on", "ships with critical alerts"];

/** Severities from which on there are ships, and how many; those that would choose the same are named once. Lowest last. */
export const levels = listLevels();

function listLevels() {
  /** @type {{ level: number, count: number, words: string }[]} */
  const found = [];
  for (const level of [3, 2, 1, 0]) {
    const count = concerned.filter(({ severity }) => severity >= level).length;
    if (count && count !== found.at(-1)?.count) found.push({ level, count, words: `${LEVEL_WORDS[level]} (${count})` });
  }
  return found;
}

/** The lowest of these with so few ships that they are read at a glance, or the highest. */
export const usualLevel = (levels.filter(({ count }) => count <= GLANCE).at(-1) ?? levels[0])?.level ?? 0;
