/** The map: starts it, keeps its layers as the state is, and does without where the browser cannot draw it. */

/** @import { Map as MapLibre } from "maplibre-gl" */
/** @import { State } from "../state.js" */
/** @import { Traffic } from "./traffic.js" */
import { atMostEvery } from "../state.js";
import { byId, el } from "../dom.js";
import { DAY } from "../format.js";
import { clean } from "../text.js";
import { around, circle, pointsOf } from "./bounds.js";
import { collection, feature, hasTiles, loadBasemap } from "./basemap.js";
import { Overlay, fill, reducedMotion, shipNames } from "./overlay.js";
import { ShipLayer } from "./ships.js";
import { FIRST_ABOVE, makeStyle, recolour, tileLayers } from "./style.js";
import { followPointer } from "./pointer.js";

const VIEW_KEY = "darkwake.view";

/** @param {string} src @returns {Promise<void>} */
function script(src) {
  return new Promise((resolve, reject) => {
    const node = el("script", { attrs: { src } });
    node.addEventListener("load", () => resolve());
    node.addEventListener("error", () => reject(new Error(`${src} cannot be loaded`)));
    document.head.append(node);
  });
}

function hasWebGl() {
  const canvas = document.createElement("canvas");
  return (canvas.getContext("webgl2") ?? canvas.getContext("webgl")) !== null;
}

export class MapView {
  #state;
  #traffic;
  ships = /** @type {ShipLayer} */ (/** @type {unknown} */ (null));
  /** @type {MapLibre | null} */
  map = null;
  /** @type {Overlay | null} */
  overlay = null;
  #placed = false;
  /** @type {GeoJSON.FeatureCollection | null} */
  #ports = null;
  #receptionOn = false;
  /** @type {(id: string) => void} */
  onPort = () => {};

  /** @param {State} state @param {Traffic} traffic */
  constructor(state, traffic) {
    this.#state = state;
    this.#traffic = traffic;
  }

  /** @returns {Promise<boolean>} false if there is no map on this device */
  async start() {
    if (!hasWebGl()) return this.#without("This browser cannot draw the map (WebGL is off or missing). All else works.");
    try {
      const tiles = await this.#scripts();
      await this.#create(tiles);
      return true;
    } catch (cause) {
      return this.#without(`The map cannot be shown: ${cause instanceof Error ? cause.message : cause}. All else works.`);
    }
  }

