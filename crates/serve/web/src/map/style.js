/**
 * Layers of the map and their colours. Text is drawn from the fonts of the system: the style names no glyph server, so
 * nothing is fetched for it.
 */

/** @import { LayerSpecification, StyleSpecification, Map as MapLibre } from "maplibre-gl" */
import { colour } from "../palette.js";
import { collection, grid } from "./basemap.js";

const FONT = ["system-ui", "sans-serif"];
const EMPTY = collection([]);
/** Zoom from which the operator's own base map takes the place of ours. */
const TILES_FROM = 5;

/** Sources filled as the page learns things. */
export const SOURCES = [
  "land", "borders", "names", "reception", "areas", "ports", "port-marks", "reach", "candidates", "track", "silence-ends", "ship-names", "selected",
];

/** @param {string} name @param {Partial<LayerSpecification>} rest @returns {any} */
const layer = (name, rest) => ({ id: name, source: name, ...rest });

/** Layers below the ships. @returns {LayerSpecification[]} */
function below() {
  return [
    { id: "water", type: "background", paint: { "background-color": colour("map-water") } },
    layer("grid-10", { type: "line", paint: { "line-color": colour("map-grid"), "line-width": 0.6 }, maxzoom: 6 }),
    layer("grid-1", { type: "line", paint: { "line-color": colour("map-grid"), "line-width": 0.6 }, minzoom: 6 }),
    // Under the land: what can be reached is water, and its cells stand over the coast.
    { id: "reach-fill", source: "reach", type: "fill", paint: { "fill-color": colour("map-reach"), "fill-opacity": 0.16 } },
    { id: "reach-line", source: "reach", type: "line", paint: { "line-color": colour("map-reach"), "line-width": 1.6 } },
    layer("land", { type: "fill", paint: { "fill-color": colour("map-land"), "fill-antialias": false } }),
    { id: "coast", source: "land", type: "line", paint: { "line-color": colour("map-coast"), "line-width": 0.8 } },
    layer("borders", { type: "line", paint: { "line-color": colour("map-border"), "line-width": 0.8, "line-dasharray": [3, 2] } }),
    layer("reception", {
      type: "fill",
      layout: { visibility: "none" },
      paint: {
        "fill-color": ["interpolate", ["linear"], ["get", "q"], 0, colour("map-q0"), 0.5, colour("map-q1"), 1, colour("map-q2")],
        "fill-opacity": 0.5,
        "fill-outline-color": "rgba(0,0,0,0)",
      },
    }),
    { id: "areas-fill", source: "areas", type: "fill", paint: { "fill-color": colour("warning"), "fill-opacity": 0.12 } },
    { id: "areas-line", source: "areas", type: "line", paint: { "line-color": colour("warning"), "line-width": 1.4, "line-dasharray": [2, 2] } },
    {
      id: "ports-fill", source: "ports", type: "fill", minzoom: 7.5,
      paint: { "fill-color": portColour(), "fill-opacity": ["case", ["get", "listed"], 0.2, 0.12] },
    },
    { id: "ports-line", source: "ports", type: "line", minzoom: 7.5, paint: { "line-color": portColour(), "line-width": 1, "line-opacity": 0.75 } },
    {
      id: "port-dots", source: "port-marks", type: "circle", minzoom: 4.2, maxzoom: 7.5,
      filter: ["any", ["get", "listed"], [">=", ["zoom"], 5.5]],
      paint: {
        "circle-radius": ["case", ["get", "listed"], 3, 2], "circle-color": colour("map-halo"), "circle-stroke-color": portColour(),
        "circle-stroke-width": ["case", ["get", "listed"], 1.6, 1],
      },
    },
    {
      id: "track-halo", source: "track", type: "line", layout: { "line-join": "round" },
      paint: { "line-color": colour("map-halo"), "line-width": 4, "line-opacity": 0.7 },
    },
    {
      id: "track-line", source: "track", type: "line", filter: ["!=", ["get", "kind"], "silence"], layout: { "line-join": "round" },
      paint: { "line-color": colour("map-track"), "line-width": 2 },
    },
    {
      id: "silence-line", source: "track", type: "line", filter: ["==", ["get", "kind"], "silence"],
      paint: { "line-color": colour("map-silence"), "line-width": 2, "line-dasharray": [2, 2] },
    },
    {
      id: "silence-ends", source: "silence-ends", type: "circle",
      paint: {
        "circle-radius": 4, "circle-color": colour("map-halo"), "circle-stroke-color": colour("map-silence"), "circle-stroke-width": 2,
      },
    },
  ];
}

/** @returns {any} */
const portColour = () => ["case", ["get", "listed"], colour("map-port-listed"), colour("map-port")];

