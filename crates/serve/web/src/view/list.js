/**
 * The alert list. Only the rows in sight are in the page, all of one height, so that thousands of alerts cost no more than
 * twenty. New ones come in on top with a quiet highlight; whoever has scrolled down keeps their place and gets a pill.
 */

/** @import { State } from "../state.js" */
/** @import { Loader } from "../loader.js" */
/** @import { Row } from "../groups.js" */
import { byId, el } from "../dom.js";
import { DAY, count } from "../format.js";
import { rowsOf } from "../groups.js";
import { shownItems } from "../loader.js";
import { onceAFrame } from "../state.js";
import { narrowing } from "../filters.js";
import { rowElement } from "./row.js";

export const ROW_HEIGHT = 92;
/** Rows kept above and below the visible part. */
const OVERSCAN = 4;
/** How long a new row stays highlighted; the style sheet has the same figure. */
const FRESH_MS = 6000;

export class AlertList {
  #state;
  #loader;
  #box = byId("alert-list");
  #pill = byId("new-pill");
  #note = byId("list-note");
  #spacer = el("div", { class: "list-spacer", role: "presentation" });
  /** @type {Row[]} */
  #rows = [];
  /** Keys that came in while the list was scrolled down. @type {Set<string>} */
  #unseen = new Set();
  /** Keys to highlight, with when they came. @type {Map<string, number>} */
  #fresh = new Map();
  /** Elements in the page by key, with what they say. @type {Map<string, { node: HTMLElement, says: string }>} */
  #elements = new Map();
  /** @type {string | null} */
  #cursor = null;
  /** @type {() => void} */
  onOpen = () => {};

  /** @param {State} state @param {Loader} loader */
  constructor(state, loader) {
    this.#state = state;
    this.#loader = loader;
    this.#box.append(this.#spacer);
    const draw = onceAFrame(() => this.#draw());
    const refresh = onceAFrame(() => this.#refresh());
    this.#box.addEventListener("scroll", () => {
      if (this.#box.scrollTop < ROW_HEIGHT / 2) this.#unseen.clear();
      draw();
    }, { passive: true });
    new ResizeObserver(draw).observe(this.#box);
    this.#pill.addEventListener("click", () => {
      this.#box.scrollTo({ top: 0, behavior: "auto" });
      this.#box.focus();
    });
    this.#box.addEventListener("click", (event) => this.#clicked(event));
    state.on(["alerts", "filters", "mode", "ports", "list"], refresh);
    state.on(["selection"], () => {
      this.#cursor = this.#keyOf(state.selection.alert) ?? this.#cursor;
      draw();
    });
    state.on(["filters"], () => {
      this.#unseen.clear();
      this.#fresh.clear();
      this.#box.scrollTop = 0;
    });
    setInterval(draw, 20_000);
  }

