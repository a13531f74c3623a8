/** Reads the offline base map: land, borders, names and a grid as GeoJSON. Pure but for `loadBasemap`. */

/** @typedef {{ scale: number, land: number[][][], borders: number[][], names: { name: string, at: [number, number], area: number }[] }} Packed */

/**
 * Undoes the differences: pairs of steps become points.
 * @param {number[]} steps @param {number} scale
 */
export function decode(steps, scale) {
  /** @type {[number, number][]} */
  const points = new Array(steps.length / 2);
  let [x, y] = [0, 0];
  for (let i = 0; i < points.length; i++) {
    x += steps[2 * i];
    y += steps[2 * i + 1];
    points[i] = [x / scale, y / scale];
  }
  return points;
}

/** @param {GeoJSON.Geometry} geometry @param {GeoJSON.GeoJsonProperties} [properties] @returns {GeoJSON.Feature} */
export const feature = (geometry, properties = {}) => ({ type: "Feature", properties, geometry });

/** @param {GeoJSON.Feature[]} features @returns {GeoJSON.FeatureCollection} */
export const collection = (features) => ({ type: "FeatureCollection", features });

/** @param {Packed} packed */
export function unpack({ scale, land, borders, names }) {
  return {
    land: collection(
      land.map((rings) => feature({ type: "Polygon", coordinates: rings.map((ring) => decode(ring, scale)) })),
    ),
    borders: collection([
      feature({ type: "MultiLineString", coordinates: borders.map((line) => decode(line, scale)) }),
    ]),
    names: collection(
      names.map(({ name, at, area }, rank) => feature({ type: "Point", coordinates: at }, { name, area, rank })),
    ),
  };
}

/** Meridians and parallels every `step` degrees. @param {number} step */
export function grid(step) {
  /** @type {number[][][]} */
  const lines = [];
  for (let lon = -180; lon <= 180; lon += step) lines.push([[lon, -85], [lon, 85]]);
  for (let lat = -80; lat <= 80; lat += step) lines.push([[-180, lat], [180, lat]]);
  return collection([feature({ type: "MultiLineString", coordinates: lines })]);
}

export async function loadBasemap() {
  const response = await fetch("/basemap.json");
  if (!response.ok) throw new Error(`the base map is missing (${response.status})`);
  return unpack(await response.json());
}

/**
 * Whether the operator gave a base map of their own.
 * @returns {Promise<boolean>}
 */
export async function hasTiles() {
  try {
    const response = await fetch("/basemap.pmtiles", { headers: { Range: "bytes=0-6" } });
    if (!response.ok) return false;
    const magic = new TextDecoder().decode((await response.arrayBuffer()).slice(0, 7));
    return magic === "PMTiles";
  } catch {
    return false;
  }
}
