/** Light or dark: as the system says, until a person chooses. */

/** @import { State } from "./state.js" */

const KEY = "darkwake.theme";

/** @param {State} state @param {string} theme */
function set(state, theme) {
  document.documentElement.dataset.theme = theme;
  state.changed("theme");
}

/** @param {State} state */
export function toggleTheme(state) {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem(KEY, next);
  set(state, next);
}

/** @param {State} state */
export function followSystemTheme(state) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", ({ matches }) => {
    if (!localStorage.getItem(KEY)) set(state, matches ? "dark" : "light");
  });
}
