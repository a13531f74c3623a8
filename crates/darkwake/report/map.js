/** The map of the ships: tracks, silences, dark periods by grade, dark hops, ports, sightings. */

import { byId, el, svg } from "../../serve/web/src/dom.js";
import { share } from "../../serve/web/src/format.js";
import { clean, shipName } from "../../serve/web/src/text.js";
import { GRADES } from "../../serve/web/src/words.js";
import { Chart } from "./chart.js";
import { GLANCE, GRADE_ORDER, concerned, darkPeriods, gradeClass, gradeRank, levels, portName, portText, report, standing, usualLevel } from "./data.js";
import { besideWindow, lineOf, planePoints, toPlane } from "./mercator.js";
import { alertDetail, headline, leftOut, longTime } from "./pieces.js";

/** Marks of dark periods drawn at once; the table has the others. */
const MOST_MARKS = 400;
/** Sightings drawn at once; the table has the others. */
const MOST_SIGHTINGS = 1_000;
/** Ports in question that are drawn. */
const MOST_PORTS = 60;
/** Ports in question are in sight at first from this share on. */
const HOME_P = 0.15;
/** Ships in the list to choose from. */
const MOST_CHOICES = 300;
/** The mark of a sighting. */
const SIGHTING = "M-5 -5H5V5H-5Z";
/** Points of a track are whole steps of this many to the degree. */
const TRACK_SCALE = 10_000;

/** Ships seen by other means, the most urgent first. */
const sightings = standing.filter((/** @type {any} */ { kind }) => kind === "sighting").slice(0, MOST_SIGHTINGS);

/** What may be shown or not: class of the group, and its words. */
const LAYERS = /** @type {[string, string][]} */ ([["tracks", "Track"], ["silences", "Silence"], ["darks", "Dark period"], ["hops", "Dark hop"], ["reach", "Port in question"], ["ports", "Port called at"], ...sightings.length ? [["sightings", "Sighting"]] : []]);

/** Ships with dark periods that are more than suspected. */
const sureShips = concerned.filter(({ ship }) => darkPeriods.some((/** @type {any} */ alert) => alert.ship === ship && gradeRank(alert.grade) >= gradeRank("probable"))).map(({ ship }) => ship);

/** @type {Map<number, any>} */
const rowOf = new Map(report.rows.map((/** @type {any} */ row) => [row.ship, row]));

export class ShipMap {
  /** Ships whose name stands on the map. */
  #named = new Set();
  /** What is in sight at first. @type {[number, number][]} */
  home = [];

