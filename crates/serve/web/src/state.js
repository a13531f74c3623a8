/**
 * What the page knows, in one place, and who wants to hear of changes. Views read from it and never from each other.
 */

/** @import { Api } from "./api.js" */
/** @import { Item, Me, Port, Stats, Vessel } from "./types.js" */
/** @import { Filters } from "./filters.js" */
/** @import { StreamState } from "./stream.js" */
import { AlertBook } from "./alerts.js";
import { clean } from "./text.js";
import { noFilters } from "./filters.js";

/** @typedef {"alerts" | "time" | "stats" | "stream" | "mode" | "selection" | "filters" | "me" | "theme" | "vessels" | "ports" | "list" | "follow"} Topic */

/**
 * `at` is the time that replay shows, null while live.
 * @typedef {{ at: number | null, playing: boolean, speed: number }} Mode
 */

/** @typedef {{ alert: string | null, vessel: number | null }} Selection */

export class State {
  /** @type {Map<Topic, Set<() => void>>} */
  #listeners = new Map();

  /** @type {Me | null} */
  me = null;
  /** @type {Stats | null} */
  stats = null;
  /** Newest event time of the stream. @type {number | null} */
  time = null;
  /** Wall clock when event time last moved. */
  timeMovedAt = Date.now();
  /** @type {StreamState} */
  stream = { status: "connecting", since: Date.now(), retryAt: null, reason: "" };
  /** @type {Mode} */
  mode = { at: null, playing: false, speed: 300 };
  /** @type {Filters} */
  filters = noFilters();
  /** @type {Selection} */
  selection = { alert: null, vessel: null };
  follow = false;
  alerts = new AlertBook();
  /** @type {Map<number, Vessel>} */
  vessels = new Map();
  vesselsTruncated = false;
  /** @type {Map<string, Port>} */
  ports = new Map();
  /** How far the list is loaded. @type {{ loading: boolean, error: string, cursor: string | null, floor: { at: number, seq: number } | null }} */
  list = { loading: true, error: "", cursor: null, floor: null };

  /** @param {Api} api */
  constructor(api) {
    this.api = api;
  }

  /** The time that the page shows: that of replay, else the newest. */
  get now() {
    return this.mode.at ?? this.time;
  }

  get live() {
    return this.mode.at === null;
  }

  get mayAcknowledge() {
    return this.me?.role === "operator";
  }

  /** @param {Topic[]} topics @param {() => void} listener */
  on(topics, listener) {
    for (const topic of topics) {
      const set = this.#listeners.get(topic) ?? new Set();
      set.add(listener);
      this.#listeners.set(topic, set);
    }
  }

  /** @param {Topic} topic */
  changed(topic) {
    for (const listener of this.#listeners.get(topic) ?? []) listener();
  }

  /**
   * Answers may overtake each other, so they only move time on. The stream is in order: it may also move it back, when a
   * server begins another story.
   * @param {number | null | undefined} t @param {{ inOrder?: boolean }} [options]
   */
  moveTime(t, { inOrder = false } = {}) {
    if (typeof t !== "number" || t === this.time || (!inOrder && this.time !== null && t < this.time)) return;
    this.time = t;
    this.timeMovedAt = Date.now();
    this.changed("time");
  }

  /** @param {Selection} selection */
  select(selection) {
    const same = this.selection.alert === selection.alert && this.selection.vessel === selection.vessel;
    if (same) return;
    this.selection = selection;
    this.follow = false;
    this.changed("selection");
    this.changed("follow");
  }

  /** The selected item as known at the time shown. @returns {Item | null | "unknown"} */
  get selectedItem() {
    const item = this.selection.alert ? this.alerts.get(this.selection.alert) : null;
    if (!item || this.mode.at === null) return item;
    return this.alerts.asOf(item, this.mode.at);
  }

  /** The ship that is selected, by itself or through its alert. */
  get selectedMmsi() {
    if (this.selection.vessel !== null) return this.selection.vessel;
    const item = this.selection.alert ? this.alerts.get(this.selection.alert) : null;
    return item?.alert.vessel?.mmsi ?? null;
  }

  /** @param {string} id */
  portName = (id) => clean(this.ports.get(id)?.name, 60) || id;
}

/**
 * Calls `run` at most once a frame however often it is asked, so that a burst of events costs one redraw.
 * @param {() => void} run
 */
export function onceAFrame(run) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      run();
    });
  };
}

/**
 * Calls `run` at most once in `ms`, the last call included.
 * @param {() => void} run @param {number} ms
 */
export function atMostEvery(run, ms) {
  let last = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      last = Date.now();
      run();
    }, Math.max(0, last + ms - Date.now()));
  };
}