  /** @param {string} sentence */
  #without(sentence) {
    byId("map").replaceChildren(el("p", { class: "map-missing", testid: "map-missing", role: "note" }, sentence));
    document.body.classList.add("no-map");
    return false;
  }

  async #scripts() {
    await script("/vendor/maplibre-gl-csp.js");
    maplibregl.setWorkerUrl("/vendor/maplibre-gl-csp-worker.js");
    if (!(await hasTiles())) return [];
    await script("/vendor/pmtiles.js");
    maplibregl.addProtocol("pmtiles", new pmtiles.Protocol().tile);
    return tileLayers();
  }

  /** @param {any[]} tiles */
  async #create(tiles) {
    const view = storedView();
    this.#placed = view !== null;
    const map = new maplibregl.Map({
      container: byId("map"), style: makeStyle(tiles), center: view?.center ?? [20, 25], zoom: view?.zoom ?? 1.6, minZoom: 1, maxZoom: 15,
      maxPitch: 0, dragRotate: false, touchPitch: false, pitchWithRotate: false, attributionControl: false, fadeDuration: 120, refreshExpiredTiles: false,
    });
    this.map = map;
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    map.addControl(new maplibregl.ScaleControl({ unit: "nautical", maxWidth: 120 }), "bottom-right");
    map.getCanvas().setAttribute("aria-label", "Map of ships. Arrow keys move it, plus and minus zoom.");
    this.ships = new ShipLayer();
    const [base] = await Promise.all([loadBasemap(), map.once("load")]);
    map.addLayer(this.ships, FIRST_ABOVE);
    fill(map, "land", base.land);
    fill(map, "borders", base.borders);
    fill(map, "names", base.names);
    this.overlay = new Overlay(this.#state, map);
    followPointer(this.#state, map, this.ships, { tip: byId("map-tip"), position: byId("map-position"), onPort: (id) => this.onPort(id) });
    this.#listen(map);
    this.#moved(map);
    this.ships.replace(this.#state.vessels);
    this.#traffic.changes = new Map();
    this.#drawPorts();
    this.#drawAreas();
    this.#home();
    this.overlay.select();
    this.overlay.fit();
  }

  /** @param {MapLibre} map */
  #listen(map) {
    const state = this.#state;
    const names = atMostEvery(() => this.#drawNames(), 1000);
    const reception = atMostEvery(() => void this.#drawReception(), 800);
    const areas = atMostEvery(() => this.#drawAreas(), 5000);
    const moved = atMostEvery(() => this.#moved(map), 400);
    map.on("moveend", () => {
      moved();
      names();
      reception();
    });
    map.on("resize", moved);
    map.on("webglcontextrestored", () => {
      // MapLibre brings back its own layers, and leaves out those with a shader of their own.
      map.once("style.load", () => map.addLayer(this.ships, FIRST_ABOVE));
    });
    state.on(["vessels"], () => {
      this.#drawShips();
      names();
    });
    state.on(["selection"], () => {
      this.#drawSelected();
      names();
      this.overlay?.fit();
    });
    state.on(["alerts"], () => {
      areas();
      this.#home();
      this.overlay?.fit();
    });
    state.on(["mode"], areas);
    state.on(["ports"], () => {
      this.#drawPorts();
      this.overlay?.fit();
    });
    state.on(["follow"], () => this.#drawSelected());
    state.on(["theme"], () => {
      recolour(map);
      this.ships.readColours();
    });
  }

  /** @param {MapLibre} map */
  #moved(map) {
    const view = map.getBounds();
    this.#traffic.moveTo([view.getWest(), view.getSouth(), view.getEast(), view.getNorth()]);
    const { lng, lat } = map.getCenter();
    if (this.#placed) localStorage.setItem(VIEW_KEY, JSON.stringify({ center: [lng, lat], zoom: map.getZoom() }));
  }

  #drawShips() {
    const changes = this.#traffic.changes;
    if (changes === null) this.ships.replace(this.#state.vessels);
    else this.ships.update(changes.values());
    this.#traffic.changes = new Map();
    this.#drawSelected();
  }

  #drawSelected() {
    const mmsi = this.#state.selectedMmsi;
    const ship = mmsi === null ? undefined : this.#state.vessels.get(mmsi);
    this.ships.dim(ship !== undefined);
    if (!this.map) return;
    fill(this.map, "selected", collection(ship ? [feature({ type: "Point", coordinates: [ship.lon, ship.lat] })] : []));
    if (ship && this.#state.follow) this.map.easeTo({ center: [ship.lon, ship.lat], duration: reducedMotion() ? 0 : 500 });
  }

  #drawNames() {
    if (!this.map) return;
    const view = this.map.getBounds();
    fill(this.map, "ship-names", shipNames(this.#state, [view.getWest(), view.getSouth(), view.getEast(), view.getNorth()]));
  }

  /** @param {GeoJSON.FeatureCollection} ports */
  setPorts(ports) {
    this.#ports = ports;
    this.#drawPorts();
  }

  #drawPorts() {
    if (!this.map || !this.#ports || !this.overlay) return;
    const shapes = this.#ports.features
      .filter(({ geometry }) => geometry.type !== "Point")
      .map((port) => ({ ...port, properties: { ...port.properties, listed: Boolean(port.properties?.listed), name: clean(port.properties?.name, 60) } }));
    fill(this.map, "ports", collection(shapes));
    const marks = [...this.#state.ports.values()].map((port) =>
      feature({ type: "Point", coordinates: [port.lon, port.lat] }, { ...port, name: clean(port.name, 60) }),
    );
    fill(this.map, "port-marks", collection(marks));
  }

  /** Failed receivers and jammed areas told in the last day. */
  #drawAreas() {
    const state = this.#state;
    if (!this.map || state.now === null) return;
    const features = [];
    for (const { alert } of state.alerts.all()) {
      if (alert.kind !== "reception.outage" && alert.kind !== "gnss.interference") continue;
      if (alert.at > state.now || alert.at < state.now - DAY || !alert.where) continue;
      const radius = Number(alert.evidence.find(({ what }) => what === "radius_m")?.value);
      const [point] = pointsOf(alert.where);
      const shape = alert.where.type === "Point" && point ? circle(point[0], point[1], radius > 0 ? radius : 10_000) : alert.where;
      features.push(feature(shape, { alert: alert.id, label: clean(alert.explain) }));
    }
    fill(this.map, "areas", collection(features));
  }

  get reception() {
    return this.#receptionOn;
  }

  /** @param {boolean} on */
  showReception(on) {
    this.#receptionOn = on;
    this.map?.setLayoutProperty("reception", "visibility", on ? "visible" : "none");
    void this.#drawReception();
  }

  async #drawReception() {
    const bounds = this.#traffic.window;
    if (!this.map || !this.#receptionOn || !bounds) return;
    try {
      fill(this.map, "reception", await this.#state.api.reception(bounds));
    } catch {
      fill(this.map, "reception", collection([]));
    }
  }

  /** The first time, shows where the alerts are. */
  #home() {
    if (this.#placed || !this.map || this.#state.alerts.size === 0) return;
    this.#placed = true;
    const alerts = [...this.#state.alerts.all()].map(({ alert }) => alert);
    const urgent = alerts.filter(({ severity }) => severity === "critical" || severity === "warning");
    const points = (urgent.length ? urgent : alerts).flatMap(({ where }) => pointsOf(where));
    const box = around(points);
    if (box) this.map.fitBounds(box, { padding: 60, maxZoom: 7, duration: 0 });
  }
}

/** @returns {{ center: [number, number], zoom: number } | null} */
function storedView() {
  try {
    const view = JSON.parse(localStorage.getItem(VIEW_KEY) ?? "null");
    return Number.isFinite(view?.zoom) && view.center?.every(Number.isFinite) ? view : null;
  } catch {
    return null;
  }
}