  constructor() {
    this.chart = new Chart({ label: "Map of ships with alerts", testid: "map", ratio: 0.56 });
    this.told = el("div", { class: "chosen", attrs: { "aria-live": "polite" }, testid: "chosen" }, el("p", { class: "muted" }, "Choose a mark on the map to read what is said of it; the tables below have the same."));
    this.off = new Set();
    this.select = el("select", { class: "select", testid: "map-ships", attrs: { "aria-label": "Ships on the map" }, on: { change: () => this.#choose() } }, ...this.#options());
    this.select.value = sureShips.length && sureShips.length <= 2 * GLANCE ? "g" : `s${usualLevel}`;
    const toggles = LAYERS.map(([name, words]) => el("button", { class: `legend-item legend-${name}`, type: "button", attrs: { "aria-pressed": true }, on: { click: (event) => this.#toggle(name, event.currentTarget) } }, symbol(name), words));
    byId("map").append(
      el("p", { class: "lead" }, "Where ships with alerts were heard, fell silent, and came back."),
      el("div", { class: "figure-tools" }, el("label", { class: "inline" }, "Show ", this.select), el("div", { class: "legend", role: "group", attrs: { "aria-label": "Legend; each can be switched off" } }, ...toggles)),
      el("figure", { class: "plot" }, this.chart.node,
        el("figcaption", {}, gradeLegend(), sightingLegend(), el("p", { class: "source-line" }, source(), " Mercator; nm: nautical miles. Coast: Natural Earth, for orientation, not for navigation."))),
      this.told,
    );
    const lost = [
      leftOut(report.left_out.tracks, "ships with less severe alerts have no track in this file."),
      leftOut(report.left_out.points, "points of tracks are left out of this file."),
    ];
    byId("map").append(...lost.filter((node) => node !== null));
    this.#choose();
  }

  /** @param {number} ship */
  focus(ship) {
    this.select.value = `${ship}`;
    if (this.select.value !== `${ship}`) {
      this.select.append(el("option", { attrs: { value: ship } }, shipName(report.ships[ship])));
      this.select.value = `${ship}`;
    }
    this.#choose();
    byId("map").scrollIntoView();
    this.chart.box.focus({ preventScroll: true });
  }

  #options() {
    return [
      sureShips.length ? el("option", { attrs: { value: "g" } }, `ships with dark periods graded probable or strong (${sureShips.length})`) : "",
      ...levels.map(({ level, words }) => el("option", { attrs: { value: `s${level}` } }, words)),
      ...concerned.slice(0, MOST_CHOICES).map(({ ship }) => el("option", { attrs: { value: ship } }, `${shipName(report.ships[ship])}, ${report.ships[ship].track}`)),
    ];
  }

  /** @returns {Set<number>} */
  #ships() {
    const { value } = this.select;
    if (value === "g") return new Set(sureShips);
    if (!value.startsWith("s")) return new Set([Number(value)]);
    return new Set(concerned.filter(({ severity }) => severity >= Number(value.slice(1))).map(({ ship }) => ship));
  }

  /** @param {string} name @param {HTMLElement} button */
  #toggle(name, button) {
    if (!this.off.delete(name)) this.off.add(name);
    button.setAttribute("aria-pressed", String(!this.off.has(name)));
    this.#draw(this.#ships());
  }

  #choose() {
    const ships = this.#ships();
    this.#draw(ships);
    this.chart.setHome(this.home);
  }

  /** @param {Set<number>} ships */
  #draw(ships) {
    const { chart } = this;
    this.home = [];
    chart.marks = [];
    this.#named.clear();
    const paths = { tracks: svg("g", { class: "tracks" }), silences: svg("g", { class: "silences" }), hops: svg("g", { class: "hops" }), darks: svg("g", { class: "darks" }) };
    for (const ship of ships) this.#drawShip(ship, paths);
    this.#drawHops(ships, paths.hops);
    chart.over.replaceChildren(...Object.entries(paths).filter(([name]) => !this.off.has(name)).map(([, node]) => node));
    const darks = darkPeriods.filter((/** @type {any} */ { ship }) => ships.has(ship)).slice(0, MOST_MARKS);
    this.#drawPorts(ships, darks);
    if (!this.off.has("darks")) darks.forEach((/** @type {any} */ alert) => this.#drawDark(alert, paths.darks));
    this.#drawNotices();
    if (!this.off.has("sightings")) sightings.forEach((/** @type {any} */ alert) => this.#drawSighting(alert, ships));
    chart.pins.replaceChildren(...[...chart.marks].sort((a, b) => Number(a.label !== undefined) - Number(b.label !== undefined)).map(({ node }) => node));
    chart.refresh();
  }

  /** @param {number} ship @param {Record<string, SVGElement>} paths */
  #drawShip(ship, paths) {
    const track = report.tracks.find((/** @type {any} */ one) => one.ship === ship);
    const silences = (rowOf.get(ship)?.silences ?? []).filter((/** @type {number[]} */ { length }) => length === 6);
    for (const [, , ...places] of silences) {
      const [from, to] = [toPlane(places[0], places[1]), toPlane(places[2], places[3])];
      paths.silences.append(svg("path", { class: "silence", d: lineOf([from, shortWay(from, to)]) }));
    }
    if (!track) return;
    const parts = cutAtSilences(track.points, silences);
    const name = clean(shipName(report.ships[ship]), 40);
    const d = parts.map((part) => {
      const points = planePoints(part);
      this.home.push(...points.filter((_, index) => index % 8 === 0 || index === points.length - 1));
      return brokenLine(points);
    }).join("");
    paths.tracks.append(svg("path", { class: "track-halo", d }), svg("path", { class: "track", d }, svg("title", {}, `Track of ${name}`)));
  }

  /** @param {any} alert @param {SVGElement} lines */
  #drawDark(alert, lines) {
    const places = alert.places.map((/** @type {[number, number]} */ [lon, lat]) => toPlane(lon, lat));
    if (!places.length) return;
    const last = places.length - 1;
    const tone = gradeClass(alert.grade);
    /** @type {[number, number][]} */
    const line = places.map((/** @type {[number, number]} */ place, /** @type {number} */ index) => (index ? shortWay(places[index - 1], place) : place));
    if (last) lines.append(svg("path", { class: `dark-line ${tone}`, d: lineOf(line) }, title(alert)));
    const act = () => this.tell(alert);
    const pin = (/** @type {[number, number]} */ [x, y], /** @type {SVGElement} */ shape) => {
      const node = svg("g", { class: `pin ${tone}`, "data-alert": alert.id }, shape, title(alert));
      node.addEventListener("click", act);
      this.chart.marks.push({ node, x, y, rank: -1, solid: true });
    };
    if (alert.end && last) pin(line[last], svg("circle", { r: 5, class: "pin-end" }));
    pin(line[0], svg("path", { d: "M0 -6L6 0L0 6L-6 0Z", class: "pin-start" }));
    this.home.push(...line);
    if (this.#named.has(alert.ship)) return;
    this.#named.add(alert.ship);
    const rank = 3 - gradeRank(alert.grade) + (alert.vessel?.listed_as.length ? 0 : 4);
    this.#name(line[0], clean(shipName(alert.vessel), 24), `ship-name ${tone}`, { rank, far: 9 });
  }

  /** Notices of reception and of satellite navigation: where they are. */
  #drawNotices() {
    for (const alert of standing) {
      if (alert.ship !== null || alert.kind === "sighting" || !alert.places.length) continue;
      const [x, y] = toPlane(alert.places[0][0], alert.places[0][1]);
      const node = svg("g", { class: "pin notice-pin", "data-alert": alert.id }, svg("path", { d: "M0 -6L6 5H-6Z", class: "notice-mark" }), title(alert));
      node.addEventListener("click", () => this.tell(alert));
      this.chart.marks.push({ node, x, y, rank: -1, solid: true });
    }
  }

  /** Where a ship was seen, whether or not it is one that is shown. @param {any} alert @param {Set<number>} ships */
  #drawSighting(alert, ships) {
    if (!alert.places.length) return;
    const [x, y] = toPlane(alert.places[0][0], alert.places[0][1]);
    const node = svg("g", { class: "pin sighting-pin", "data-alert": alert.id }, svg("path", { d: SIGHTING, class: `sighting-mark sighting-${alert.grade}` }), title(alert));
    node.addEventListener("click", () => this.tell(alert));
    this.chart.marks.push({ node, x, y, rank: -1, solid: true });
    if (ships.has(alert.ship)) this.home.push([x, y]);
  }

  /** @param {Set<number>} ships @param {SVGElement} lines */
  #drawHops(ships, lines) {
    for (const alert of standing) {
      if (alert.kind !== "hop.dark" || !ships.has(alert.ship) || this.off.has("hops")) continue;
      const [from, to] = [report.ports[alert.ports.from], report.ports[alert.ports.to]];
      if (!from || !to) continue;
      const start = toPlane(from.lon, from.lat);
      const end = shortWay(start, toPlane(to.lon, to.lat));
      if (from === to) continue;
      // Bent, so that the way there and the way back do not lie on each other.
      const [mx, my] = [(start[0] + end[0]) / 2 + (end[1] - start[1]) * 0.18, (start[1] + end[1]) / 2 - (end[0] - start[0]) * 0.18];
      const path = svg("path", { class: "hop", d: `M${start[0].toFixed(3)} ${start[1].toFixed(3)}Q${mx.toFixed(3)} ${my.toFixed(3)} ${end[0].toFixed(3)} ${end[1].toFixed(3)}` }, title(alert));
      path.addEventListener("click", () => this.tell(alert));
      lines.append(path);
      const angle = (Math.atan2(end[1] - my, end[0] - mx) * 180) / Math.PI;
      this.chart.marks.push({ node: svg("g", {}, svg("path", { class: "hop-head", d: "M-3 0L-13 -4.5L-13 4.5Z", transform: `rotate(${angle.toFixed(1)})` })), x: end[0], y: end[1], rank: -3 });
      this.home.push(start, end);
    }
  }