/** Layers above the ships. @returns {LayerSpecification[]} */
function above() {
  const halo = { "text-halo-color": colour("map-halo"), "text-halo-width": 1.4 };
  return [
    layer("selected", {
      type: "circle",
      paint: { "circle-radius": 20, "circle-color": "rgba(0,0,0,0)", "circle-stroke-color": colour("map-selected"), "circle-stroke-width": 2 },
    }),
    layer("names", {
      type: "symbol", maxzoom: 7,
      filter: ["<", ["get", "rank"], ["step", ["zoom"], 22, 3, 60, 4, 250]],
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 11, "text-letter-spacing": 0.12, "text-transform": "uppercase", "text-max-width": 8, "symbol-sort-key": ["get", "rank"] },
      paint: { "text-color": colour("map-name"), ...halo },
    }),
    {
      id: "port-names", source: "port-marks", type: "symbol", minzoom: 5.5,
      filter: ["any", ["get", "listed"], [">=", ["zoom"], 7.5]],
      layout: {
        "text-field": ["get", "name"], "text-font": FONT, "text-size": ["case", ["get", "listed"], 11.5, 11], "text-offset": [0, 0.9], "text-anchor": "top",
        "symbol-sort-key": ["case", ["get", "listed"], 0, 1], "text-max-width": 9, "text-padding": 4,
      },
      paint: { "text-color": ["case", ["get", "listed"], colour("map-port-listed-text"), colour("map-port-text")], ...halo },
    },
    {
      id: "candidate-rings", source: "candidates", type: "circle",
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["get", "p"], 0, 6, 0.3, 15], "circle-color": colour("map-reach"), "circle-opacity": 0.22,
        "circle-stroke-color": colour("map-reach"), "circle-stroke-width": 1.6,
      },
    },
    {
      id: "candidate-names", source: "candidates", type: "symbol",
      layout: {
        "text-field": ["get", "label"], "text-font": FONT, "text-size": 12, "text-anchor": "left", "text-offset": [1.3, 0], "text-justify": "left",
        "symbol-sort-key": ["-", 0, ["get", "p"]], "text-variable-anchor": ["left", "right", "top", "bottom"], "text-radial-offset": 1.3,
      },
      paint: { "text-color": colour("map-reach-text"), ...halo },
    },
    layer("ship-names", {
      type: "symbol",
      layout: {
        "text-field": ["get", "name"], "text-font": FONT, "text-size": 11, "text-variable-anchor": ["left", "right", "top", "bottom"], "text-radial-offset": 1.2,
        "symbol-sort-key": ["get", "rank"], "text-max-width": 20,
      },
      paint: { "text-color": ["match", ["get", "tone"], "strong", colour("ship-strong"), "probable", colour("ship-probable"), "suspected", colour("ship-suspected"), colour("map-text")], ...halo },
    }),
  ];
}

/** @param {LayerSpecification[]} tiles layers of the operator's own base map, drawn over ours @returns {StyleSpecification} */
export function makeStyle(tiles = []) {
  /** @type {StyleSpecification["sources"]} */
  const sources = { "grid-10": { type: "geojson", data: grid(10) }, "grid-1": { type: "geojson", data: grid(1) } };
  for (const name of SOURCES) {
    const detail = name === "land" ? { tolerance: 0.5, buffer: 8 } : { tolerance: 0 };
    sources[name] = { type: "geojson", data: EMPTY, maxzoom: 14, ...detail };
  }
  if (tiles.length) sources.tiles = { type: "vector", url: `pmtiles://${location.origin}/basemap.pmtiles` };
  const layers = below();
  if (tiles.length) {
    const coast = layers.findIndex(({ id }) => id === "coast");
    layers.splice(coast + 1, 0, ...tiles);
    // Closer than this the tiles have the better coast, and ours would stand out beside it.
    for (const own of layers) if (own.id === "land" || own.id === "coast") own.maxzoom = TILES_FROM;
  }
  return { version: 8, sources, layers: [...layers, ...above()] };
}

/** First layer that stands over the ships. */
export const FIRST_ABOVE = "selected";

/** Layers for the operator's own base map, in the scheme of Protomaps. The sea is the background, so that reach shows on it. @returns {any[]} */
export function tileLayers() {
  const layerOf = (/** @type {string} */ name, /** @type {object} */ rest) => ({ id: `tiles-${name}`, source: "tiles", "source-layer": name, ...rest });
  const polygon = ["==", ["geometry-type"], "Polygon"];
  return [
    layerOf("earth", { type: "fill", minzoom: TILES_FROM, filter: polygon, paint: { "fill-color": colour("map-land") } }),
    layerOf("water", { type: "fill", minzoom: TILES_FROM, filter: ["all", polygon, ["!=", ["get", "kind"], "ocean"]], paint: { "fill-color": colour("map-water") } }),
    layerOf("roads", { type: "line", minzoom: 9, paint: { "line-color": colour("map-border"), "line-width": 0.6 } }),
    layerOf("boundaries", { type: "line", minzoom: TILES_FROM, paint: { "line-color": colour("map-border"), "line-width": 0.8, "line-dasharray": [3, 2] } }),
  ];
}

/** Gives all layers the colours of the theme that now stands. @param {MapLibre} map */
export function recolour(map) {
  const own = map.getSource("tiles") ? tileLayers() : [];
  for (const { id, paint } of [...below(), ...own, ...above()]) {
    if (!map.getLayer(id)) continue;
    for (const [name, value] of Object.entries(paint ?? {})) map.setPaintProperty(id, name, /** @type {any} */ (value));
  }
}