  /** An alert came by the stream. @param {string} id */
  arrived(id) {
    this.#fresh.set(id, Date.now());
    if (this.#fresh.size > 200) this.#fresh.delete(/** @type {string} */ (this.#fresh.keys().next().value));
    if (this.#box.scrollTop >= ROW_HEIGHT / 2) this.#unseen.add(id);
  }

  /** Takes what the state holds, and keeps the row at the top of the view where it is. */
  #refresh() {
    const top = Math.floor(this.#box.scrollTop / ROW_HEIGHT);
    const anchor = this.#rows[top]?.key;
    this.#rows = rowsOf(shownItems(this.#state, this.#loader), this.#state.filters.group);
    if (this.#box.scrollTop >= ROW_HEIGHT / 2 && anchor) {
      const now = this.#rows.findIndex(({ key }) => key === anchor);
      if (now > top) this.#box.scrollTop += (now - top) * ROW_HEIGHT;
    }
    this.#draw();
  }

  #draw() {
    const { scrollTop, clientHeight } = this.#box;
    this.#spacer.style.height = `${this.#rows.length * ROW_HEIGHT}px`;
    const first = Math.max(0, Math.floor(scrollTop / ROW_HEIGHT) - OVERSCAN);
    const last = Math.min(this.#rows.length, Math.ceil((scrollTop + clientHeight) / ROW_HEIGHT) + OVERSCAN);
    this.#place(first, last);
    const current = this.#spacer.querySelector(".current");
    if (current) this.#box.setAttribute("aria-activedescendant", current.id);
    else this.#box.removeAttribute("aria-activedescendant");
    this.#drawNotes();
    if (this.#state.live && last + 10 >= this.#rows.length && this.#state.list.error === "") void this.#loader.more();
  }

  /**
   * Puts the rows in sight. An element stays as long as what it says is the same: a click needs the same element under the
   * pointer when the button goes down and up, and alerts come at any moment.
   * @param {number} first @param {number} last
   */
  #place(first, last) {
    const selected = this.#state.selection.alert;
    const now = this.#state.now;
    const today = now === null ? null : Math.floor(now / DAY);
    /** @type {Map<string, { node: HTMLElement, says: string }>} */
    const elements = new Map();
    for (let index = first; index < last; index++) {
      const row = this.#rows[index];
      const came = Math.max(...row.items.map(({ alert }) => this.#fresh.get(alert.id) ?? 0));
      const says = JSON.stringify([row.lead.seq, row.lead.alert.id, row.lead.alert.revision, row.at, row.items.length, row.unacknowledged, came, today]);
      const known = this.#elements.get(row.key);
      const node = known?.says === says ? known.node : rowElement(this.#state, row);
      const chosen = selected !== null && row.items.some(({ alert }) => alert.id === selected);
      node.classList.toggle("chosen", chosen);
      node.setAttribute("aria-selected", String(chosen));
      node.classList.toggle("current", row.key === this.#cursor);
      node.classList.toggle("fresh", Date.now() - came < FRESH_MS);
      node.setAttribute("aria-posinset", String(index + 1));
      node.setAttribute("aria-setsize", String(this.#rows.length));
      node.style.top = `${index * ROW_HEIGHT}px`;
      elements.set(row.key, { node, says });
    }
    for (const [key, { node }] of this.#elements) if (elements.get(key)?.node !== node) node.remove();
    // In order for those who read the page and do not see it; what stands right is not touched.
    let before = this.#spacer.firstElementChild;
    for (const { node } of elements.values()) {
      if (node === before) before = before.nextElementSibling;
      else this.#spacer.insertBefore(node, before);
    }
    this.#elements = elements;
  }

  #drawNotes() {
    const { loading, error, cursor } = this.#state.list;
    this.#pill.hidden = this.#unseen.size === 0;
    this.#pill.textContent = `${this.#unseen.size} new`;
    const shown = this.#rows.reduce((sum, row) => sum + row.items.length, 0);
    const total = this.#state.stats?.alerts.total;
    const of = this.#state.live && total !== undefined && (cursor !== null || narrowing(this.#state.filters)) ? ` of ${count(Math.max(total, shown))}` : "";
    byId("alerts-count").textContent = `${count(shown)}${of}`;
    const note = error || (this.#rows.length ? "" : loading ? "Loading…" : this.#emptyNote());
    this.#note.hidden = note === "";
    if (this.#note.textContent !== note) this.#note.textContent = note;
    this.#note.dataset.tone = error ? "error" : "";
  }

  #emptyNote() {
    if (narrowing(this.#state.filters)) return "No alert matches the filters.";
    return this.#state.live ? "No alerts yet." : "No alert was known at this time.";
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const node = /** @type {Element} */ (event.target).closest("[data-key]");
    const row = this.#rows.find(({ key }) => key === /** @type {HTMLElement | null} */ (node)?.dataset.key);
    if (row) this.#open(row);
  }

  /** @param {Row} row */
  #open(row) {
    this.#cursor = row.key;
    this.#state.select({ alert: row.lead.alert.id, vessel: null });
    this.#draw();
    this.onOpen();
  }

  /** @param {string | null} id of an alert */
  #keyOf(id) {
    return (id && this.#rows.find((row) => row.items.some(({ alert }) => alert.id === id))?.key) || null;
  }

  /** Moves the cursor of the keyboard. @param {number} by rows */
  move(by) {
    if (!this.#rows.length) return;
    const at = this.#rows.findIndex(({ key }) => key === this.#cursor);
    const next = Math.max(0, Math.min(this.#rows.length - 1, at < 0 ? 0 : at + by));
    this.#cursor = this.#rows[next].key;
    const top = next * ROW_HEIGHT;
    const { scrollTop, clientHeight } = this.#box;
    if (top < scrollTop) this.#box.scrollTop = top;
    else if (top + ROW_HEIGHT > scrollTop + clientHeight) this.#box.scrollTop = top + ROW_HEIGHT - clientHeight;
    this.#draw();
    this.#box.focus({ preventScroll: true });
  }

  openCurrent() {
    const row = this.#rows.find(({ key }) => key === this.#cursor);
    if (row) this.#open(row);
  }

  /** The alert under the cursor. */
  get currentId() {
    return this.#rows.find(({ key }) => key === this.#cursor)?.lead.alert.id ?? null;
  }

  focus() {
    this.#box.focus({ preventScroll: true });
  }
}