  /** @param {Set<number>} ships @param {any[]} darks */
  #drawPorts(ships, darks) {
    /** @type {Map<string, number>} */
    const reach = new Map();
    for (const { candidates, grade } of darks) {
      if (gradeRank(grade) < gradeRank("suspected")) continue;
      for (const { port, p } of candidates) reach.set(port, Math.max(p, reach.get(port) ?? 0));
    }
    const called = new Set([...ships].flatMap((ship) => (rowOf.get(ship)?.visits ?? []).map((/** @type {any[]} */ visit) => visit[2])));
    const asked = this.off.has("reach") ? [] : [...reach].sort((a, b) => b[1] - a[1]).slice(0, MOST_PORTS);
    for (const [id, p] of asked) {
      const radius = 5 + Math.sqrt(p) * 14;
      this.#port(id, `In question, p up to ${share(p)}`, svg("circle", { r: radius.toFixed(1), class: "reach-ring" }), "reach-name", { rank: 10 - p, far: radius + 1, isHome: p >= HOME_P });
    }
    const named = new Set(asked.map(([id]) => id));
    const seen = this.off.has("ports") ? [] : [...called].slice(0, 4 * MOST_PORTS);
    for (const id of seen) this.#port(id, "Called at", svg("circle", { r: 3, class: report.ports[id]?.listed ? "port-dot listed-port" : "port-dot" }), named.has(id) ? "" : "port-name", { rank: 20, far: 5, isHome: false });
  }

  /** @param {string} id @param {string} words @param {SVGElement} shape @param {string} name class of its name @param {{ rank: number, far: number, isHome: boolean }} how */
  #port(id, words, shape, name, { rank, far, isHome }) {
    const port = report.ports[id];
    if (!port) return;
    const place = toPlane(port.lon, port.lat);
    this.chart.marks.push({ node: svg("g", {}, shape, svg("title", {}, `${portText(id)}. ${words}`)), x: place[0], y: place[1], rank: -2 });
    if (name) this.#name(place, portName(id), name, { rank, far, isBelow: true });
    if (isHome) this.home.push(place);
  }

  /** @param {[number, number]} place @param {string} label @param {string} name class @param {{ rank: number, far: number, isBelow?: boolean }} how */
  #name([x, y], label, name, how) {
    this.chart.marks.push({ node: svg("g", { class: "name" }, svg("text", { class: name }, label)), x, y, label, ...how });
  }

  /** What is said of an alert, under the map. @param {any} alert */
  tell(alert) {
    this.told.replaceChildren(el("h3", {}, shipName(alert.vessel) ? `${shipName(alert.vessel)}: ${headline(alert)}` : headline(alert)), alertDetail(alert));
  }
}

