/** What the map shows of the selection: the track with its silences, the growing reach, and the ports it could have called at. */

/** @import { Map as MapLibre, GeoJSONSource } from "maplibre-gl" */
/** @import { State } from "../state.js" */
/** @import { Alert, Bounds, Item } from "../types.js" */
import { ApiError } from "../api.js";
import { atMostEvery } from "../state.js";
import { DAY, HOUR, share, brief } from "../format.js";
import { shipName } from "../text.js";
import { around, pointsOf, unwrapped } from "./bounds.js";
import { collection, feature } from "./basemap.js";

/** A reach is asked for again at most this often: it grows slowly against the wall clock, and costs the server a search. */
const REACH_EVERY_MS = 4000;
const TRACK_EVERY_MS = 10_000;
/** Ports less likely than this are in the table, not on the map. */
const LEAST_SHOWN = 0.01;

/**
 * Gives a source its content. While the browser has taken the graphics context away there is no style to give it to.
 * @param {MapLibre} map @param {string} source @param {GeoJSON.FeatureCollection} data
 */
export function fill(map, source, data) {
  if (map.style) /** @type {GeoJSONSource | undefined} */ (map.getSource(source))?.setData(data);
}

/** The item that the selection means, if it is known at the time shown. @param {State} state @returns {Item | null} */
function itemOf(state) {
  const item = state.selectedItem;
  return item === "unknown" ? null : item;
}

/**
 * The dark alert whose reach to show: the selected one, or the open one of the selected ship.
 * @param {State} state
 */
function darkShip(state) {
  const mmsi = state.selectedMmsi;
  if (mmsi === null) return null;
  const alert = itemOf(state)?.alert;
  const silent = alert && alert.status !== "closed" && alert.status !== "retracted" && !alert.tags.includes("heard_again");
  if (silent && (alert.kind === "dark" || alert.kind === "port.in_reach")) return mmsi;
  return state.vessels.get(mmsi)?.alert ? mmsi : null;
}

/**
 * An alert comes a moment before the time that the stream tells next: up to then the server would say that the ship is
 * not dark yet.
 * @param {State} state @param {number} mmsi @param {number} now
 */
function reachTime(state, mmsi, now) {
  const id = itemOf(state)?.alert.id ?? state.vessels.get(mmsi)?.alert;
  const told = id ? state.alerts.get(id)?.alert.at : undefined;
  return state.live && told !== undefined ? Math.max(now, told) : now;
}

export class Overlay {
  #state;
  #map;
  #fitted = "";
  /** The ship of which the server said that it is not dark: not asked again until an alert changes. @type {number | null} */
  #notDark = null;
  /** @type {AbortController | null} */
  #trackRun = null;
  /** @type {AbortController | null} */
  #reachRun = null;
  /** @type {GeoJSON.Feature[]} */
  #reachPorts = [];

