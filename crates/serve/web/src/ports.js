/** Ports by id, with a point to mark each. Pure. */

/** @import { Port } from "./types.js" */
import { around, pointsOf } from "./map/bounds.js";

/** @param {GeoJSON.FeatureCollection} collection @returns {Map<string, Port>} */
export function portsFrom({ features }) {
  /** @type {Map<string, Port>} */
  const ports = new Map();
  for (const { geometry, properties } of features) {
    const box = around(pointsOf(geometry));
    if (!box || !properties?.id) continue;
    ports.set(String(properties.id), {
      id: String(properties.id), name: String(properties.name ?? properties.id), country: String(properties.country ?? ""), kind: String(properties.kind ?? ""),
      parents: Array.isArray(properties.parents) ? properties.parents : [], listed: Boolean(properties.listed), lon: (box[0] + box[2]) / 2, lat: (box[1] + box[3]) / 2,
    });
  }
  return ports;
}
