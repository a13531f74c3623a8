/** One row a ship: when it was heard, silent, dark, in port. */

import { byId, el, svg } from "../../serve/web/src/dom.js";
import { DAY, HOUR, MINUTE, clock, count, day, duration, utc } from "../../serve/web/src/format.js";
import { clean, shipName } from "../../serve/web/src/text.js";
import { GRADES } from "../../serve/web/src/words.js";
import { PAPER_PX } from "./chart.js";
import { GRADE_ORDER, concerned, darkPeriods, endOf, gradeClass, levels, portName, portText, report, usualLevel } from "./data.js";
import { leftOut } from "./pieces.js";

const ROW_PX = 40;
const PAPER_ROW_PX = 37;
const HEAD_PX = 26;
/** Ships drawn at once. */
const MOST_ROWS = 60;
/** Silences shorter than this many pixels are not drawn one by one. */
const LEAST_PX = 0.4;
const TICKS = [10 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 91 * DAY, 365 * DAY];
/** Narrower than this, names have less room. */
const NARROW_PX = 560;
/** A tick has so much room for its words. */
const TICK_PX = 74;
const ZOOM = 2;

/** @type {Map<number, any>} */
const rows = new Map(report.rows.map((/** @type {any} */ row) => [row.ship, row]));

export class Timeline {
  #isPaper = false;

  constructor() {
    const [start, end] = report.period ?? [0, 1];
    this.whole = [start, Math.max(end, start + HOUR)];
    this.span = [...this.whole];
    this.svg = svg("svg", { class: "timeline-svg", role: "img", "data-testid": "timeline" });
    this.box = el("div", { class: "timeline-box" }, this.svg);
    this.needle = el("input", { class: "field", type: "search", attrs: { "aria-label": "Filter ships of the timeline", placeholder: "Name or MMSI" }, on: { input: () => this.draw() } });
    const choices = levels.map(({ level, words }) => el("option", { attrs: { value: level } }, words));
    this.level = el("select", { class: "select", attrs: { "aria-label": "Ships of the timeline" }, on: { change: () => this.draw() } }, ...choices);
    this.level.value = String(usualLevel);
    const tool = (/** @type {string} */ text, /** @type {string} */ name, /** @type {() => void} */ act) => el("button", { class: "tool", type: "button", attrs: { "aria-label": name, title: name }, on: { click: act } }, text);
    this.more = el("p", { class: "left-out" });
    byId("timeline").append(
      el("p", { class: "lead" }, "Each ship with alerts: when it was heard, silent, dark, and in port."),
      el("div", { class: "figure-tools" }, el("label", { class: "inline" }, "Show ", this.level), this.needle,
        el("div", { class: "tools" }, tool("◀", "Earlier", () => this.#shift(-0.5)), tool("+", "Zoom in to shorter time", () => this.#scale(1 / ZOOM)), tool("−", "Zoom out to longer time", () => this.#scale(ZOOM)), tool("▶", "Later", () => this.#shift(0.5)), tool("⌂", "All of the time", () => this.#all()))),
      el("figure", { class: "plot" }, this.box, el("figcaption", {}, key(), el("p", { class: "source-line" }, "Source: silences of 30 min or more and port calls as facts, dark periods as judged. Times in UTC. The table of dark periods has the same."))),
      this.more,
    );
    const lost = [
      leftOut(report.left_out.rows, "ships with less severe alerts are left out of this file."),
      leftOut(report.left_out.silences, "silences, the shortest of ships with many, are left out of this file; --facts has all."),
    ];
    byId("timeline").append(...lost.filter((node) => node !== null));
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  /** @param {boolean} isPaper */
  paper(isPaper) {
    this.#isPaper = isPaper;
    this.draw();
  }

  #all() {
    this.span = [...this.whole];
    this.draw();
  }

  /** @param {number} part of what is shown */
  #shift(part) {
    const [start, end] = this.span;
    const by = Math.max(this.whole[0] - start, Math.min(this.whole[1] - end, (end - start) * part));
    this.span = [start + by, end + by];
    this.draw();
  }

  /** @param {number} factor */
  #scale(factor) {
    const [start, end] = this.span;
    const long = Math.max(HOUR, Math.min(this.whole[1] - this.whole[0], (end - start) * factor));
    const from = Math.max(this.whole[0], Math.min(this.whole[1] - long, (start + end - long) / 2));
    this.span = [from, from + long];
    this.draw();
  }

  #ships() {
    const words = this.needle.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    return concerned.filter(({ ship, severity }) => {
      const { track } = report.ships[ship];
      return rows.has(ship) && severity >= Number(this.level.value) && words.every((word) => `${shipName(report.ships[ship])} ${track}`.toLowerCase().includes(word));
    });
  }

