/** Texts such as "3 min ago" that stay true while the page is open. */

/** @import { State } from "../state.js" */
import { el } from "../dom.js";
import { ago } from "../format.js";
import { atMostEvery } from "../state.js";

/** @param {State} state @param {number} t */
export const agoNode = (state, t) => el("span", { data: { ago: t } }, ago(t, state.now));

/** @param {State} state */
export function keepAgo(state) {
  const draw = atMostEvery(() => {
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-ago]"))) {
      node.textContent = ago(Number(node.dataset.ago), state.now);
    }
  }, 2000);
  state.on(["time", "mode"], draw);
}
