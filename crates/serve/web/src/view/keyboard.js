/** Keys of the page. They rest while somebody types, and while a dialog is open. */

import { dialogIsOpen } from "./dialogs.js";

const SCROLLING = new Set([" ", "ArrowUp", "ArrowDown", "Enter"]);

/** @param {Record<string, (event: KeyboardEvent) => void>} actions by key; "Escape" also works while typing */
export function listenToKeys(actions) {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || dialogIsOpen()) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = target.closest("input:not([type=range]), textarea, select") !== null;
    if (typing && event.key !== "Escape") return;
    // Buttons and links have their own use for these.
    const pressed = target.closest("button, summary, a") !== null && (event.key === "Enter" || event.key === " ");
    // The map moves with the arrow keys, the slider too.
    const moves = target.closest(".maplibregl-canvas, input[type=range]") !== null && event.key.startsWith("Arrow");
    // What scrolls needs them for that.
    const scrolls = target.closest("#detail, .table-frame, pre, .filters-more, .legend, .popover") !== null && SCROLLING.has(event.key);
    const action = actions[event.key];
    if (!action || pressed || moves || scrolls) return;
    event.preventDefault();
    action(event);
  });
}
