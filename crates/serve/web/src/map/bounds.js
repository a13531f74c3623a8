/** Arithmetic of map windows: margins, what holds what, boxes around shapes. Pure. */

/** @import { Bounds } from "../types.js" */

/** @param {number} lon */
export const wrapLongitude = (lon) => ((((lon + 180) % 360) + 360) % 360) - 180;

/**
 * A window with a margin of `share` of its size on each side; the whole world once it would go around.
 * @param {Bounds} view west, south, east, north, not wrapped: east > west @param {number} share
 * @returns {Bounds}
 */
export function withMargin([west, south, east, north], share) {
  const [dx, dy] = [(east - west) * share, (north - south) * share];
  const lat = /** @param {number} v */ (v) => Math.max(-90, Math.min(90, v));
  if (east - west + 2 * dx >= 360) return [-180, lat(south - dy), 180, lat(north + dy)];
  return [wrapLongitude(west - dx), lat(south - dy), wrapLongitude(east + dx), lat(north + dy)];
}

/** @param {Bounds} outer may cross the antimeridian @param {number} lon @param {number} lat */
export function holds([west, south, east, north], lon, lat) {
  if (lat < south || lat > north) return false;
  return west <= east ? lon >= west && lon <= east : lon >= west || lon <= east;
}

/** Whether a window lies in another. @param {Bounds} outer @param {Bounds} view not wrapped */
export function covers(outer, [west, south, east, north]) {
  if (outer[0] === -180 && outer[2] === 180) return south >= outer[1] && north <= outer[3];
  if (east - west >= 360) return false;
  const middle = (west + east) / 2;
  return [west, middle, east].every((lon) => holds(outer, wrapLongitude(lon), south) && holds(outer, wrapLongitude(lon), north));
}

/** @param {Bounds} bounds */
const width = ([west, , east]) => (west <= east ? east - west : east - west + 360);

/** Whether `bounds` is so much larger than the view that fewer ships would do. @param {Bounds} bounds @param {Bounds} view */
export const isFarLarger = (bounds, view) => width(bounds) > 6 * Math.max(0.01, view[2] - view[0]);

/**
 * The box around points, taking the shorter way over the antimeridian: longitudes may exceed 180.
 * @param {[number, number][]} points
 * @returns {Bounds | null}
 */
export function around(points) {
  if (!points.length) return null;
  const reference = points[0][0];
  const lons = points.map(([lon]) => reference + wrapLongitude(lon - reference));
  const lats = points.map(([, lat]) => lat);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/**
 * All points of a geometry.
 * @param {GeoJSON.Geometry | null | undefined} geometry
 * @returns {[number, number][]}
 */
export function pointsOf(geometry) {
  if (!geometry) return [];
  if (geometry.type === "GeometryCollection") return geometry.geometries.flatMap(pointsOf);
  /** @type {[number, number][]} */
  const points = [];
  const walk = /** @param {any} value */ (value) => {
    if (typeof value[0] === "number") points.push([value[0], value[1]]);
    else for (const part of value) walk(part);
  };
  if (geometry.coordinates.length) walk(geometry.coordinates);
  return points;
}

/**
 * Circle of a radius in metres, as a ring of 64 points.
 * @param {number} lon @param {number} lat @param {number} radius
 * @returns {GeoJSON.Polygon}
 */
export function circle(lon, lat, radius) {
  const [north, east] = [radius / 111_195, radius / (111_195 * Math.max(0.01, Math.cos((lat * Math.PI) / 180)))];
  const ring = Array.from({ length: 65 }, (_, i) => {
    const angle = (i / 64) * 2 * Math.PI;
    return [lon + east * Math.sin(angle), lat + north * Math.cos(angle)];
  });
  return { type: "Polygon", coordinates: [ring] };
}

/**
 * Makes a line go the short way over the antimeridian.
 * @param {number[][]} line
 */
export function unwrapped(line) {
  let last = line[0]?.[0] ?? 0;
  return line.map(([lon, lat]) => {
    last = last + wrapLongitude(lon - last);
    return [last, lat];
  });
}