  draw() {
    const width = this.#isPaper ? PAPER_PX : this.box.clientWidth;
    if (!width) return;
    const ships = this.#ships();
    const shown = ships.slice(0, MOST_ROWS);
    const left = width < NARROW_PX ? 116 : 158;
    const rowPx = this.#isPaper ? PAPER_ROW_PX : ROW_PX;
    const height = HEAD_PX + Math.max(1, shown.length) * rowPx + 4;
    const [start, end] = this.span;
    const x = (/** @type {number} */ t) => left + (Math.max(0, Math.min(1, (t - start) / (end - start)))) * (width - left - 8);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.setAttribute("aria-label", `Timeline of ${count(shown.length)} ships from ${utc(start)} to ${utc(end)}`);
    this.svg.replaceChildren(this.#axis(x, left, width, height), ...shown.map((one, index) => this.#row(one.ship, HEAD_PX + index * rowPx, x, left)));
    if (!shown.length) this.svg.append(svg("text", { x: left + 8, y: HEAD_PX + 24, class: "muted-text" }, "No ship fits."));
    this.more.textContent = ships.length > shown.length ? `${count(ships.length - shown.length)} more ships fit; filter by name or MMSI to see them.` : "";
  }

  /** @param {(t: number) => number} x @param {number} left @param {number} width @param {number} height */
  #axis(x, left, width, height) {
    const [start, end] = this.span;
    const step = TICKS.find((one) => ((width - left) * one) / (end - start) >= TICK_PX) ?? 365 * DAY;
    const nodes = [];
    for (let t = Math.ceil(start / step) * step; t <= end; t += step) {
      const px = x(t);
      nodes.push(svg("path", { class: t % DAY === 0 ? "tick day" : "tick", d: `M${px.toFixed(1)} ${HEAD_PX - 4}V${height}` }));
      if (px < width - 30) nodes.push(svg("text", { x: px + 3, y: HEAD_PX - 10, class: "tick-text" }, step >= DAY ? `${day(t)}${step > 91 * DAY ? ` ${new Date(t).getUTCFullYear()}` : ""}` : t % DAY === 0 ? day(t) : clock(t)));
    }
    // The first day has no tick of its own where the data begin after midnight.
    const first = x(Math.ceil(start / step) * step) - left;
    if (first > TICK_PX * 0.8) nodes.push(svg("text", { x: left + 3, y: HEAD_PX - 10, class: "tick-text" }, step >= DAY ? day(start) : `${day(start)} ${clock(start)}`));
    return svg("g", { class: "axis" }, ...nodes, svg("text", { x: 0, y: HEAD_PX - 10, class: "tick-text" }, "UTC"));
  }

  /** @param {number} ship @param {number} top @param {(t: number) => number} x @param {number} left */
  #row(ship, top, x, left) {
    const { heard, silences, visits } = rows.get(ship);
    const vessel = report.ships[ship];
    const name = clean(shipName(vessel), left < 150 ? 15 : 21);
    /** @type {(SVGElement | null)[]} */
    const parts = [svg("path", { class: "row-line", d: `M0 ${top}H9999` }),
      svg("text", { x: 0, y: top + 15, class: `row-name${vessel.listed_as.length ? " is-listed" : ""}` }, name, svg("title", {}, `${shipName(vessel)}, MMSI ${vessel.track}${vessel.listed_as.length ? `, listed: ${clean(vessel.listed_as.join("; "))}` : ""}`)),
      svg("text", { x: 0, y: top + 29, class: "row-sub" }, vessel.name ? vessel.track : "", vessel.listed_as.length ? " · listed" : "")];
    const bar = (/** @type {string} */ kind, /** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ told, y = top + 7, height = 12) => {
      const [start, end] = [x(from), x(to)];
      if (to <= this.span[0] || from >= this.span[1] || end - start < (kind === "silent" ? LEAST_PX : 0)) return null;
      const wide = Math.max(kind.startsWith("dark") ? 2.5 : 0.6, end - start);
      return svg("rect", { class: `bar-${kind}`, x: start.toFixed(1), y, width: wide.toFixed(1), height, rx: Math.min(2, wide / 2).toFixed(1) }, svg("title", {}, told));
    };
    if (heard) parts.push(bar("heard", heard[0], heard[1], `Heard from ${utc(heard[0])} to ${utc(heard[1])}`));
    for (const [from, to] of silences) parts.push(bar("silent", from, to, `Silent for ${duration(to - from)}, ${utc(from)} to ${utc(to)}`));
    for (const alert of darkPeriods) {
      if (alert.ship !== ship || !alert.start) continue;
      parts.push(bar(`dark ${gradeClass(alert.grade)}`, alert.start.t, endOf(alert), `${GRADES[/** @type {keyof GRADES} */ (alert.grade)]}: ${clean(alert.explain, 300)}`));
    }
    let free = left;
    for (const [from, to, port] of visits) {
      parts.push(bar("port", from, to, `${portText(port)}, ${utc(from)} to ${utc(to)}`, top + 21, 4));
      const [start, end] = [x(from), x(to)];
      const label = portName(port);
      // A name goes on beyond its bar as long as nothing else stands there.
      const room = label.length * 5.3;
      if (to > this.span[0] && from < this.span[1] && start >= free && end - start > 14 && start + room < x(Infinity)) {
        parts.push(svg("text", { class: "port-text", x: start.toFixed(1), y: top + 34.5 }, label));
        free = start + room + 6;
      }
    }
    return svg("g", {}, ...parts);
  }
}

function key() {
  const item = (/** @type {string} */ name, /** @type {string} */ words) => el("li", {}, svg("svg", { class: "symbol", viewBox: "0 0 28 14", "aria-hidden": "true" }, svg("rect", { class: `bar-${name}`, x: 1, y: name === "port" ? 5 : 1, width: 26, height: name === "port" ? 4 : 12, rx: 2 })), words);
  return el("ul", { class: "key" }, item("heard", "Heard"), item("silent", "Silent"), ...[...GRADE_ORDER].reverse().map((grade) => item(`dark ${gradeClass(grade)}`, `Dark, ${GRADES[/** @type {keyof GRADES} */ (grade)].toLowerCase()}`)), item("port", "In port (call)"));
}
