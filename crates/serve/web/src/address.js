/** Keeps the address of the page and the state alike: what is shown can be shared, and back and forward work. */

/** @import { State } from "./state.js" */
import { parseSearch, toSearch } from "./filters.js";

/** @param {State} state */
export function readAddress(state) {
  const { filters, place } = parseSearch(location.search);
  state.filters = filters;
  state.selection = { alert: place.alert, vessel: place.vessel };
  return place;
}

/**
 * @param {State} state
 * @param {(at: number | null) => void} goTo shows a time, null for live
 */
export function keepAddress(state, goTo) {
  let reading = false;

  /** @param {boolean} push a step that "back" undoes */
  const write = (push) => {
    if (reading) return;
    // While it plays, the time in the address stays where it was: browsers refuse a change every moment.
    const at = state.mode.at !== null && !state.mode.playing ? Math.round(state.mode.at) : null;
    const search = toSearch(state.filters, { ...state.selection, at });
    if (search === location.search) return;
    history[push ? "pushState" : "replaceState"](null, "", location.pathname + search);
  };

  let lastQuery = state.filters.q;
  state.on(["filters"], () => {
    // Each letter typed into the search is no step of its own.
    write(state.filters.q === lastQuery);
    lastQuery = state.filters.q;
  });
  state.on(["selection"], () => write(true));
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  state.on(["mode"], () => {
    clearTimeout(timer);
    timer = setTimeout(() => write(false), 400);
  });

  addEventListener("popstate", () => {
    reading = true;
    const place = readAddress(state);
    state.changed("filters");
    state.changed("selection");
    if (place.at !== state.mode.at) goTo(place.at);
    reading = false;
  });
}