/** @param {any} alert */
const title = (alert) => svg("title", {}, clean(alert.explain, 400));

/** The point on the turn that is nearest to another. @param {[number, number]} from @param {[number, number]} to @returns {[number, number]} */
function shortWay(from, to) {
  const turn = (360 * 1000) / Math.max(0.01, report.window[2] - report.window[0]);
  return [to[0] - turn * Math.round((to[0] - from[0]) / turn), to[1]];
}

/** A line that is cut where it would go round the world. @param {[number, number][]} points */
function brokenLine(points) {
  const turn = (360 * 1000) / Math.max(0.01, report.window[2] - report.window[0]);
  /** @type {[number, number][][]} */
  const parts = [[]];
  points.forEach((point, index) => {
    if (index && Math.abs(point[0] - points[index - 1][0]) > turn / 2) parts.push([]);
    parts[parts.length - 1].push(point);
  });
  return parts.filter(({ length }) => length > 1).map(lineOf).join("");
}

/** Faster than this no ship is, knots; nearer than that it may be where it says, nautical miles. */
const MOST_KNOTS = 60;
const NEAR_MILES = 0.6;

/** Whether a ship cannot have come so far. @param {number[]} from lon, lat @param {number[]} to lon, lat @param {number} seconds */
function isJump(from, to, seconds) {
  const [dx, dy] = [besideWindow(to[0]) - besideWindow(from[0]), to[1] - from[1]];
  const miles = 60 * Math.hypot(dx * Math.cos((from[1] * Math.PI) / 180), dy);
  return miles > NEAR_MILES && miles > (MOST_KNOTS * Math.max(1, seconds)) / 3_600;
}

