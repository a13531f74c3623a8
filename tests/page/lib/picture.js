/** Reads screenshots: PNG, 8 bits a channel, as browsers write them. */

import { inflateSync } from "node:zlib";

/**
 * @param {Buffer} png
 * @returns {{ width: number, height: number, colours: Map<number, number> }} how often each colour (0xRRGGBB) is in it
 */
export function read(png) {
  const [width, height, depth, type] = [png.readUInt32BE(16), png.readUInt32BE(20), png[24], png[25]];
  const channels = { 2: 3, 6: 4 }[type];
  if (depth !== 8 || !channels || png[28] !== 0) throw new Error(`no picture that is understood: ${depth} ${type}`);
  const parts = [];
  for (let from = 8; from < png.length; ) {
    const length = png.readUInt32BE(from);
    if (png.toString("latin1", from + 4, from + 8) === "IDAT") parts.push(png.subarray(from + 8, from + 8 + length));
    from += length + 12;
  }
  const bytes = inflateSync(Buffer.concat(parts));
  const stride = width * channels;
  const colours = new Map();
  let above = new Uint8Array(stride);
  for (let y = 0; y < height; y++) {
    const filter = bytes[y * (stride + 1)];
    const line = new Uint8Array(bytes.subarray(y * (stride + 1) + 1, (y + 1) * (stride + 1)));
    for (let x = 0; x < stride; x++) {
      const left = x < channels ? 0 : line[x - channels];
      const corner = x < channels ? 0 : above[x - channels];
      line[x] += [0, left, above[x], (left + above[x]) >> 1, filter === 4 ? paeth(left, above[x], corner) : 0][filter];
    }
    for (let x = 0; x < stride; x += channels) {
      const colour = (line[x] << 16) | (line[x + 1] << 8) | line[x + 2];
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    above = line;
  }
  return { width, height, colours };
}

/** @param {number} a @param {number} b @param {number} c */
function paeth(a, b, c) {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/** Which part of a picture has a colour, give or take a little. @param {ReturnType<typeof read>} picture @param {number} colour */
export function share({ width, height, colours }, colour) {
  const near = (/** @type {number} */ other) => [16, 8, 0].every((bit) => Math.abs(((colour >> bit) & 255) - ((other >> bit) & 255)) <= 3);
  return [...colours].reduce((sum, [other, count]) => sum + (near(other) ? count : 0), 0) / (width * height);
}
