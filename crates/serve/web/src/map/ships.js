/**
 * Draws all ships in one go with a shader of its own: 50,000 ships are one buffer of 24 bytes each, and a ship that moves
 * rewrites only its own bytes. The map is always north up and flat, so a position needs no matrix: it is scaled around the
 * centre of the view, with each coordinate split in two floats, because one is too coarse at high zoom.
 */

/** @import { Map as MapLibre, CustomLayerInterface } from "maplibre-gl" */
/** @import { Vessel, ShipState } from "../types.js" */
import { FRAGMENT, VERTEX } from "./shaders.js";
import { channels, colour } from "../palette.js";

/** In the order of the numbers that the shader gets. @type {ShipState[]} */
export const STATES = ["normal", "silent", "unknown_reception", "suspected", "probable", "strong"];
const FLOATS = 6;
/** A ship slower than this has no direction worth showing. */
const STANDS_STILL_KN = 0.5;

/** @param {number} lon */
export const mercatorX = (lon) => (lon + 180) / 360;

/** @param {number} lat */
export function mercatorY(lat) {
  const clamped = Math.max(-85.05, Math.min(85.05, lat));
  return 0.5 - Math.log(Math.tan(Math.PI / 4 + (clamped * Math.PI) / 360)) / (2 * Math.PI);
}

/** Size of a ship's mark in CSS pixels by zoom. @param {number} zoom */
export function markSize(zoom) {
  const stops = [[2, 5], [5, 8], [7, 13], [10, 19], [14, 26]];
  const after = stops.findIndex(([z]) => z >= zoom);
  if (after === 0) return stops[0][1];
  if (after < 0) return stops[stops.length - 1][1];
  const [[z0, s0], [z1, s1]] = [stops[after - 1], stops[after]];
  return s0 + ((s1 - s0) * (zoom - z0)) / (z1 - z0);
}

/** Heading if sent, else course; −1 for a ship that stands still or tells neither. @param {Vessel} vessel */
function direction(vessel) {
  if ((vessel.sog ?? 0) < STANDS_STILL_KN) return -1;
  return vessel.cog ?? vessel.heading ?? -1;
}

/** @implements {CustomLayerInterface} */
export class ShipLayer {
  id = "ships";
  type = /** @type {const} */ ("custom");
  renderingMode = /** @type {const} */ ("2d");
  /** @type {Map<number, number>} */
  #slots = new Map();
  #values = new Float32Array(0);
  /** Mercator positions in doubles, for picking. */
  #positions = new Float64Array(0);
  /** Slots in the order of drawing. */
  #order = new Uint32Array(0);
  /** @type {number[]} */
  #mmsis = [];
  #dirty = true;
  #dimmed = false;
  /** @type {Float32Array} */
  #colours = new Float32Array(STATES.length * 3);
  /** @type {Float32Array} */
  #extra = new Float32Array(6);
  /** @type {MapLibre | null} */
  #map = null;
  /** @type {{ program: WebGLProgram, buffer: WebGLBuffer, elements: WebGLBuffer, at: Record<string, number>, uniforms: Record<string, WebGLUniformLocation | null> } | null} */
  #gpu = null;

  constructor() {
    this.readColours();
  }

  readColours() {
    STATES.forEach((state, index) => this.#colours.set(channels(colour(`ship-${state.replace("_", "-")}`)), index * 3));
    this.#extra.set(channels(colour("map-halo")), 0);
    this.#extra.set(channels(colour("map-listed")), 3);
    this.#map?.triggerRepaint();
  }

  /** @param {MapLibre} map @param {WebGLRenderingContext | WebGL2RenderingContext} gl */
  onAdd(map, gl) {
    this.#map = map;
    this.#dirty = true;
    const program = link(gl, VERTEX, FRAGMENT);
    const at = Object.fromEntries(["a_high_low", "a_style"].map((name) => [name, gl.getAttribLocation(program, name)]));
    const names = ["u_centre", "u_scale", "u_size", "u_world", "u_dimmed", "u_colours", "u_halo", "u_listed"];
    const uniforms = Object.fromEntries(names.map((name) => [name, gl.getUniformLocation(program, name)]));
    this.#gpu = { program, buffer: /** @type {WebGLBuffer} */ (gl.createBuffer()), elements: /** @type {WebGLBuffer} */ (gl.createBuffer()), at, uniforms };
  }

  onRemove() {
    this.#gpu = null;
    this.#map = null;
  }

  /** Others step back while one ship is looked at. @param {boolean} dimmed */
  dim(dimmed) {
    this.#dimmed = dimmed;
    this.#map?.triggerRepaint();
  }

  /** Takes all ships anew. @param {Map<number, Vessel>} vessels */
  replace(vessels) {
    this.#slots.clear();
    this.#mmsis = [];
    this.#reserve(vessels.size);
    this.update(vessels.values());
    this.#dirty = true;
    this.#map?.triggerRepaint();
  }

  /** Takes ships that changed or are new. @param {Iterable<Vessel>} vessels */
  update(vessels) {
    for (const vessel of vessels) {
      let slot = this.#slots.get(vessel.mmsi);
      if (slot === undefined) {
        slot = this.#mmsis.push(vessel.mmsi) - 1;
        this.#slots.set(vessel.mmsi, slot);
        this.#reserve(slot + 1);
      }
      this.#write(slot, vessel);
    }
    this.#dirty = true;
    this.#map?.triggerRepaint();
  }

  /** @param {number} slot @param {Vessel} vessel */
  #write(slot, vessel) {
    const [x, y] = [mercatorX(vessel.lon), mercatorY(vessel.lat)];
    const [highX, highY] = [Math.fround(x), Math.fround(y)];
    const state = Math.max(0, STATES.indexOf(vessel.state ?? "normal"));
    this.#positions.set([x, y], slot * 2);
    this.#values.set([highX, highY, x - highX, y - highY, direction(vessel), state + (vessel.listed ? 16 : 0)], slot * FLOATS);
  }