  /** @param {State} state @param {MapLibre} map */
  constructor(state, map) {
    this.#state = state;
    this.#map = map;
    const reach = atMostEvery(() => void this.#reach(), REACH_EVERY_MS);
    const reachSoon = atMostEvery(() => void this.#reach(), 400);
    const track = atMostEvery(() => void this.#track(), TRACK_EVERY_MS);
    const trackSoon = atMostEvery(() => void this.#track(), 600);
    state.on(["selection"], () => this.select());
    state.on(["time"], () => {
      if (!state.live) return;
      reach();
      track();
    });
    state.on(["mode"], () => {
      reachSoon();
      trackSoon();
    });
    state.on(["alerts", "ports"], () => {
      this.#notDark = null;
      this.#candidates();
    });
  }

  /** Shows the selection anew. */
  select() {
    this.#reachPorts = [];
    for (const source of ["track", "silence-ends", "reach", "candidates"]) fill(this.#map, source, collection([]));
    void this.#track();
    void this.#reach();
    this.#candidates();
  }

  /** Moves the map so that the selection fits, once for each. @param {boolean} [again] */
  fit(again = false) {
    const state = this.#state;
    const key = state.selection.alert ?? String(state.selection.vessel);
    if (!again && key === this.#fitted) return;
    const box = this.#box();
    // Without the ports the box would miss those that the alert names: it waits for them.
    if (!box || this.#state.ports.size === 0) return;
    this.#fitted = key;
    // The panel that just opened took room from the map.
    this.#map.resize();
    const { clientWidth, clientHeight } = this.#map.getContainer();
    const edge = Math.round(Math.min(clientWidth, clientHeight) * 0.15);
    const padding = { top: edge, bottom: edge, left: edge, right: Math.max(edge, Math.min(120, clientWidth / 4)) };
    this.#map.fitBounds(box, { padding, maxZoom: 9.5, duration: reducedMotion() ? 0 : 700 });
  }

  /** @returns {Bounds | null} */
  #box() {
    const state = this.#state;
    const alert = itemOf(state)?.alert ?? null;
    const points = pointsOf(alert?.where);
    for (const { port, p } of alert?.ports.candidates ?? []) {
      const known = state.ports.get(port);
      if (known && p >= 0.05) points.push([known.lon, known.lat]);
    }
    for (const id of [alert?.ports.at, alert?.ports.from, alert?.ports.to]) {
      const known = id ? state.ports.get(id) : undefined;
      if (known) points.push([known.lon, known.lat]);
    }
    const ship = state.selectedMmsi === null ? undefined : state.vessels.get(state.selectedMmsi);
    if (ship && (!alert || points.length < 2)) points.push([ship.lon, ship.lat]);
    return around(points);
  }

  /** Span of the track to show. @param {Alert | null} alert @param {number} now */
  #span(alert, now) {
    const from = alert?.start ? Math.min(alert.start.t, alert.at) - 12 * HOUR : now - DAY;
    const over = alert && (alert.status === "closed" || alert.status === "retracted") && alert.end;
    return { since: from, until: over && alert.end ? Math.min(now, Math.max(alert.end.t, alert.at) + 6 * HOUR) : now };
  }

  async #track() {
    const state = this.#state;
    const mmsi = state.selectedMmsi;
    this.#trackRun?.abort();
    if (mmsi === null || state.now === null) return;
    const run = (this.#trackRun = new AbortController());
    const { since, until } = this.#span(itemOf(state)?.alert ?? null, state.now);
    try {
      const { features } = await state.api.track(mmsi, since, until, run.signal);
      if (run.signal.aborted) return;
      const lines = features.map((line) =>
        line.geometry.type === "LineString"
          ? { ...line, geometry: { ...line.geometry, coordinates: unwrapped(line.geometry.coordinates) } }
          : line,
      );
      fill(this.#map, "track", collection(lines));
      fill(this.#map, "silence-ends", collection(lines.filter((line) => line.properties?.kind === "silence").flatMap(ends)));
    } catch {
      // No track, no line: the detail panel tells what failed.
    }
  }

  async #reach() {
    const state = this.#state;
    const mmsi = darkShip(state);
    this.#reachRun?.abort();
    if (mmsi === null || state.now === null || (state.live && mmsi === this.#notDark)) {
      this.#reachPorts = [];
      fill(this.#map, "reach", collection([]));
      return this.#candidates();
    }
    const run = (this.#reachRun = new AbortController());
    try {
      const { features } = await state.api.reach(mmsi, reachTime(state, mmsi, state.now), run.signal);
      if (run.signal.aborted) return;
      fill(this.#map, "reach", collection(features.filter(({ properties }) => properties?.kind === "frontier")));
      this.#reachPorts = features.filter(({ properties }) => properties?.kind === "port");
    } catch (cause) {
      if (run.signal.aborted) return;
      if (cause instanceof ApiError && cause.status === 404) this.#notDark = mmsi;
      this.#reachPorts = [];
      fill(this.#map, "reach", collection([]));
    }
    this.#candidates();
  }

  #candidates() {
    const state = this.#state;
    const alert = itemOf(state)?.alert ?? null;
    const points = alert?.ports.candidates?.length
      ? alert.ports.candidates.flatMap(({ port, p, earliest_arrival }) => {
          const known = state.ports.get(port);
          return known ? [{ at: [known.lon, known.lat], name: state.portName(port), p, earliest: earliest_arrival }] : [];
        })
      : this.#reachPorts.flatMap(({ geometry, properties }) =>
          geometry.type === "Point" && typeof properties?.p === "number"
            ? [{ at: geometry.coordinates, name: state.portName(properties.port), p: properties.p, earliest: properties.earliest_arrival ?? null }]
            : [],
        );
    const features = points
      .filter(({ p }) => p >= LEAST_SHOWN)
      .map(({ at, name, p, earliest }) => {
        const from = earliest === null ? "" : `\nfrom ${brief(earliest, state.now)}`;
        return feature({ type: "Point", coordinates: at }, { p, label: `${name} ${share(p)}${from}` });
      });
    fill(this.#map, "candidates", collection(features));
  }
}

/** @param {GeoJSON.Feature} line @returns {GeoJSON.Feature[]} its two ends */
function ends({ geometry }) {
  if (geometry.type !== "LineString" || geometry.coordinates.length < 2) return [];
  return [geometry.coordinates[0], geometry.coordinates[geometry.coordinates.length - 1]].map((coordinates) =>
    feature({ type: "Point", coordinates }),
  );
}

export const reducedMotion = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** More names than this of a sort hide the map, and each other. */
const MOST_HEARD = 120;
const MOST_MARKED = 40;

/**
 * Ships to name on the map: the selected one always, dark and listed ones unless they crowd it, others once few are in view.
 * @param {State} state @param {Bounds} view not wrapped
 */
export function shipNames(state, [west, south, east, north]) {
  const selected = state.selectedMmsi;
  /** @type {[GeoJSON.Feature[], GeoJSON.Feature[], GeoJSON.Feature[]]} */
  const [chosen, marked, heard] = [[], [], []];
  for (const vessel of state.vessels.values()) {
    const { lon, lat, state: tone = "normal" } = vessel;
    if (lat < south || lat > north || lon < west || lon > east) continue;
    const dark = tone !== "normal" && tone !== "silent" && tone !== "unknown_reception";
    const [list, most, rank] = vessel.mmsi === selected ? [chosen, 1, 0] : dark || vessel.listed ? [marked, MOST_MARKED, dark ? 1 : 2] : [heard, MOST_HEARD, 3];
    // One more than is shown tells that they are too many.
    if (list.length <= most) list.push(feature({ type: "Point", coordinates: [lon, lat] }, { name: shipName(vessel), tone, rank }));
  }
  return collection([...chosen, ...(marked.length > MOST_MARKED ? [] : marked), ...(heard.length > MOST_HEARD ? [] : heard)]);
}
