/** Where ships are heard, as it was learned from the inputs. */

import { byId, el, svg } from "../../serve/web/src/dom.js";
import { count } from "../../serve/web/src/format.js";
import { Chart } from "./chart.js";
import { report } from "./data.js";
import { besideWindow, decoded, planePoints, ringPath } from "./mercator.js";
import { leftOut } from "./pieces.js";

/** Corners of cells are whole steps of this many to the degree. */
const CELL_SCALE = 1_000;
/** Shares of the table, lowest first. */
const BANDS = /** @type {[number, number][]} */ ([[0, 0.2], [0.2, 0.5], [0.5, 0.8], [0.8, 0.95], [0.95, 1.01]]);

/** Colour of a share, as on the page. @param {number} q */
function tone(q) {
  const [from, to, part] = q < 0.5 ? ["map-q0", "map-q1", q / 0.5] : ["map-q1", "map-q2", (q - 0.5) / 0.5];
  return `color-mix(in srgb, var(--${from}), var(--${to}) ${(part * 100).toFixed(0)}%)`;
}

/** @returns {Chart | null} none where nothing was learned */
export function drawReception() {
  const place = byId("reception");
  if (!report.cells.length) {
    place.append(el("p", { class: "lead" }, "Too little was heard to learn where ships are heard: nothing is known of reception in the first 12 h."));
    return null;
  }
  const chart = new Chart({ label: "Map of reception", testid: "reception-map", ratio: 0.5 });
  /** @type {[number, number][]} */
  const home = [];
  for (const [q, ...steps] of report.cells) {
    const corners = decoded(steps, CELL_SCALE);
    const path = svg("path", { class: "cell", d: ringPath(corners, besideWindow) }, svg("title", {}, `q ${(q / 1000).toFixed(2)}`));
    path.style.fill = tone(q / 1000);
    chart.under.append(path);
    home.push(planePoints(corners)[0]);
  }
  chart.setHome(home);
  place.append(
    el("p", { class: "lead" }, "Share of spells of ten minutes in which a ship with a class A transponder is heard, by cell, at the end of the inputs. Silence counts only where others are heard."),
    el("figure", { class: "plot" }, chart.node, el("figcaption", {}, legend(),
      el("p", { class: "source-line" }, `Source: learned from the inputs, ${count(report.cells.length)} cells (H3, resolution 5, some 250 km² each) with enough passages to tell.`))),
    bandTable(),
    leftOut(report.left_out.cells, "cells with the fewest reports are left out of this file; darkwake reception export has all.") ?? "",
  );
  return chart;
}

function legend() {
  const bar = el("span", { class: "ramp" });
  bar.style.background = `linear-gradient(to right, ${[0, 0.25, 0.5, 0.75, 1].map(tone).join(", ")})`;
  return el("div", { class: "ramp-key" }, el("span", {}, "q: 0, never heard"), bar, el("span", {}, "1, always heard"));
}

function bandTable() {
  const all = report.cells.map((/** @type {number[]} */ [q]) => q / 1000);
  const lines = [...BANDS].reverse().map(([from, to]) => {
    const number = all.filter((/** @type {number} */ q) => q >= from && q < to).length;
    const swatch = el("span", { class: "swatch" });
    swatch.style.background = tone((from + Math.min(1, to)) / 2);
    return el("tr", {}, el("th", { attrs: { scope: "row" } }, swatch, `${from.toFixed(2)} to ${Math.min(1, to).toFixed(2)}`), el("td", { class: "number" }, count(number)));
  });
  return el("details", { class: "fold" }, el("summary", {}, "The same in numbers"),
    el("table", { class: "small-table narrow" }, el("caption", {}, "Cells by share heard"), el("thead", {}, el("tr", {}, el("th", { attrs: { scope: "col" } }, "q"), el("th", { class: "number", attrs: { scope: "col" } }, "Cells"))), el("tbody", {}, ...lines)));
}
