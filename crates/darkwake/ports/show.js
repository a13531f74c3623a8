"use strict";
// What the files say is hostile: it is only ever put into texts and attributes, never into HTML.

const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";
const COLOURS = {
  port: "#1f6fb2", terminal: "#6a3fb5", anchorage: "#2b8a3e", naval: "#b3261e", shipyard: "#a35200",
  sts_area: "#007d85", zone: "#6b7680",
};
// So many entries of a list are shown at once.
const SHOWN = 300;
// An area that is drawn smaller than this is a dot, pixels.
const SMALL = 8;
const MAX_LAT = 85;

const map = document.getElementById("map");
const element = (name, text, of) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (of) made.className = of;
  return made;
};
const drawn = (name, attributes) => {
  const made = document.createElementNS(SVG, name);
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
};

// Mercator: x in degrees, y in the same unit, south positive.
const project = (lat) => {
  const bound = Math.max(-MAX_LAT, Math.min(MAX_LAT, lat)) * Math.PI / 180;
  return -Math.log(Math.tan(Math.PI / 4 + bound / 2)) * 180 / Math.PI;
};
const unproject = (y) => (2 * Math.atan(Math.exp(-y * Math.PI / 180)) - Math.PI / 2) * 180 / Math.PI;

// Each port, its box on the map, and what is drawn of it.
const ports = data.ports.map((port) => {
  const box = { west: Infinity, north: Infinity, east: -Infinity, south: -Infinity };
  let path = "";
  for (const ring of port.area.flat()) {
    ring.forEach(([lon, lat], at) => {
      const y = project(lat);
      box.west = Math.min(box.west, lon);
      box.east = Math.max(box.east, lon);
      box.north = Math.min(box.north, y);
      box.south = Math.max(box.south, y);
      path += `${at === 0 ? "M" : "L"}${lon.toFixed(6)} ${y.toFixed(6)}`;
    });
    path += "Z";
  }
  const colour = COLOURS[port.kind] || COLOURS.zone;
  const shape = drawn("path", { class: "port", d: path, fill: colour, stroke: colour, "fill-rule": "evenodd" });
  const dot = drawn("circle", { class: "dot", r: 4, fill: colour });
  const text = [port.name, port.id, port.country, port.kind].join("\n").toLowerCase();
  const entry = { port, box, shape, dot, text, isShown: true };
  for (const part of [shape, dot]) {
    const title = drawn("title", {});
    title.textContent = `${port.name} (${port.id})`;
    part.append(title);
    part.addEventListener("click", () => choose(entry, false));
  }
  return entry;
});
// Large ones below, so that small ones can be reached.
const bySize = [...ports].sort((a, b) => b.port.square_km - a.port.square_km);

const graticule = drawn("path", { class: "graticule" });
const labels = drawn("g", {});
const areas = drawn("g", {});
const dots = drawn("g", {});
areas.append(...bySize.map((entry) => entry.shape));
dots.append(...bySize.map((entry) => entry.dot));
map.append(graticule, areas, dots, labels);

// Middle of the view and pixels a degree.
const view = { x: 0, y: 0, scale: 2 };
// A browser draws with some seven digits: closer than this, corners would jump.
const bounded = (scale) => Math.max(0.5, Math.min(2e5, scale));

