/** Shapes of what the server sends. Times are ms since 1970 of event time, positions degrees. */

export type Kind =
  | "dark" | "port.visit" | "hop" | "hop.dark" | "port.in_reach" | "position.withheld" | "identity.conflict"
  | "identity.changed" | "reception.outage" | "sighting" | "source.clock" | "gnss.interference";
export type Status = "open" | "updated" | "closed" | "retracted";
export type Severity = "info" | "notice" | "warning" | "critical";
export type Verdict = "corroborated" | "contradicted" | "unheard" | "ambiguous" | "unmatched";
export type DarkGrade = "unknown_reception" | "suspected" | "probable" | "strong";
export type Grade = DarkGrade | Verdict;
export type ShipState = "normal" | "silent" | DarkGrade;

export interface Fix { t: number; lon: number; lat: number }

export interface AlertVessel {
  mmsi: number; track: string; imo: number | null; name: string | null; callsign: string | null; flag: string | null;
  type: number | null; length_m: number | null; listed_as: string[];
}

export interface Candidate {
  port: string; p: number; earliest_arrival: number | null; latest_departure: number | null; longest_stay_ms: number | null;
}

export interface AlertPorts {
  at?: string | null; from?: string | null; to?: string | null; candidates?: Candidate[]; none_of_these?: number;
  chains?: string[][]; in_reach?: string[]; possible?: string[]; impossible?: string[];
}

export interface Evidence { what: string; value: unknown; why: string }

export interface Alert {
  schema: string; id: string; revision: number; kind: Kind; status: Status; grade: Grade | null; cause: string | null;
  score: number | null; severity: Severity; tags: string[]; vessel: AlertVessel | null; start: Fix | null; end: Fix | null;
  at: number; where: GeoJSON.Geometry | null; ports: AlertPorts; evidence: Evidence[]; explain: string; inputs: string[];
  config: string; ports_file: string; related?: string[]; provisional?: boolean; fact?: Record<string, unknown>;
}

export interface Ack { who: string; t: number; note: string; revision: number }
export interface Item { seq: number; first_at: number; alert: Alert; ack: Ack | null }
export interface Revision { seq: number; alert: Alert }
export interface AlertHistory { id: string; revisions: Revision[]; acks: Ack[] }

export interface Vessel {
  mmsi: number; name?: string | null; t: number; lon: number; lat: number; cog?: number | null; sog?: number | null;
  heading?: number | null; state?: ShipState; listed?: boolean; alert?: string | null;
}

export interface VesselDetail {
  mmsi: number; name?: string | null; callsign?: string | null; imo?: number | null; flag?: string | null;
  type?: number | null; length_m?: number | null; draught?: number | null; destination?: string | null;
  last?: Vessel | null; alerts?: Item[];
}

export interface AlertPage { alerts: Item[]; next: string | null }
export interface VesselsAnswer { t: number; vessels: Vessel[]; truncated: boolean }

export interface Source { name: string; state: "up" | "idle" | "down"; lag_ms?: number }
export interface Stats {
  t: number | null; vessels: number;
  alerts: { total: number; open: number; unacknowledged: number; by_kind: Partial<Record<Kind, number>> };
  reports_per_second: number; clients: number; sources: Source[]; history: { from: number; to: number } | null;
}
export interface Me { name: string | null; role: "viewer" | "operator" | "none"; anonymous: "viewer" | "none" }

export interface Port {
  id: string; name: string; country: string; kind: string; parents: string[]; listed: boolean; lon: number; lat: number;
}

/** West, south, east, north; west > east crosses the antimeridian. */
export type Bounds = [number, number, number, number];

declare global {
  const maplibregl: typeof import("maplibre-gl");
  const pmtiles: typeof import("pmtiles");
}
