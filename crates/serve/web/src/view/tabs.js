/** On a phone one view at a time: alerts, map, detail. */

import { byId, el } from "../dom.js";
import { icon } from "./icons.js";

/** @typedef {"alerts" | "map" | "detail"} Tab */

/** @type {[Tab, string, Parameters<typeof icon>[0]][]} */
const TABS = [["alerts", "Alerts", "list"], ["map", "Map", "map"], ["detail", "Detail", "info"]];

/** @param {() => void} onMap the map has become visible */
export function startTabs(onMap) {
  const buttons = new Map(TABS.map(([tab, label, name]) => [tab, el("button", { type: "button", testid: `tab-${tab}`, on: { click: () => show(tab) } }, icon(name), label)]));
  byId("tabs").append(...buttons.values());

  /** @param {Tab} tab */
  function show(tab) {
    document.body.dataset.tab = tab;
    for (const [name, button] of buttons) button.setAttribute("aria-current", String(name === tab));
    if (tab === "map") onMap();
  }
  show("alerts");
  return { show };
}
