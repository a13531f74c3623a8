/** The detail panel: one alert with all that stands behind it, or one ship. */

/** @import { State } from "../state.js" */
/** @import { Alert, AlertHistory, Item, VesselDetail } from "../types.js" */
import { ApiError } from "../api.js";
import { byId, el, outside } from "../dom.js";
import { utc, utcFull } from "../format.js";
import { KINDS, SEVERITIES, STATUSES, TAGS } from "../words.js";
import { shipName } from "../text.js";
import { atMostEvery } from "../state.js";
import { agoNode } from "../view/ago.js";
import { icon } from "../view/icons.js";
import { beforeAfter, evidenceSection } from "./evidence.js";
import { judgement } from "./score.js";
import { portsSection } from "./ports.js";
import { acksSection, entriesOf, revisionsSection, storySection } from "./story.js";
import { sourceSection } from "./source.js";
import { lastReport, shipAlerts, vesselSection } from "./vessel.js";

/**
 * @typedef {{
 *   acknowledge: (item: Item) => void, copy: (text: string, what: string) => void, fit: () => void, close: () => void,
 * }} Actions
 */

export class DetailPanel {
  #state;
  #actions;
  #box = byId("detail");
  /** @type {AbortController | null} */
  #running = null;
  /** @type {AlertHistory | null} */
  #history = null;
  /** @type {VesselDetail | null} */
  #vessel = null;
  #error = "";
  #drawn = "";

