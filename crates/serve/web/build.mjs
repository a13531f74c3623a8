/**
 * Makes `dist/`, the folder that the server serves: our files as they are, MapLibre's build for a strict content security
 * policy, and the offline base map. Nothing is bundled: browsers load ES modules, and what is served is what is in `src/`.
 */
import { cp, mkdir, rm, writeFile, readdir, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { makeBasemap } from "./coast.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const require = createRequire(import.meta.url);
const maplibre = dirname(require.resolve("maplibre-gl/package.json"));
const pmtiles = join(dirname(require.resolve("pmtiles/package.json")), "dist", "pmtiles.js");

/** Third-party files: from, name below `dist/vendor/`. */
const VENDOR = [
  [join(maplibre, "dist", "maplibre-gl-csp.js"), "maplibre-gl-csp.js"],
  [join(maplibre, "dist", "maplibre-gl-csp-worker.js"), "maplibre-gl-csp-worker.js"],
  [join(maplibre, "dist", "maplibre-gl.css"), "maplibre-gl.css"],
  [join(maplibre, "dist", "LICENSE.txt"), "maplibre-gl.LICENSE.txt"],
  [pmtiles, "pmtiles.js"],
];

/** @param {string} folder @returns {Promise<number>} bytes of all files below it */
async function size(folder) {
  let bytes = 0;
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    bytes += entry.isDirectory() ? await size(path) : (await stat(path)).size;
  }
  return bytes;
}

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "vendor"), { recursive: true });
await cp(join(here, "src"), dist, { recursive: true, filter: (path) => !path.endsWith(".d.ts") });
for (const [from, name] of VENDOR) await cp(from, join(dist, "vendor", name));
await writeFile(join(dist, "basemap.json"), JSON.stringify(await makeBasemap()));
console.log(`dist: ${((await size(dist)) / 1e6).toFixed(2)} MB`);
