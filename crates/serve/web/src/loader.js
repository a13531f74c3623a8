/** Fetches the pages of the alert list, and the earlier revisions that replay needs. */

/** @import { State } from "./state.js" */
/** @import { Item } from "./types.js" */
import { matches, toQuery } from "./filters.js";
import { newestFirst } from "./alerts.js";
import { ApiError } from "./api.js";
import { DAY, HOUR } from "./format.js";

const PAGE = 100;
/** Reports come late by minutes, so what was told just before the newest alert may still be missing. */
const OVERLAP_MS = HOUR;
/** Pages read when replay begins: what was told in the last 24 h, and not without end. */
const MOST_REPLAY_PAGES = 10;
/** Earlier revisions are asked for a few at a time, with a pause between: the server limits requests a second. */
const AT_ONCE = 2;
const PAUSE_MS = 60;
const RATE_LIMITED = 429;

export class Loader {
  #state;
  /** @type {AbortController | null} */
  #running = null;
  #caughtUp = false;
  /** An alert came while the stream was away. @type {(item: Item) => void} */
  onMissed = () => {};
  /** @type {Set<string>} */
  #wanted = new Set();
  /** @type {Set<string>} */
  #fetching = new Set();
  /** Not asked for again until everything is fetched anew. @type {Set<string>} */
  #failed = new Set();

  /** @param {State} state */
  constructor(state) {
    this.#state = state;
  }

  /** Reads the first page for the filters that stand. */
  async first() {
    this.#state.list = { loading: true, error: "", cursor: null, floor: null };
    this.#state.changed("list");
    await this.#page();
  }

  /** Reads the next page, if there is one and none is under way. */
  async more() {
    const { loading, cursor } = this.#state.list;
    if (!loading && cursor !== null) await this.#page();
  }

  async #page() {
    const state = this.#state;
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    const query = toQuery(state.filters);
    query.set("limit", String(PAGE));
    if (state.list.cursor) query.set("cursor", state.list.cursor);
    state.list = { ...state.list, loading: true, error: "" };
    state.changed("list");
    try {
      const { alerts, next } = await state.api.alerts(query, running.signal);
      for (const item of alerts) state.alerts.put(item);
      const last = alerts.at(-1);
      const floor = next === null ? null : last ? { at: last.alert.at, seq: last.seq } : state.list.floor;
      state.list = { loading: false, error: "", cursor: next, floor };
      state.changed("alerts");
    } catch (cause) {
      if (running.signal.aborted) return;
      state.list = { ...state.list, loading: false, error: cause instanceof ApiError ? cause.message : String(cause) };
    }
    state.changed("list");
  }

  /**
   * Closes the gap between what is known and a stream that begins now: what was told since, whatever the filters. What is
   * newer than all that was known came while the stream was away, and is told like what comes by the stream; not so the
   * first time, when the page knows only what its filters let through.
   */
  async recent() {
    const newest = Math.max(...[...this.#state.alerts.all()].map(({ alert }) => alert.at));
    if (!Number.isFinite(newest)) return;
    const query = new URLSearchParams({ since: String(newest - OVERLAP_MS), limit: "500" });
    try {
      const { alerts } = await this.#state.api.alerts(query);
      for (const item of alerts.reverse()) {
        if (this.#caughtUp && item.alert.at > newest) this.onMissed(item);
        else this.#state.alerts.put(item);
      }
      this.#caughtUp = true;
      this.#state.changed("alerts");
    } catch {
      // The stream that just opened tells of each fault by itself.
    }
  }

  /** For replay: everything told since a day before, so that what was known at each moment can be shown. @param {number} from */
  async forReplay(from) {
    const query = new URLSearchParams({ since: String(Math.round(from - DAY)), limit: "500" });
    try {
      for (let page = 0; page < MOST_REPLAY_PAGES; page++) {
        const { alerts, next } = await this.#state.api.alerts(query);
        for (const item of alerts) this.#state.alerts.put(item);
        this.#state.changed("alerts");
        if (next === null) return;
        query.set("cursor", next);
      }
    } catch (cause) {
      this.#state.list = { ...this.#state.list, error: cause instanceof ApiError ? cause.message : String(cause) };
      this.#state.changed("list");
    }
  }

  /** Asks for the earlier revisions of an alert; a few at a time. @param {string} id */
  want(id) {
    if (this.#wanted.has(id) || this.#fetching.has(id) || this.#failed.has(id)) return;
    this.#wanted.add(id);
    this.#next();
  }

  /** After a reset nothing that was fetched before counts. */
  forget() {
    this.#wanted.clear();
    this.#failed.clear();
  }

  #next() {
    if (this.#fetching.size >= AT_ONCE) return;
    const [id] = this.#wanted;
    if (id === undefined) return;
    this.#wanted.delete(id);
    this.#fetching.add(id);
    this.#state.api
      .alert(id)
      .then(({ revisions }) => {
        this.#state.alerts.putRevisions(id, revisions);
        this.#state.changed("alerts");
      })
      .catch((cause) => {
        if (!(cause instanceof ApiError && cause.status === RATE_LIMITED)) this.#failed.add(id);
      })
      .finally(() => {
        setTimeout(() => {
          this.#fetching.delete(id);
          this.#next();
        }, PAUSE_MS);
      });
  }
}

/**
 * The items that the list shows now: those that match the filters, as known at the time shown, newest first. Nothing older
 * than the last page read, because between the two something may not be loaded yet.
 * @param {State} state @param {Loader} loader
 * @returns {Item[]}
 */
export function shownItems(state, loader) {
  const { floor } = state.list;
  const shown = [];
  for (const known of state.alerts.all()) {
    const item = state.mode.at === null ? known : state.alerts.asOf(known, state.mode.at);
    if (item === null) continue;
    if (item === "unknown") {
      loader.want(known.alert.id);
      continue;
    }
    if (state.live && floor && (item.alert.at < floor.at || (item.alert.at === floor.at && item.seq < floor.seq))) continue;
    if (matches(state.filters, item, state.portName)) shown.push(item);
  }
  return shown.sort(newestFirst);
}
