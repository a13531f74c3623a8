/** Buttons and legend over the map. */

/** @import { MapView } from "../map/view.js" */
import { byId, el, svg } from "../dom.js";
import { icon } from "./icons.js";

/** @type {[string, string, string][]} state, words, form */
const SHIPS = [
  ["normal", "Heard", "arrow"], ["normal", "Heard, stands still", "dot"], ["silent", "Silent, not graded", "hollow"], ["unknown-reception", "Silent, reception not known", "disc-hollow"],
  ["suspected", "Dark, suspected", "disc-hollow"], ["probable", "Dark, probable", "disc"], ["strong", "Dark, strong", "disc"],
];

/** @param {string} state @param {string} form */
function mark(state, form) {
  const arrow = (/** @type {number} */ scale, /** @type {string} */ kind) => svg("path", { d: "M0-9L6 8 0 4.6-6 8z", transform: `scale(${scale})`, class: kind });
  return svg("svg", { viewBox: "-10 -10 20 20", width: 18, height: 18, class: `mark mark-${state}`, "aria-hidden": "true" },
    form.startsWith("disc") ? svg("circle", { r: 9, class: "mark-disc" }) : null,
    form === "dot" ? svg("circle", { r: 4, class: "mark-full" }) : null,
    form === "arrow" ? arrow(0.85, "mark-full") : null,
    form === "hollow" ? arrow(0.85, "mark-hollow") : null,
    form === "disc" ? arrow(0.6, "mark-full") : null,
    form === "disc-hollow" ? arrow(0.6, "mark-hollow") : null,
  );
}

/** @param {string} kind */
const swatch = (kind) => el("span", { class: `swatch swatch-${kind}`, attrs: { "aria-hidden": "true" } });

/** @param {MapView} view @param {{ fit: () => void }} actions */
export function startMapTools(view, actions) {
  const reception = el("button", { class: "tool map-tool", type: "button", testid: "reception-toggle", title: "Reception (r)", attrs: { "aria-label": "Show reception", "aria-pressed": "false" } }, icon("layers"));
  const ramp = el("li", { hidden: true }, swatch("ramp"), "Reception, 0 to 100 % of the time");
  const toggle = () => {
    view.showReception(!view.reception);
    reception.setAttribute("aria-pressed", String(view.reception));
    ramp.hidden = !view.reception;
  };
  reception.addEventListener("click", toggle);
  const zoom = (/** @type {string} */ text, /** @type {string} */ label, /** @type {() => void} */ click) =>
    el("button", { class: "tool map-tool", type: "button", title: label, attrs: { "aria-label": label }, on: { click } }, text);
  byId("map-tools").append(
    zoom("+", "Zoom in", () => view.map?.zoomIn()), zoom("−", "Zoom out", () => view.map?.zoomOut()),
    el("button", { class: "tool map-tool", type: "button", testid: "map-fit", title: "Fit to the selection (f)", attrs: { "aria-label": "Fit to the selection" }, on: { click: actions.fit } }, icon("frame")),
    reception,
  );
  byId("legend").append(
    el("details", {},
      el("summary", {}, "Legend"),
      el("ul", {},
        ...SHIPS.map(([state, words, form]) => el("li", {}, mark(state, form), words)),
        el("li", {}, swatch("ring"), "Listed ship"),
        el("li", {}, swatch("port-listed"), "Listed port"), el("li", {}, swatch("port"), "Port"),
        el("li", {}, swatch("track"), "Track"), el("li", {}, swatch("silence"), "Silence: the way is not known"),
        el("li", {}, swatch("reach"), "Water it could have reached"),
        el("li", {}, swatch("area"), "Outage or interference"),
        ramp,
      ),
      el("p", { class: "muted small" }, "Coast and borders: Natural Earth. Not for navigation."),
    ),
  );
  return { toggleReception: toggle };
}
