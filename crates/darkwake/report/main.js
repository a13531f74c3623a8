/** Puts the report together. */

import { byId, el } from "../../serve/web/src/dom.js";
import { concerned, standing } from "./data.js";
import { drawReception } from "./reception.js";
import { drawSource } from "./source.js";
import { drawSummary } from "./summary.js";
import { drawTables } from "./tables.js";
import { ShipMap } from "./map.js";
import { Timeline } from "./timeline.js";

const root = document.documentElement;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
/** What a person chose, if one has. @type {string | null} */
let chosen = null;

function setTheme() {
  const theme = isPrinted ? "light" : (chosen ?? (prefersDark.matches ? "dark" : "light"));
  root.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
  byId("theme").setAttribute("aria-label", `Switch to the ${theme === "dark" ? "light" : "dark"} scheme`);
}

let isPrinted = false;
setTheme();
byId("theme").addEventListener("click", () => {
  chosen = root.dataset.theme === "dark" ? "light" : "dark";
  setTheme();
});
prefersDark.addEventListener("change", setTheme);

drawSummary();
const shipMap = standing.length ? new ShipMap() : without("map", "There is no alert, and so nothing to draw.");
const timeline = concerned.length ? new Timeline() : without("timeline", "No ship has an alert.");
drawTables();
const reception = drawReception();
drawSource();

document.addEventListener("click", ({ target }) => {
  const show = target instanceof Element ? target.closest("[data-show]")?.getAttribute("data-show") : null;
  if (show) shipMap?.focus(Number(show));
});

/** Says why a section is empty. @param {string} id @param {string} why @returns {null} */
function without(id, why) {
  byId(id).append(el("p", { class: "lead" }, why));
  return null;
}

/** Paper is white and narrower. @param {boolean} isPaper */
function print(isPaper) {
  if (isPrinted === isPaper) return;
  isPrinted = isPaper;
  setTheme();
  shipMap?.chart.paper(isPaper);
  reception?.paper(isPaper);
  timeline?.paper(isPaper);
}
matchMedia("print").addEventListener("change", ({ matches }) => print(matches));
addEventListener("beforeprint", () => print(true));
addEventListener("afterprint", () => print(false));
root.dataset.drawn = "true";
