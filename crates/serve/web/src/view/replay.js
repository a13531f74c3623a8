/**
 * The time bar under the map: drag it back and the page shows what was known then; play it at a speed; one key or button
 * returns to live. What is replayed is never shown as live.
 */

/** @import { State } from "../state.js" */
/** @import { Span } from "../timeline.js" */
import { byId, el } from "../dom.js";
import { HOUR, clock, day, utc } from "../format.js";
import { SPEEDS, STEP_MS, advance, clamp, hourTicks, marks, spanOf } from "../timeline.js";
import { atMostEvery, onceAFrame } from "../state.js";
import { colour } from "../palette.js";
import { icon } from "./icons.js";

/** Wall clock between two steps while it plays: ten a second move smoothly and leave room for the fetches. */
const FRAME_MS = 100;

export class Replay {
  #state;
  #slider = el("input", { type: "range", class: "slider", testid: "replay-slider", attrs: { "aria-label": "Time shown", min: 0, max: 1, step: STEP_MS } });
  #marks = el("canvas", { class: "replay-marks", attrs: { "aria-hidden": "true" } });
  #ticks = el("div", { class: "replay-ticks", attrs: { "aria-hidden": "true" } });
  #play = el("button", { class: "tool", type: "button", testid: "replay-play" });
  #speed = el("select", { class: "select", testid: "replay-speed", attrs: { "aria-label": "Speed of replay" } }, ...SPEEDS.map((speed) => el("option", { attrs: { value: speed } }, `${speed}×`)));
  #label = el("output", { class: "replay-label", testid: "replay-label" });
  #live = el("button", { class: "button small", type: "button", testid: "replay-live" }, "Live", el("kbd", { attrs: { "aria-hidden": "true" } }, "l"));
  /** @type {Span | null} */
  #span = null;
  #lastFrame = 0;
  /** Fetches what a past time needs. @type {() => void} */
  onEnter = () => {};
  onMove = () => {};
  onLive = () => {};

  /** @param {State} state */
  constructor(state) {
    this.#state = state;
    this.#speed.value = String(state.mode.speed);
    const track = el("div", { class: "replay-track" }, this.#marks, this.#slider, this.#ticks);
    byId("replay").append(this.#play, this.#speed, track, this.#label, this.#live);
    this.#slider.addEventListener("input", () => this.#dragged());
    this.#play.addEventListener("click", () => this.toggle());
    this.#live.addEventListener("click", () => this.toLive());
    this.#speed.addEventListener("change", () => this.#set({ speed: Number(this.#speed.value) }));
    const draw = onceAFrame(() => this.#draw());
    const drawMarks = atMostEvery(() => this.#drawMarks(), 1000);
    state.on(["mode", "time", "stats"], draw);
    state.on(["alerts", "stats", "theme"], drawMarks);
    new ResizeObserver(drawMarks).observe(this.#marks);
    setInterval(() => this.#frame(), FRAME_MS);
    this.#draw();
  }

  #dragged() {
    const at = Number(this.#slider.value);
    // At the right end the thumb means now.
    if (this.#span && at >= this.#span.to - STEP_MS && this.#state.live) return this.#draw();
    this.go(at);
  }

  /** Shows a time; null returns to live. @param {number | null} at */
  go(at) {
    if (at === null) return this.toLive();
    const entering = this.#state.live;
    this.#set({ at: this.#span ? clamp(at, this.#span) : at });
    if (entering) this.onEnter();
    this.onMove();
  }

  toggle() {
    const { mode } = this.#state;
    if (mode.playing) return this.#set({ playing: false });
    if (!this.#span) return;
    // From live, play begins at the start of what is kept.
    if (mode.at === null) this.go(this.#span.from);
    this.#lastFrame = performance.now();
    this.#set({ playing: true });
  }

  toLive() {
    if (this.#state.live) return;
    this.#set({ at: null, playing: false });
    this.onLive();
  }

  /** @param {Partial<import("../state.js").Mode>} part */
  #set(part) {
    this.#state.mode = { ...this.#state.mode, ...part };
    this.#state.changed("mode");
  }

  #frame() {
    const { mode } = this.#state;
    const now = performance.now();
    const elapsed = now - this.#lastFrame;
    this.#lastFrame = now;
    if (!mode.playing || mode.at === null || !this.#span) return;
    const { at, ended } = advance(mode.at, mode.speed, Math.min(elapsed, 1000), this.#span);
    if (ended) return this.toLive();
    this.#set({ at });
    this.onMove();
  }

  #draw() {
    const { state } = { state: this.#state };
    this.#span = spanOf(state.stats?.history ?? null, state.time);
    const { mode } = state;
    byId("replay").classList.toggle("is-replay", !state.live);
    document.body.classList.toggle("is-replay", !state.live);
    const none = this.#span === null;
    this.#slider.disabled = this.#play.disabled = this.#speed.disabled = none;
    this.#play.setAttribute("aria-label", mode.playing ? "Pause (space)" : "Play (space)");
    this.#play.title = mode.playing ? "Pause (space)" : "Play (space)";
    this.#play.replaceChildren(icon(mode.playing ? "pause" : "play"));
    this.#live.hidden = state.live;
    if (this.#span) {
      this.#slider.min = String(this.#span.from);
      this.#slider.max = String(this.#span.to);
      this.#slider.value = String(mode.at ?? this.#span.to);
      const share = ((mode.at ?? this.#span.to) - this.#span.from) / (this.#span.to - this.#span.from);
      this.#slider.style.setProperty("--share", `${(share * 100).toFixed(2)}%`);
    }
    const text = none ? "No history" : mode.at === null ? "Live" : utc(mode.at);
    this.#label.textContent = text;
    this.#slider.setAttribute("aria-valuetext", text);
    this.#drawTicks();
  }

  #drawTicks() {
    const span = this.#span;
    const key = span ? String(Math.floor(span.to / HOUR)) + span.from : "";
    if (this.#ticks.dataset.key === key) return;
    this.#ticks.dataset.key = key;
    if (!span) return this.#ticks.replaceChildren();
    const hours = (span.to - span.from) / HOUR;
    this.#ticks.replaceChildren(...hourTicks(span, hours > 12 ? 4 : hours > 5 ? 2 : 1).map((t) => {
      const midnight = t % (24 * HOUR) === 0;
      const tick = el("span", { class: midnight ? "tick day" : "tick" }, midnight ? day(t) : clock(t));
      tick.style.left = `${((t - span.from) / (span.to - span.from)) * 100}%`;
      return tick;
    }));
  }

  /** Where alerts began, as small bars over the slider. */
  #drawMarks() {
    const canvas = this.#marks;
    const ratio = devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    const context = canvas.getContext("2d");
    if (!context || !width) return;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    context.scale(ratio, ratio);
    context.clearRect(0, 0, width, height);
    if (!this.#span) return;
    const slots = Math.max(24, Math.floor(width / 5));
    const step = width / slots;
    marks(this.#state.alerts.all(), this.#span, slots).forEach(({ count, severity }, index) => {
      if (!count) return;
      const tall = Math.min(height, 3 + Math.sqrt(count) * 3);
      context.fillStyle = colour(severity);
      context.fillRect(index * step + 1, height - tall, Math.max(2, step - 2), tall);
    });
  }
}