function draw() {
  const { width, height } = map.getBoundingClientRect();
  const { x, y, scale } = view;
  areas.setAttribute("transform", `translate(${width / 2} ${height / 2}) scale(${scale}) translate(${-x} ${-y})`);
  for (const { box, shape, dot, isShown } of ports) {
    const size = Math.max(box.east - box.west, box.south - box.north) * scale;
    shape.classList.toggle("hidden", !isShown);
    dot.classList.toggle("hidden", !isShown || size >= SMALL);
    dot.setAttribute("cx", width / 2 + ((box.west + box.east) / 2 - x) * scale);
    dot.setAttribute("cy", height / 2 + ((box.north + box.south) / 2 - y) * scale);
  }
  const steps = [30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001];
  const step = steps.findLast((step) => step * scale >= 80) || steps[0];
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  let path = "";
  labels.replaceChildren();
  const label = (text, left, top) => {
    const made = drawn("text", { x: left, y: top });
    made.textContent = text;
    labels.append(made);
  };
  const west = x - width / 2 / scale, east = x + width / 2 / scale;
  for (let lon = Math.ceil(west / step) * step; lon <= east; lon += step) {
    const left = width / 2 + (lon - x) * scale;
    path += `M${left} 0V${height}`;
    const turned = ((lon + 180) % 360 + 360) % 360 - 180;
    label(`${Math.abs(turned).toFixed(digits)}°${turned < 0 ? "W" : "E"}`, left + 3, 12);
  }
  const north = unproject(y - height / 2 / scale), south = unproject(y + height / 2 / scale);
  for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
    const top = height / 2 + (project(lat) - y) * scale;
    path += `M0 ${top}H${width}`;
    label(`${Math.abs(lat).toFixed(digits)}°${lat < 0 ? "S" : "N"}`, 3, top - 3);
  }
  graticule.setAttribute("d", path);
}

function zoom(factor, left, top) {
  const { width, height } = map.getBoundingClientRect();
  const dx = (left ?? width / 2) - width / 2, dy = (top ?? height / 2) - height / 2;
  const scale = bounded(view.scale * factor);
  view.x += dx / view.scale - dx / scale;
  view.y += dy / view.scale - dy / scale;
  view.scale = scale;
  draw();
}

function fit(box) {
  const { width, height } = map.getBoundingClientRect();
  view.x = (box.west + box.east) / 2;
  view.y = (box.north + box.south) / 2;
  const [across, down] = [box.east - box.west, box.south - box.north];
  view.scale = bounded(0.8 * Math.min(width / (across || 1e-3), height / (down || 1e-3)));
  draw();
}

function fitShown() {
  const shown = ports.filter((entry) => entry.isShown);
  if (shown.length === 0) return draw();
  fit(shown.reduce((all, { box }) => ({
    west: Math.min(all.west, box.west), east: Math.max(all.east, box.east),
    north: Math.min(all.north, box.north), south: Math.max(all.south, box.south),
  }), shown[0].box));
}

const chosen = document.getElementById("chosen");
function choose(entry, isToBeSeen) {
  document.querySelectorAll(".chosen").forEach((other) => other.classList.remove("chosen"));
  entry.shape.classList.add("chosen");
  const { port } = entry;
  chosen.hidden = false;
  chosen.replaceChildren(element("strong", port.name), element("div", `${port.id} · ${port.kind} · ${port.country} · ${port.square_km} km²`, "dim"));
  if (port.watch.length > 0) chosen.append(element("div", `watch: ${port.watch.join(", ")}`));
  if (port.valid_from || port.valid_to) chosen.append(element("div", `valid ${port.valid_from || "…"} to ${port.valid_to || "…"}`));
  for (const problem of data.problems.filter((problem) => problem.feature === port.id)) chosen.append(problemOf(problem));
  if (isToBeSeen) fit(entry.box);
}

function problemOf(problem) {
  const made = element("div");
  made.append(element("span", problem.severity, problem.severity === "error" ? "error" : "warning"), ` ${problem.message}`);
  if (problem.help) made.append(element("div", problem.help, "dim"));
  made.append(element("div", problem.place, "dim"), element("code", problem.snippet));
  return made;
}

// Entries of a list as buttons, and how many there are besides.
function fill(list, made, all) {
  list.replaceChildren(...made.map(({ parts, act }) => {
    const button = element("button");
    button.append(...parts);
    button.addEventListener("click", act);
    const item = element("li");
    item.append(button);
    return item;
  }));
  if (all > made.length) list.append(element("li", `and ${all - made.length} more`, "dim"));
}

