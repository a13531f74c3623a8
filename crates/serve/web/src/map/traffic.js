/** The ships in and around the view: fetched when the view moves on, kept up to date by the stream, at a past time in replay. */

/** @import { State } from "../state.js" */
/** @import { Bounds, Vessel } from "../types.js" */
import { covers, isFarLarger, withMargin } from "./bounds.js";

/** Margin around the view, as a share of it, so that a small move needs no new ships. */
const MARGIN = 0.5;

export class Traffic {
  #state;
  /** @type {Bounds | null} */
  #bounds = null;
  /** @type {AbortController | null} */
  #running = null;
  #again = false;
  /** Ships that changed since the map last drew them; null for "all". @type {Map<number, Vessel> | null} */
  changes = null;
  /** The window of the stream moved. @type {(bounds: Bounds) => void} */
  onWindow = () => {};

  /** @param {State} state */
  constructor(state) {
    this.#state = state;
  }

  /** @param {Bounds} view not wrapped: east > west */
  moveTo(view) {
    if (this.#bounds && covers(this.#bounds, view) && !isFarLarger(this.#bounds, view)) return;
    this.#bounds = withMargin(view, MARGIN);
    this.onWindow(this.#bounds);
    void this.load();
  }

  get window() {
    return this.#bounds;
  }

  /** Fetches all ships of the window. While one fetch runs the next waits, so that a moving slider does not pile them up. */
  async load() {
    if (!this.#bounds) return;
    if (this.#running && !this.#state.live) {
      this.#again = true;
      return;
    }
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    const { at } = this.#state.mode;
    try {
      const { t, vessels, truncated } = await this.#state.api.vessels(this.#bounds, at, running.signal);
      const stillWanted = (at === null) === this.#state.live;
      if (stillWanted) this.#take(vessels, truncated);
      if (at === null) this.#state.moveTime(t);
    } catch {
      // The banner tells that the server is away; the ships on the map stay as last heard.
    } finally {
      if (this.#running === running) this.#running = null;
      if (this.#again) {
        this.#again = false;
        void this.load();
      }
    }
  }

  /** @param {Vessel[]} vessels @param {boolean} truncated */
  #take(vessels, truncated) {
    this.#state.vessels = new Map(vessels.map((vessel) => [vessel.mmsi, vessel]));
    this.#state.vesselsTruncated = truncated;
    this.changes = null;
    this.#state.changed("vessels");
  }

  /** Takes changed ships from the stream. @param {Vessel[]} vessels */
  patch(vessels) {
    if (!this.#state.live) return;
    for (const vessel of vessels) {
      const known = this.#state.vessels.get(vessel.mmsi);
      if (known && known.t > vessel.t) continue;
      this.#state.vessels.set(vessel.mmsi, vessel);
      this.changes?.set(vessel.mmsi, vessel);
    }
    if (vessels.length) this.#state.changed("vessels");
  }
}