  /** @param {State} state @param {Actions} actions */
  constructor(state, actions) {
    this.#state = state;
    this.#actions = actions;
    const again = atMostEvery(() => void this.#fetch(), 1500);
    state.on(["selection"], () => {
      this.#history = this.#vessel = null;
      this.#error = "";
      this.#drawn = "";
      void this.#fetch();
      this.#draw();
    });
    state.on(["alerts"], () => {
      const item = this.#state.selection.alert ? this.#state.alerts.get(this.#state.selection.alert) : null;
      const newest = this.#history?.revisions.at(-1)?.alert.revision ?? -1;
      if (item && this.#history && item.alert.revision > newest) again();
      this.#draw();
    });
    state.on(["mode", "me", "ports", "follow"], () => this.#draw());
    const report = atMostEvery(() => this.#drawReport(), 1000);
    state.on(["vessels"], report);
  }

  /** Fetches the whole history anew, after an acknowledgement for example. */
  refresh() {
    void this.#fetch();
  }

  async #fetch() {
    const { api, selection } = this.#state;
    this.#running?.abort();
    if (selection.alert === null && selection.vessel === null) return;
    const running = (this.#running = new AbortController());
    try {
      if (selection.alert !== null) {
        this.#history = await api.alert(selection.alert, running.signal);
        this.#learn(this.#history);
      }
      const mmsi = this.#state.selectedMmsi;
      if (mmsi !== null) this.#vessel = await api.vessel(mmsi, running.signal).catch(missing);
      if (running.signal.aborted) return;
      this.#error = "";
      for (const item of this.#vessel?.alerts ?? []) this.#state.alerts.put(item);
    } catch (cause) {
      if (running.signal.aborted) return;
      this.#error = cause instanceof ApiError ? (cause.status === 404 ? "This alert is not known here." : cause.message) : String(cause);
    }
    this.#drawn = "";
    this.#draw();
  }

  /** An alert that was opened by its link may not be in the list yet. @param {AlertHistory} history */
  #learn({ id, revisions, acks }) {
    const [first, last] = [revisions[0], revisions.at(-1)];
    if (!first || !last) return;
    this.#state.alerts.putRevisions(id, revisions);
    const ack = acks.at(-1) ?? null;
    const known = this.#state.alerts.get(id);
    if (known && known.alert.revision >= last.alert.revision) return;
    this.#state.alerts.put({ seq: last.seq, first_at: first.alert.at, alert: last.alert, ack });
    this.#state.changed("alerts");
  }

  #draw() {
    const { selection } = this.#state;
    const none = selection.alert === null && selection.vessel === null;
    this.#box.hidden = none;
    document.body.classList.toggle("has-detail", !none);
    if (none) return;
    const item = this.#state.selectedItem;
    // Redrawing closes what a person has opened: only if something changed.
    const key = JSON.stringify([selection, this.#error, item === "unknown" ? "?" : item && [item.seq, item.alert.revision, item.ack], this.#history?.acks.length, this.#vessel !== null, this.#state.me?.role, this.#state.ports.size, this.#state.follow, this.#state.live || this.#state.selection.vessel !== null ? 0 : "replay"]);
    if (key === this.#drawn) return;
    this.#drawn = key;
    const scroll = this.#box.scrollTop;
    const open = new Set([...this.#box.querySelectorAll("details[open] > summary")].map((node) => node.textContent));
    this.#box.replaceChildren(...(selection.alert !== null ? this.#alertParts(item) : this.#vesselParts()));
    for (const details of this.#box.querySelectorAll("details")) {
      if (open.has(details.querySelector("summary")?.textContent ?? "")) details.open = true;
    }
    this.#box.scrollTop = scroll;
  }

  /** A ship that is looked at by itself moves on: only that part is drawn anew. */
  #drawReport() {
    const vessel = this.#state.selection.vessel === null ? undefined : this.#state.vessels.get(this.#state.selection.vessel);
    const section = vessel && lastReport(this.#state, vessel);
    if (section) this.#box.querySelector("[data-testid=last-report]")?.replaceWith(section);
  }

  /** @param {Item | null | "unknown"} item @returns {Node[]} */
  #alertParts(item) {
    const state = this.#state;
    if (item === null || item === "unknown") {
      const text = this.#error || (state.live || item === "unknown" ? "Loading…" : "This alert was not known at the time shown.");
      return [this.#head(el("p", { class: "kicker" }, "Alert"), "Alert"), el("p", { class: "detail-note", role: "status" }, text)];
    }
    const { alert } = item;
    const kicker = el("p", { class: "kicker" },
      el("span", { class: `tag severity-tag severity-${alert.severity}`, testid: "detail-severity" }, SEVERITIES[alert.severity]),
      el("span", { testid: "detail-kind" }, KINDS[alert.kind]), el("span", { class: `tag status-${alert.status}`, testid: "detail-status" }, STATUSES[alert.status]),
      ...alert.tags.map((tag) => el("span", { class: "tag" }, TAGS[tag] ?? tag)));
    const until = state.mode.at;
    const revisions = (this.#history?.revisions ?? []).filter((revision) => until === null || revision.alert.at <= until);
    const others = this.#vessel?.alerts ?? [];
    const parts = [
      this.#head(kicker, alert.vessel ? shipName(alert.vessel) : KINDS[alert.kind]),
      el("p", { class: "explain", testid: "explain" }, outside(alert.explain)),
      el("p", { class: "muted small" }, `Told ${utcFull(alert.at)}`, ", ", agoNode(state, alert.at), `; first told ${utc(item.first_at)}; revision ${alert.revision}`),
      this.#actionsRow(item),
      this.#error ? el("p", { class: "detail-note", role: "alert" }, this.#error) : null,
      item.ack ? el("p", { class: "ack-line" }, icon("check"), el("span", {}, "Acknowledged by ", outside(item.ack.who, 60), item.ack.note ? ": " : "", outside(item.ack.note, 300))) : null,
      judgement(alert),
      portsSection(state, alert),
      beforeAfter(alert),
      alert.vessel ? vesselSection(alert.vessel, this.#vessel) : null,
      storySection(state, entriesOf(revisions, others, until)),
      evidenceSection(state, alert),
      acksSection(this.#history?.acks ?? []),
      revisionsSection(state, revisions),
      sourceSection(alert, this.#actions.copy),
    ];
    return parts.filter((part) => part !== null);
  }

  /** @returns {Node[]} */
  #vesselParts() {
    const state = this.#state;
    const mmsi = /** @type {number} */ (state.selection.vessel);
    const vessel = this.#vessel;
    const shown = vessel ?? state.vessels.get(mmsi) ?? { mmsi };
    const parts = [
      this.#head(el("p", { class: "kicker" }, "Ship"), shipName(/** @type {any} */ (shown))),
      this.#shipActions(),
      this.#error ? el("p", { class: "detail-note", role: "alert" }, this.#error) : null,
      vessel ? vesselSection({ ...empty, ...vessel }, vessel) : null,
      lastReport(state, state.vessels.get(mmsi) ?? vessel?.last ?? null),
      vessel ? shipAlerts(state, vessel.alerts ?? []) : el("p", { class: "detail-note", role: "status" }, this.#error ? "" : "Loading…"),
    ];
    return parts.filter((part) => part !== null);
  }

  /** @param {Node} kicker @param {string} title */
  #head(kicker, title) {
    return el("header", { class: "detail-head" },
      el("div", {}, kicker, el("h2", { class: "detail-title", testid: "detail-title" }, outside(title, 60))),
      el("button", { class: "tool", type: "button", testid: "detail-close", attrs: { "aria-label": "Close the detail (Esc)" }, on: { click: this.#actions.close } }, icon("close")));
  }

  /** @param {Item} item */
  #actionsRow(item) {
    const { copy, acknowledge } = this.#actions;
    const may = this.#state.mayAcknowledge;
    const button = (/** @type {Parameters<typeof icon>[0]} */ name, /** @type {string} */ label, /** @type {string} */ testid, /** @type {() => void} */ click) =>
      el("button", { class: "button small", type: "button", testid, on: { click } }, icon(name), label);
    const ack = el("button", {
      class: "button primary", type: "button", testid: "ack-button", title: may ? "Acknowledge (a)" : "Operators can acknowledge: sign in",
      on: { click: () => acknowledge(item) },
    }, icon("check"), item.ack ? "Acknowledge again" : "Acknowledge");
    return el("div", { class: "actions" }, ack,
      button("frame", "Fit map", "fit-button", this.#actions.fit), this.#followButton(item.alert),
      button("link", "Copy link", "copy-link", () => copy(location.href, "Link")),
      button("copy", "Copy JSON", "copy-json", () => copy(JSON.stringify(item.alert, null, 2), "JSON")),
      button("terminal", "Copy command", "copy-command", () => copy(`darkwake explain ${item.alert.id}`, "Command")),
    );
  }

  #shipActions() {
    return el("div", { class: "actions" }, this.#followButton(null),
      el("button", { class: "button small", type: "button", testid: "fit-button", on: { click: this.#actions.fit } }, icon("frame"), "Fit map"),
      el("button", { class: "button small", type: "button", testid: "copy-link", on: { click: () => this.#actions.copy(location.href, "Link") } }, icon("link"), "Copy link"));
  }

  /** @param {Alert | null} alert */
  #followButton(alert) {
    if (alert && !alert.vessel) return null;
    const { follow } = this.#state;
    return el("button", {
      class: "button small", type: "button", testid: "follow-button", attrs: { "aria-pressed": follow },
      on: {
        click: () => {
          this.#state.follow = !this.#state.follow;
          this.#state.changed("follow");
        },
      },
    }, icon("follow"), follow ? "Following" : "Follow");
  }

  focus() {
    this.#box.focus({ preventScroll: true });
  }
}

const empty = { imo: null, name: null, callsign: null, flag: null, type: null, length_m: null, track: "", listed_as: [] };

/** A ship of an old alert may be forgotten by the server: the alert is shown all the same. @param {unknown} cause */
function missing(cause) {
  if (cause instanceof ApiError && cause.status === 404) return null;
  throw cause;
}
