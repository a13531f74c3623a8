/** An alert for tests, of the shape that the server sends; what matters to a test is given by it. */

/** @import { Alert, Item } from "../src/types.js" */

/** @param {Partial<Alert>} part @returns {Alert} */
export const alert = (part) => ({
  schema: "darkwake.alert/1", id: "e2f782edfb8d5743", revision: 0, kind: "dark", status: "open", grade: "suspected", cause: "vessel", score: 2.1172,
  severity: "critical", tags: [],
  vessel: { mmsi: 273000001, track: "273000001", imo: 9179842, name: "ANGARA", callsign: "XUA1", flag: "RU", type: 79, length_m: 122, listed_as: [] },
  start: { t: 1696225376000, lon: 131.398482, lat: 42.46241 }, end: null, at: 1696228800000,
  where: { type: "Point", coordinates: [131.398482, 42.46241] },
  ports: { candidates: [{ port: "KPRJN", p: 0.22, earliest_arrival: 1696238002834, latest_departure: null, longest_stay_ms: null }], in_reach: [] },
  evidence: [], explain: "ANGARA (MMSI 273000001) has been silent for 57 min, since 2023-10-02 05:42 UTC where it should have been heard.",
  inputs: ["feed.nmea:70529"], config: "e841d7d48b6ae625", ports_file: "17a34dcc067a6a57", ...part,
});

/** @param {Partial<Alert>} part @param {Partial<Item>} [rest] @returns {Item} */
export const item = (part, rest = {}) => {
  const made = alert(part);
  return { seq: 1, first_at: made.at, alert: made, ack: null, ...rest };
};