  /** @param {number} ships */
  #reserve(ships) {
    if (this.#values.length >= ships * FLOATS) return;
    const capacity = Math.max(1024, ships, Math.ceil((this.#values.length / FLOATS) * 1.5));
    const [values, positions] = [new Float32Array(capacity * FLOATS), new Float64Array(capacity * 2)];
    values.set(this.#values);
    positions.set(this.#positions);
    [this.#values, this.#positions] = [values, positions];
  }

  /** Ships that are heard first, then listed and dark ones, so that none of these is under a crowd. */
  #sort() {
    const ships = this.#mmsis.length;
    if (this.#order.length !== ships) this.#order = new Uint32Array(ships);
    let [low, high] = [0, ships];
    for (let slot = 0; slot < ships; slot++) {
      if (this.#values[slot * FLOATS + 5] > 1.5) this.#order[--high] = slot;
      else this.#order[low++] = slot;
    }
  }

  /** @param {WebGLRenderingContext | WebGL2RenderingContext} gl */
  render(gl) {
    const [map, gpu] = [this.#map, this.#gpu];
    if (!map || !gpu || !this.#mmsis.length) return;
    gl.useProgram(gpu.program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gpu.buffer);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gpu.elements);
    if (this.#dirty) {
      gl.bufferData(gl.ARRAY_BUFFER, this.#values.subarray(0, this.#mmsis.length * FLOATS), gl.DYNAMIC_DRAW);
      this.#sort();
      gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, this.#order, gl.DYNAMIC_DRAW);
      this.#dirty = false;
    }
    const { a_high_low, a_style } = gpu.at;
    gl.enableVertexAttribArray(a_high_low);
    gl.vertexAttribPointer(a_high_low, 4, gl.FLOAT, false, FLOATS * 4, 0);
    gl.enableVertexAttribArray(a_style);
    gl.vertexAttribPointer(a_style, 2, gl.FLOAT, false, FLOATS * 4, 16);
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    const { x, y, worldSize, width, height, ratio } = this.#view(map);
    const u = gpu.uniforms;
    const [highX, highY] = [Math.fround(x), Math.fround(y)];
    gl.uniform4f(u.u_centre, highX, highY, x - highX, y - highY);
    gl.uniform2f(u.u_scale, (2 * worldSize) / width, (-2 * worldSize) / height);
    gl.uniform1f(u.u_size, markSize(map.getZoom()) * ratio);
    gl.uniform1f(u.u_dimmed, this.#dimmed ? 1 : 0);
    gl.uniform3fv(u.u_colours, this.#colours);
    gl.uniform3fv(u.u_halo, this.#extra.subarray(0, 3));
    gl.uniform3fv(u.u_listed, this.#extra.subarray(3, 6));
    const half = width / worldSize / 2;
    for (let world = Math.floor(x - half); world <= Math.floor(x + half); world++) {
      gl.uniform1f(u.u_world, world);
      gl.drawElements(gl.POINTS, this.#order.length, gl.UNSIGNED_INT, 0);
    }
  }

  /** @param {MapLibre} map */
  #view(map) {
    const centre = map.getCenter();
    const canvas = map.getCanvas();
    const ratio = map.getPixelRatio();
    return {
      x: mercatorX(centre.lng), y: mercatorY(centre.lat), worldSize: 512 * 2 ** map.getZoom(),
      width: canvas.width / ratio, height: canvas.height / ratio, ratio,
    };
  }

  /**
   * The ship nearest to a point of the map, within `reach` pixels; a dark one wins over one that is heard.
   * @param {{ x: number, y: number }} point @param {number} [reach]
   * @returns {number | null} its MMSI
   */
  pick(point, reach = 14) {
    if (!this.#map) return null;
    const { x, y, worldSize, width, height } = this.#view(this.#map);
    const [px, py] = [x + (point.x - width / 2) / worldSize, y + (point.y - height / 2) / worldSize];
    const limit = reach / worldSize;
    let [best, found] = [Infinity, -1];
    for (let slot = 0; slot < this.#mmsis.length; slot++) {
      const dy = this.#positions[slot * 2 + 1] - py;
      if (dy > limit || dy < -limit) continue;
      let dx = this.#positions[slot * 2] - px;
      dx -= Math.round(dx);
      const distance = Math.hypot(dx, dy);
      if (distance > limit) continue;
      const dark = this.#values[slot * FLOATS + 5] % 16 > 1;
      const rank = dark ? distance : distance + limit;
      if (rank < best) [best, found] = [rank, slot];
    }
    return found < 0 ? null : this.#mmsis[found];
  }
}

/** @param {WebGLRenderingContext | WebGL2RenderingContext} gl @param {string} vertex @param {string} fragment */
function link(gl, vertex, fragment) {
  const program = /** @type {WebGLProgram} */ (gl.createProgram());
  for (const [type, source] of /** @type {const} */ ([[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]])) {
    const shader = /** @type {WebGLShader} */ (gl.createShader(type));
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(`ships cannot be drawn: ${gl.getProgramInfoLog(program)}`);
  return program;
}