function search() {
  const wanted = document.getElementById("search").value.trim().toLowerCase();
  const kinds = new Set([...document.querySelectorAll("#kinds input:checked")].map((box) => box.value));
  for (const entry of ports) entry.isShown = kinds.has(entry.port.kind) && entry.text.includes(wanted);
  const shown = ports.filter((entry) => entry.isShown);
  document.getElementById("ports-title").textContent = `Ports: ${shown.length} of ${ports.length}`;
  fill(document.getElementById("ports"), shown.slice(0, SHOWN).map((entry) => {
    const swatch = element("span", undefined, "swatch");
    swatch.style.background = COLOURS[entry.port.kind] || COLOURS.zone;
    return {
      parts: [swatch, entry.port.name, element("span", ` ${entry.port.id} ${entry.port.country}`, "dim")],
      act: () => choose(entry, true),
    };
  }), shown.length);
  draw();
}

function listProblems() {
  if (data.problems.length === 0) return;
  const title = document.getElementById("problems-title");
  title.hidden = false;
  const errors = data.problems.filter((problem) => problem.severity === "error");
  const many = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
  title.textContent = `Problems: ${many(errors.length, "error")}, ${many(data.problems.length - errors.length, "warning")}`;
  const sorted = [...errors, ...data.problems.filter((problem) => problem.severity !== "error")];
  fill(document.getElementById("problems"), sorted.slice(0, SHOWN).map((problem) => ({
    parts: [problemOf(problem)],
    act: () => {
      const entry = ports.find((entry) => entry.port.id === problem.feature);
      if (entry) choose(entry, true);
    },
  })), sorted.length);
}

function listKinds() {
  const counts = new Map();
  for (const { port } of ports) counts.set(port.kind, (counts.get(port.kind) || 0) + 1);
  for (const [kind, count] of counts) {
    const box = element("input");
    box.type = "checkbox";
    box.checked = true;
    box.value = kind;
    box.addEventListener("change", search);
    const swatch = element("span", undefined, "swatch");
    swatch.style.background = COLOURS[kind] || COLOURS.zone;
    const label = element("label");
    label.append(box, " ", swatch, `${kind} ${count}`);
    const item = element("li");
    item.append(label);
    document.getElementById("kinds").append(item);
  }
}

let last = null;
map.addEventListener("pointerdown", (event) => {
  last = { x: event.clientX, y: event.clientY, moved: false };
});
map.addEventListener("pointermove", (event) => {
  const { left, top, width, height } = map.getBoundingClientRect();
  const lon = view.x + (event.clientX - left - width / 2) / view.scale;
  const lat = unproject(view.y + (event.clientY - top - height / 2) / view.scale);
  document.getElementById("where").textContent = `${lat.toFixed(4)}, ${(((lon + 180) % 360 + 360) % 360 - 180).toFixed(4)}`;
  if (!last || event.buttons === 0) return;
  const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
  // A hand that trembles on a click moves nothing.
  if (!last.moved && Math.hypot(dx, dy) < 4) return;
  if (!last.moved) map.setPointerCapture(event.pointerId);
  map.classList.add("moving");
  view.x -= dx / view.scale;
  view.y -= dy / view.scale;
  last = { x: event.clientX, y: event.clientY, moved: true };
  draw();
});
for (const name of ["pointerup", "pointercancel"]) {
  map.addEventListener(name, () => {
    last = null;
    map.classList.remove("moving");
  });
}
map.addEventListener("wheel", (event) => {
  event.preventDefault();
  const { left, top } = map.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
}, { passive: false });
map.addEventListener("keydown", (event) => {
  const step = 60 / view.scale;
  const moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (event.key === "+" || event.key === "=") return zoom(1.5);
  if (event.key === "-") return zoom(1 / 1.5);
  const move = moves[event.key];
  if (!move) return;
  event.preventDefault();
  view.x += move[0];
  view.y += move[1];
  draw();
});
document.getElementById("in").addEventListener("click", () => zoom(2));
document.getElementById("out").addEventListener("click", () => zoom(0.5));
document.getElementById("all").addEventListener("click", fitShown);
document.getElementById("search").addEventListener("input", search);
window.addEventListener("resize", draw);

document.title = `Ports: ${data.files.join(", ")}`;
document.getElementById("title").textContent = data.files.join(", ");
listKinds();
listProblems();
search();
fitShown();
