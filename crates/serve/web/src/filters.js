/**
 * What the list shows, and its form in the address of the page and in the query to the server. Pure: knows no browser.
 */

/** @import { Item, Kind, Severity, Grade, Status } from "./types.js" */
import { KINDS, SEVERITIES, GRADES, STATUSES } from "./words.js";

/**
 * @typedef {{
 *   severity: Severity[], kind: Kind[], grade: Grade[], status: Status[], acked: boolean | null,
 *   q: string, port: string, mmsi: string, group: "ship" | "alert",
 * }} Filters
 */

/** @typedef {{ alert: string | null, vessel: number | null, at: number | null }} Place */

/** @returns {Filters} */
export const noFilters = () => ({
  severity: [], kind: [], grade: [], status: [], acked: null, q: "", port: "", mmsi: "", group: "ship",
});

/**
 * @template {string} T
 * @param {string | null} text @param {Record<T, string>} known @returns {T[]}
 */
function listOf(text, known) {
  const wanted = new Set((text ?? "").split(","));
  return /** @type {T[]} */ (Object.keys(known)).filter((value) => wanted.has(value));
}

/**
 * Reads the query string of the page. What it does not know it leaves out.
 * @param {string} search
 * @returns {{ filters: Filters, place: Place }}
 */
export function parseSearch(search) {
  const query = new URLSearchParams(search);
  const acked = query.get("acked");
  const vessel = query.get("vessel") ?? "";
  const at = query.get("at") ?? "";
  return {
    filters: {
      severity: listOf(query.get("severity"), SEVERITIES),
      kind: listOf(query.get("kind"), KINDS),
      grade: listOf(query.get("grade"), GRADES),
      status: listOf(query.get("status"), STATUSES),
      acked: acked === "true" ? true : acked === "false" ? false : null,
      q: (query.get("q") ?? "").slice(0, 200),
      port: (query.get("port") ?? "").slice(0, 60),
      mmsi: /^\d{1,9}$/.test(query.get("mmsi") ?? "") ? /** @type {string} */ (query.get("mmsi")) : "",
      group: query.get("group") === "alert" ? "alert" : "ship",
    },
    place: {
      alert: query.get("alert"),
      vessel: /^\d{1,9}$/.test(vessel) ? Number(vessel) : null,
      at: /^\d{1,15}$/.test(at) ? Number(at) : null,
    },
  };
}

/**
 * The part that narrows the list, for the server and for the address alike.
 * @param {Filters} filters
 */
export function toQuery(filters) {
  const query = new URLSearchParams();
  for (const name of /** @type {const} */ (["severity", "kind", "grade", "status"])) {
    if (filters[name].length) query.set(name, filters[name].join(","));
  }
  if (filters.acked !== null) query.set("acked", String(filters.acked));
  for (const name of /** @type {const} */ (["q", "port", "mmsi"])) {
    if (filters[name].trim()) query.set(name, filters[name].trim());
  }
  return query;
}

/**
 * The query string of the page, "" if there is nothing to say.
 * @param {Filters} filters @param {Place} place
 */
export function toSearch(filters, place) {
  const query = toQuery(filters);
  if (filters.group === "alert") query.set("group", "alert");
  if (place.alert) query.set("alert", place.alert);
  else if (place.vessel) query.set("vessel", String(place.vessel));
  if (place.at !== null) query.set("at", String(place.at));
  const text = query.toString().replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}

/** Filters that narrow the list, counted for the button. @param {Filters} filters */
export function narrowing(filters) {
  return [...toQuery(filters).keys()].length;
}

/**
 * Ports that an alert names, as the server searches them.
 * @param {Item["alert"]["ports"]} ports
 */
export function portsOf(ports) {
  const ids = [ports.at, ports.from, ports.to, ...(ports.candidates ?? []).map((c) => c.port), ...(ports.in_reach ?? [])];
  return new Set(ids.filter((id) => typeof id === "string"));
}

/**
 * Whether an alert belongs to the list: the same rule as the server's, for those that come by the stream.
 * @param {Filters} filters @param {Item} item @param {(id: string) => string} portName
 */
export function matches(filters, item, portName) {
  const { alert } = item;
  if (filters.severity.length && !filters.severity.includes(alert.severity)) return false;
  if (filters.kind.length && !filters.kind.includes(alert.kind)) return false;
  if (filters.grade.length && !(alert.grade && filters.grade.includes(alert.grade))) return false;
  if (filters.status.length && !filters.status.includes(alert.status)) return false;
  if (filters.acked !== null && filters.acked !== (item.ack !== null)) return false;
  if (filters.mmsi && String(alert.vessel?.mmsi ?? "") !== filters.mmsi) return false;
  const ports = portsOf(alert.ports);
  if (filters.port.trim() && !ports.has(filters.port.trim())) return false;
  const words = filters.q.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return true;
  const { name, callsign, mmsi, imo, listed_as = [] } = alert.vessel ?? {};
  const names = [...ports].map(portName);
  const text = [alert.id, alert.explain, ...ports, ...names, name, callsign, ...listed_as, mmsi, imo].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}
