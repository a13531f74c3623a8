/**
 * Makes the offline base map from world-atlas: coast at 10 m detail, borders at 50 m detail and country names, as one
 * compact JSON file. Coordinates are whole steps of 1/`SCALE` degree, each ring as differences to the point before, so
 * that the file stays small without a tile server. `src/map/basemap.js` reads it.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { feature, mesh } from "topojson-client";

const require = createRequire(import.meta.url);

/** Steps per degree: 0.002° is about 200 m, finer than the source. */
const SCALE = 500;
/** Points closer than this to the line through their neighbours are left out, in degrees. */
const COAST_TOLERANCE = 0.008;
const BORDER_TOLERANCE = 0.02;
/** Rings with a smaller bounding box, in degrees, are left out: islets of two kilometres at most. */
const SMALLEST_RING = 0.025;

/** @typedef {[number, number]} Point */

/**
 * Squared distance of a point to a segment, in degrees.
 * @param {Point} point @param {Point} from @param {Point} to
 */
function distanceSquared(point, from, to) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / length;
  const t = Math.max(0, Math.min(1, along));
  return (point[0] - from[0] - t * dx) ** 2 + (point[1] - from[1] - t * dy) ** 2;
}

/**
 * Douglas-Peucker with a stack of its own, because a coast can have 100,000 points.
 * @param {Point[]} points @param {number} tolerance
 */
function simplify(points, tolerance) {
  if (points.length < 5) return points;
  const keep = new Uint8Array(points.length);
  // A ring starts where it ends: two anchors halfway apart keep it from collapsing.
  const middle = points.length >> 1;
  keep[0] = keep[middle] = keep[points.length - 1] = 1;
  /** @type {[number, number][]} */
  const stack = [[0, middle], [middle, points.length - 1]];
  for (let span = stack.pop(); span; span = stack.pop()) {
    let [worst, index] = [tolerance * tolerance, -1];
    for (let i = span[0] + 1; i < span[1]; i++) {
      const distance = distanceSquared(points[i], points[span[0]], points[span[1]]);
      if (distance > worst) [worst, index] = [distance, i];
    }
    if (index < 0) continue;
    keep[index] = 1;
    stack.push([span[0], index], [index, span[1]]);
  }
  return points.filter((_, i) => keep[i]);
}

/**
 * Makes a ring go on where it crosses the antimeridian, so that longitudes may exceed 180, and closes one that goes around
 * the pole along the edge of the map.
 * @param {Point[]} ring @returns {Point[]}
 */
function unwrapped(ring) {
  let last = ring[0][0];
  /** @type {Point[]} */
  const points = ring.map(([lon, lat]) => {
    last += ((((lon - last + 180) % 360) + 360) % 360) - 180;
    return [last, lat];
  });
  const [first, end] = [points[0], points[points.length - 1]];
  if (Math.abs(end[0] - first[0]) < 180) return points;
  const pole = first[1] < 0 ? -89 : 89;
  return [...points, [end[0], pole], [first[0], pole], first];
}

/**
 * Whole steps, each point as the difference to the one before.
 * @param {Point[]} points
 */
function encode(points) {
  /** @type {number[]} */
  const steps = [];
  let [lastX, lastY] = [0, 0];
  for (const [lon, lat] of points) {
    const [x, y] = [Math.round(lon * SCALE), Math.round(lat * SCALE)];
    if (steps.length && x === lastX && y === lastY) continue;
    steps.push(x - lastX, y - lastY);
    [lastX, lastY] = [x, y];
  }
  return steps;
}

/**
 * Longer side of the box around a ring, in degrees.
 * @param {Point[]} ring
 */
function longerSide(ring) {
  const side = (/** @type {0 | 1} */ axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (const point of ring) [low, high] = [Math.min(low, point[axis]), Math.max(high, point[axis])];
    return high - low;
  };
  return Math.max(side(0), side(1));
}

/** @param {Point[]} ring */
function area(ring) {
  let twice = 0;
  for (let i = 1; i < ring.length; i++) twice += ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
  return Math.abs(twice / 2);
}

/**
 * Centre of mass of a ring: good enough to put a country's name.
 * @param {Point[]} ring
 */
function centre(ring) {
  let [twice, x, y] = [0, 0, 0];
  for (let i = 1; i < ring.length; i++) {
    const cross = ring[i - 1][0] * ring[i][1] - ring[i][0] * ring[i - 1][1];
    twice += cross;
    x += (ring[i - 1][0] + ring[i][0]) * cross;
    y += (ring[i - 1][1] + ring[i][1]) * cross;
  }
  return [x / (3 * twice), y / (3 * twice)].map((v) => Math.round(v * 100) / 100);
}

/** @param {string} file */
const atlas = async (file) => JSON.parse(await readFile(require.resolve(`world-atlas/${file}`), "utf8"));

/** @param {any} geometry @returns {Point[][][]} */
const polygonsOf = (geometry) => (geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates);

/** The base map as an object ready for JSON. */
export async function makeBasemap() {
  const coast = await atlas("land-10m.json");
  const countries = await atlas("countries-50m.json");
  const land = /** @type {any} */ (feature(coast, coast.objects.land));
  /** @type {number[][][]} */
  const polygons = [];
  for (const { geometry } of land.features) {
    for (const rings of polygonsOf(geometry)) {
      const kept = rings.map(unwrapped).filter((ring) => longerSide(ring) >= SMALLEST_RING);
      if (kept.length) polygons.push(kept.map((ring) => encode(simplify(ring, COAST_TOLERANCE))));
    }
  }
  const lines = /** @type {any} */ (mesh(countries, countries.objects.countries, (a, b) => a !== b));
  const borders = lines.coordinates.map((/** @type {Point[]} */ line) => encode(simplify(line, BORDER_TOLERANCE)));
  const named = /** @type {any} */ (feature(countries, countries.objects.countries));
  const names = named.features.map((/** @type {any} */ country) => {
    const rings = polygonsOf(country.geometry).map((polygon) => polygon[0]);
    const largest = rings.reduce((a, b) => (area(b) > area(a) ? b : a));
    return { name: country.properties.name, at: centre(largest), area: Math.round(area(largest) * 10) / 10 };
  });
  names.sort((/** @type {any} */ a, /** @type {any} */ b) => b.area - a.area);
  return { scale: SCALE, land: polygons, borders, names };
}
