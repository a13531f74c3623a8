/**
 * Reads server-sent events from chunks of text. The browser's own reader cannot send an authorization header, so the
 * stream comes through `fetch` and is cut into events here (HTML standard, 9.2.6).
 */

/** @typedef {{ event: string, data: string }} StreamEvent */

/** An event longer than this is not ours: reading on would only fill memory. */
const LONGEST_EVENT = 32 * 1024 * 1024;

export class EventParser {
  #rest = "";
  #event = "";
  #lastWasReturn = false;
  /** @type {string[]} */
  #data = [];
  #held = 0;
  /** Identifier to resume after; an event without one leaves it as it was. */
  lastEventId = "";
  #pendingId = "";

  /** @param {string} [lastEventId] */
  constructor(lastEventId = "") {
    this.lastEventId = this.#pendingId = lastEventId;
  }

  /**
   * Takes a chunk, which may end anywhere, and gives the events that are complete with it.
   * @param {string} chunk
   * @returns {StreamEvent[]}
   */
  push(chunk) {
    /** @type {StreamEvent[]} */
    const events = [];
    // A line may end with a return at the end of one chunk and a newline at the start of the next.
    let text = this.#lastWasReturn && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
    if (chunk !== "") this.#lastWasReturn = chunk.endsWith("\r");
    text = this.#rest + text;
    let start = 0;
    for (let i = this.#rest.length; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code !== 10 && code !== 13) continue;
      this.#line(text.slice(start, i), events);
      if (code === 13 && text.charCodeAt(i + 1) === 10) i++;
      start = i + 1;
    }
    this.#rest = text.slice(start);
    if (this.#rest.length + this.#held > LONGEST_EVENT) throw new Error("an event of the stream is too long");
    return events;
  }

  /** @param {string} line @param {StreamEvent[]} events */
  #line(line, events) {
    if (line === "") return this.#dispatch(events);
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#pendingId = value;
    else if (field === "data") {
      this.#data.push(value);
      this.#held += value.length;
    }
  }

  /** @param {StreamEvent[]} events */
  #dispatch(events) {
    this.lastEventId = this.#pendingId;
    if (this.#data.length) events.push({ event: this.#event || "message", data: this.#data.join("\n") });
    [this.#event, this.#data, this.#held] = ["", [], 0];
  }
}

/**
 * How long to wait before the next try: 1 s, 2 s, 4 s … 30 s, each between half of it and all of it, so that many pages do
 * not come back at the same moment.
 * @param {number} failures in a row, from 1 on
 * @param {number} random between 0 and 1
 */
export function backOff(failures, random) {
  const full = Math.min(30_000, 1000 * 2 ** Math.min(failures - 1, 10));
  return Math.round(full * (0.5 + random / 2));
}
