/** The plane of the map: Mercator's, with the coast that the report holds. */

import { report } from "./data.js";

/** Width of the window of the report in units of the plane. */
const PLANE = 1000;
const MOST_LAT = 85;
const RADIANS = Math.PI / 180;

/** What the map may show: west, south, east, north; east may be beyond 180. */
const [WEST, SOUTH, EAST, NORTH] = report.window;
const UNITS = PLANE / Math.max(0.01, EAST - WEST);

/** @param {number} lat */
const stretched = (lat) => {
  const within = Math.max(-MOST_LAT, Math.min(MOST_LAT, lat));
  return Math.log(Math.tan(Math.PI / 4 + (within * RADIANS) / 2)) / RADIANS;
};

/** A longitude beside the window, whichever turn it was given in. @param {number} lon */
export function besideWindow(lon) {
  const middle = (WEST + EAST) / 2;
  return lon - 360 * Math.round((lon - middle) / 360);
}

/** Where a longitude of the window's turn lies in the plane; x to the east, y to the south. @param {number} lon @param {number} lat @returns {[number, number]} */
const inTurn = (lon, lat) => [(lon - WEST) * UNITS, (stretched(NORTH) - stretched(lat)) * UNITS];

/** Where any longitude lies. @param {number} lon @param {number} lat */
export const toPlane = (lon, lat) => inTurn(besideWindow(lon), lat);

/** @param {number} x @param {number} y @returns {[number, number]} longitude and latitude */
export function fromPlane(x, y) {
  const lat = (2 * Math.atan(Math.exp((stretched(NORTH) - y / UNITS) * RADIANS)) - Math.PI / 2) / RADIANS;
  return [x / UNITS + WEST, lat];
}

/** Size of the plane. */
export const planeSize = { width: PLANE, height: toPlane(WEST, SOUTH)[1] };

/** Metres of one unit of the plane at a latitude. @param {number} lat */
export const metresPerUnit = (lat) => (111_195 * Math.cos(lat * RADIANS)) / UNITS;

/** @param {[number, number][]} points of the plane */
export const lineOf = (points) => points.map(([x, y], index) => `${index ? "L" : "M"}${x.toFixed(3)} ${y.toFixed(3)}`).join("");

/** Undoes differences. @param {number[]} steps @param {number} scale @returns {[number, number][]} longitude and latitude, not wrapped */
export function decoded(steps, scale) {
  /** @type {[number, number][]} */
  const points = [];
  let [x, y] = [0, 0];
  for (let at = 0; at + 1 < steps.length; at += 2) {
    x += steps[at];
    y += steps[at + 1];
    points.push([x / scale, y / scale]);
  }
  return points;
}

/** A closed line of points that go on where they cross the antimeridian. @param {[number, number][]} ring @param {(lon: number) => number} place */
export function ringPath(ring, place) {
  if (!ring.length) return "";
  // The first corner says on which turn the ring lies; the others go on from there.
  const turn = place(ring[0][0]) - ring[0][0];
  return `${lineOf(ring.map(([lon, lat]) => inTurn(lon + turn, lat)))}Z`;
}

/** @param {[number, number][]} points longitude and latitude @returns {[number, number][]} in the plane */
export const planePoints = (points) => points.map(([lon, lat]) => toPlane(lon, lat));

/** The land as one path: what lies inside an odd number of rings. The rings are cut to the window and lie in its turn. */
const rings = report.coast.rings.map((/** @type {number[]} */ ring) => decoded(ring, report.coast.scale));
export const landPath = rings.map((/** @type {[number, number][]} */ ring) => ringPath(ring, (lon) => lon)).join("");

/** The coast: the same without the edges along which land is only cut, by the window or the antimeridian. */
export const coastPath = rings.map(shore).join("");

/** @param {[number, number][]} ring */
function shore(ring) {
  const least = 1.5 / report.coast.scale;
  const isCut = (/** @type {number} */ axis, /** @type {number} */ at, /** @type {[number, number][]} */ ...ends) => ends.every((end) => Math.abs(end[axis] - at) < least);
  const isOnTurn = (/** @type {[number, number][]} */ ...ends) => ends.every(([lon]) => Math.abs(lon - 180 - 360 * Math.round((lon - 180) / 360)) < least);
  let path = "";
  let before = ring[ring.length - 1];
  let isDown = false;
  for (const corner of ring) {
    const ends = /** @type {[number, number][]} */ ([before, corner]);
    const isEdge = isCut(0, WEST, ...ends) || isCut(0, EAST, ...ends) || isCut(1, SOUTH, ...ends) || isCut(1, NORTH, ...ends) || isOnTurn(...ends);
    if (!isEdge) path += isDown ? lineOf([corner].map(([lon, lat]) => inTurn(lon, lat))).replace("M", "L") : lineOf(ends.map(([lon, lat]) => inTurn(lon, lat)));
    isDown = !isEdge;
    before = corner;
  }
  return path;
}
