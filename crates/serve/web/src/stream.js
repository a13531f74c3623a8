/**
 * The live stream: opens it, reads its events, and opens it again after a fault where it left off. Says how it is, so that
 * the page never shows old things as live.
 */

/** @import { Api } from "./api.js" */
/** @import { Bounds } from "./types.js" */
import { ApiError, bboxText } from "./api.js";
import { EventParser, backOff } from "./sse.js";

/** The server sends the time every 2 s: a stream that is silent for longer is dead, though the socket may not know. */
const LONGEST_SILENCE_MS = 20_000;

/** @typedef {{ status: "connecting" | "live" | "lost", since: number, retryAt: number | null, reason: string }} StreamState */

export class Stream {
  #api;
  /** @type {Bounds | null} */
  #bounds = null;
  #lastEventId = "";
  #failures = 0;
  /** @type {AbortController | null} */
  #reader = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;
  /** @type {StreamState} */
  state = { status: "connecting", since: Date.now(), retryAt: null, reason: "" };
  /** @type {(event: string, data: any) => void} */
  onEvent = () => {};
  onState = () => {};
  /** Called once a connection stands, with whether it resumes an earlier one. @type {(resumed: boolean) => void} */
  onOpen = () => {};

  /** @param {Api} api */
  constructor(api) {
    this.#api = api;
  }

  /** Opens the stream, or opens it anew for another view. @param {Bounds | null} bounds */
  open(bounds) {
    this.#bounds = bounds;
    this.#connect();
  }

  retryNow() {
    if (this.state.status === "lost") this.#connect();
  }

  /** After a reset what was missed is fetched, so the place to resume from is the server's next one. */
  forget() {
    this.#lastEventId = "";
  }

  close() {
    clearTimeout(this.#retry);
    this.#reader?.abort();
    this.#reader = null;
  }

  async #connect() {
    this.close();
    const reader = (this.#reader = new AbortController());
    let watchdog;
    try {
      const query = this.#bounds ? `?bbox=${bboxText(this.#bounds)}` : "";
      const headers = new Headers({ Accept: "text/event-stream" });
      const resumed = this.#lastEventId !== "";
      if (resumed) headers.set("Last-Event-ID", this.#lastEventId);
      watchdog = setTimeout(() => reader.abort("silent"), LONGEST_SILENCE_MS);
      const response = await this.#api.request(`/stream${query}`, { headers, signal: reader.signal, cache: "no-store" });
      if (!response.body) throw new ApiError("The stream has no body.", 0);
      this.#failures = 0;
      this.#become("live", null, "");
      this.onOpen(resumed);
      const parser = new EventParser(this.#lastEventId);
      const chunks = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const { done, value } = await chunks.read();
        if (done) break;
        clearTimeout(watchdog);
        watchdog = setTimeout(() => reader.abort("silent"), LONGEST_SILENCE_MS);
        for (const { event, data } of parser.push(value)) this.onEvent(event, JSON.parse(data));
        this.#lastEventId = parser.lastEventId;
      }
      this.#lost(reader, "The server closed the stream.");
    } catch (cause) {
      this.#lost(reader, this.#sentence(cause, reader));
    } finally {
      clearTimeout(watchdog);
    }
  }

  /** @param {unknown} cause @param {AbortController} reader */
  #sentence(cause, reader) {
    if (reader.signal.reason === "silent") return "Nothing was heard from the server for 20 s.";
    if (cause instanceof ApiError) return cause.message;
    return "The connection broke.";
  }

  /** @param {AbortController} reader @param {string} sentence */
  #lost(reader, sentence) {
    // A reader that was replaced or closed on purpose is no fault.
    if (this.#reader !== reader) return;
    this.#failures += 1;
    const wait = backOff(this.#failures, Math.random());
    this.#become("lost", Date.now() + wait, sentence);
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  /** @param {StreamState["status"]} status @param {number | null} retryAt @param {string} why */
  #become(status, retryAt, why) {
    const since = this.state.status === status ? this.state.since : Date.now();
    this.state = { status, since, retryAt, reason: why };
    this.onState();
  }
}