/** Points of a track, cut where the ship was silent or another one goes on under its MMSI. @param {number[]} steps t (s), lon, lat as differences @param {number[][]} silences in order */
function cutAtSilences(steps, silences) {
  /** @type {[number, number][][]} */
  const parts = [[]];
  let [t, lon, lat, next, before] = [0, 0, 0, 0, -Infinity];
  for (let at = 0; at + 2 < steps.length; at += 3) {
    const place = [lon / TRACK_SCALE, lat / TRACK_SCALE];
    [t, lon, lat] = [t + steps[at], lon + steps[at + 1], lat + steps[at + 2]];
    if (at && isJump(place, [lon / TRACK_SCALE, lat / TRACK_SCALE], t - before)) parts.push([]);
    while (next < silences.length && silences[next][1] / 1000 <= before + 1) next += 1;
    if (next < silences.length && silences[next][0] / 1000 < t - 1 && silences[next][1] / 1000 > before + 1) parts.push([]);
    parts[parts.length - 1].push([lon / TRACK_SCALE, lat / TRACK_SCALE]);
    before = t;
  }
  return parts.filter(({ length }) => length > 1);
}

/** @param {string} name of a layer */
function symbol(name) {
  const shapes = {
    tracks: () => [svg("path", { class: "track", d: "M1 7H25" })],
    silences: () => [svg("path", { class: "silence", d: "M1 7H25" })],
    darks: () => [svg("path", { class: "dark-line grade-strong", d: "M4 7H22" }), svg("path", { class: "pin-start grade-strong", d: "M4 2L9 7L4 12L-1 7Z" }), svg("circle", { class: "pin-end grade-strong", cx: 21, cy: 7, r: 4 })],
    hops: () => [svg("path", { class: "hop", d: "M2 11Q13 0 23 8" }), svg("path", { class: "hop-head", d: "M25 10L18.5 9.2L22 4.5Z" })],
    reach: () => [svg("circle", { class: "reach-ring", cx: 13, cy: 7, r: 6 })],
    ports: () => [svg("circle", { class: "port-dot", cx: 13, cy: 7, r: 3.5 })],
    sightings: () => [svg("path", { class: "sighting-mark", d: "M8 2H18V12H8Z" })],
  };
  return svg("svg", { class: "symbol", viewBox: "-2 0 30 14", "aria-hidden": "true" }, ...(shapes[/** @type {keyof shapes} */ (name)]?.() ?? []));
}

function gradeLegend() {
  const items = [...GRADE_ORDER].reverse().map((grade) => el("li", {}, svg("svg", { class: "symbol", viewBox: "-2 0 30 14", "aria-hidden": "true" },
    svg("path", { class: `dark-line ${gradeClass(grade)}`, d: "M4 7H22" }), svg("path", { class: `pin-start ${gradeClass(grade)}`, d: "M4 2L9 7L4 12L-1 7Z" }), svg("circle", { class: `pin-end ${gradeClass(grade)}`, cx: 21, cy: 7, r: 4 })), GRADES[/** @type {keyof GRADES} */ (grade)]));
  return el("ul", { class: "key" }, el("li", { class: "key-title" }, "Dark periods, start to end, by grade:"), ...items);
}

function sightingLegend() {
  const verdicts = [...new Set(sightings.map((/** @type {any} */ { grade }) => grade))].sort();
  if (!verdicts.length) return null;
  const items = verdicts.map((verdict) => el("li", {}, svg("svg", { class: "symbol", viewBox: "-2 0 30 14", "aria-hidden": "true" },
    svg("path", { class: `sighting-mark sighting-${verdict}`, d: "M8 2H18V12H8Z" })), GRADES[/** @type {keyof GRADES} */ (verdict)]));
  return el("ul", { class: "key", testid: "sighting-key" }, el("li", { class: "key-title" }, "Sightings, by what they say:"), ...items);
}

function source() {
  const [start, end] = report.period ?? [0, 0];
  return `Source: ${report.stats.vessels.toLocaleString("en-GB")} ships heard in ${longTime(end - start)}; tracks as received, thinned.`;
}
