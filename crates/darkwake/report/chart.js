/**
 * A map that can be moved and zoomed: land, grid, scale; paths that grow with it, and marks and names that keep their size. By
 * wheel (once it is clicked, or with Ctrl), by fingers, by buttons, by keys.
 */

import { el, svg } from "../../serve/web/src/dom.js";
import { coastPath, fromPlane, landPath, metresPerUnit, planeSize } from "./mercator.js";

/** The nearest that it goes: units of the plane across the map. */
const LEAST_ACROSS = 2;
const STEP = 1.6;
const LEAST_HIGH_PX = 340;
const MOST_HIGH_PX = 640;
/** Part of the map that keys move it by. */
const KEY_PART = 0.15;
/** Degrees between lines of the grid. */
const GRID_STEPS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30];
const SCALE_MILES = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000];
const METRES_PER_MILE = 1852;
/** Pixels of a letter, of a line, and around a mark, for names that must not lie over each other. */
const LETTER_PX = 6.4;
const LINE_PX = 13;
const MARK_PX = 7;
/** Width on paper, and how much lower a map is there. */
export const PAPER_PX = 700;
const PAPER_HIGH = 0.88;

/**
 * A mark keeps its size. One with a label is a name, which is shown only where no mark and no name of a lower rank is in the way:
 * beside, over or under its place, as far from it as `far` says. `solid` marks keep names off.
 * @typedef {{ node: SVGElement, x: number, y: number, rank: number, label?: string, far?: number, isBelow?: boolean, solid?: boolean }} Mark
 */

export class Chart {
  /** @type {Mark[]} */
  marks = [];
  /** Middle of the map in the plane, and pixels of a unit. */
  view = { x: planeSize.width / 2, y: planeSize.height / 2, k: 1 };
  size = { width: 800, height: 520 };
  #isDue = false;
  #isPaper = false;
  /** Whether somebody has looked elsewhere than at all. */
  #isMoved = false;
  /** @type {Map<number, { x: number, y: number }>} */
  #fingers = new Map();
  #home = { west: 0, north: 0, east: planeSize.width, south: planeSize.height };

  /** @param {{ label: string, testid: string, ratio: number }} what */
  constructor({ label, testid, ratio }) {
    this.ratio = ratio;
    this.land = svg("path", { class: "land", d: landPath, "fill-rule": "evenodd" });
    this.under = svg("g");
    this.over = svg("g");
    this.coast = svg("path", { class: "coast", d: coastPath });
    this.world = svg("g", {}, this.land, this.under, this.coast, this.over);
    this.grid = svg("g", { class: "grid" });
    this.pins = svg("g");
    this.frame = svg("g", { class: "frame" });
    this.svg = svg("svg", { class: "chart-svg", role: "img", "aria-label": label, "data-testid": testid }, svg("rect", { class: "water", width: "100%", height: "100%" }), this.world, this.grid, this.pins, this.frame);
    this.hint = el("p", { class: "chart-hint", hidden: true, attrs: { "aria-hidden": "true" } }, "Click the map first, or hold Ctrl, to zoom with the wheel");
    const button = (/** @type {string} */ text, /** @type {string} */ name, /** @type {() => void} */ act) => el("button", { class: "tool", type: "button", attrs: { "aria-label": name, title: name }, on: { click: act } }, text);
    this.box = el("div", { class: "chart-box", role: "group", attrs: { tabindex: 0, "aria-label": `${label}: arrow keys move it, + and − zoom, 0 shows all` } }, this.svg, this.hint);
    this.node = el("div", { class: "chart" }, this.box, el("div", { class: "chart-tools" },
      button("+", "Zoom in", () => this.zoom(STEP)), button("−", "Zoom out", () => this.zoom(1 / STEP)), button("⌂", "Show all", () => this.home())));
    this.#listen();
    new ResizeObserver(() => this.#measure()).observe(this.box);
  }

  /** What is shown at first, and with "Show all": a box of the plane. @param {[number, number][]} points of the plane */
  setHome(points) {
    if (points.length) {
      const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
      const [west, east, north, south] = [least(xs), -least(xs.map((x) => -x)), least(ys), -least(ys.map((y) => -y))];
      const margin = Math.max(east - west, south - north, LEAST_ACROSS) * 0.12;
      this.#home = { west: west - margin, east: east + margin, north: north - margin, south: south + margin };
    }
    this.home();
  }

  home() {
    this.show(this.#home);
    this.#isMoved = false;
  }

  /** @param {{ west: number, east: number, north: number, south: number }} box of the plane */
  show({ west, east, north, south }) {
    const { width, height } = this.size;
    this.view = { x: (west + east) / 2, y: (north + south) / 2, k: Math.min(width / (east - west), height / (south - north)) };
    this.#draw();
  }

  /** @param {number} factor @param {{ x: number, y: number }} [at] pixel that stays where it is */
  zoom(factor, at = { x: this.size.width / 2, y: this.size.height / 2 }) {
    const { x, y, k } = this.view;
    const next = this.#within(k * factor);
    const [px, py] = [at.x - this.size.width / 2, at.y - this.size.height / 2];
    this.view = { x: x + px / k - px / next, y: y + py / k - py / next, k: next };
    this.#isMoved = true;
    this.#draw();
  }

  /** @param {number} dx @param {number} dy pixels */
  move(dx, dy) {
    this.view.x -= dx / this.view.k;
    this.view.y -= dy / this.view.k;
    this.#isMoved = true;
    this.#draw();
  }

  /** As it is printed: as wide as the paper, with the same middle. @param {boolean} isPaper */
  paper(isPaper) {
    this.#isPaper = isPaper;
    if (isPaper) this.#resize(PAPER_PX);
    else this.#measure();
    this.#paint();
  }

  /** Draws again what hangs on the marks. */
  refresh() {
    this.#draw();
  }

  /** @param {number} k */
  #within(k) {
    const { width, height } = this.size;
    const least = Math.max(width / planeSize.width, height / planeSize.height);
    return Math.max(least, Math.min(width / LEAST_ACROSS, k));
  }

  #measure() {
    if (!this.#isPaper && this.box.clientWidth) this.#resize(this.box.clientWidth);
    this.#draw();
  }

  /** @param {number} width */
  #resize(width) {
    const before = this.size.width;
    this.size = { width, height: Math.round(Math.max(LEAST_HIGH_PX, Math.min(MOST_HIGH_PX, width * this.ratio * (this.#isPaper ? PAPER_HIGH : 1)))) };
    this.view.k *= width / before;
    if (!this.#isMoved) this.home();
  }

  #listen() {
    const { box } = this;
    const at = (/** @type {MouseEvent} */ event) => {
      const { left, top } = box.getBoundingClientRect();
      return { x: event.clientX - left, y: event.clientY - top };
    };
    box.addEventListener("wheel", (event) => {
      const isMeant = event.ctrlKey || event.metaKey || box.contains(document.activeElement);
      this.hint.hidden = isMeant;
      if (!isMeant) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0018)), at(event));
    }, { passive: false });
    box.addEventListener("pointerleave", () => { this.hint.hidden = true; });
    box.addEventListener("pointerdown", (event) => {
      this.hint.hidden = true;
      this.#fingers.set(event.pointerId, at(event));
    });
    box.addEventListener("pointermove", (event) => this.#drag(event, at(event)));
    for (const name of /** @type {const} */ (["pointerup", "pointercancel", "pointerleave"])) {
      box.addEventListener(name, ({ pointerId }) => {
        this.#fingers.delete(pointerId);
        box.classList.toggle("is-moving", this.#fingers.size > 0);
      });
    }
    box.addEventListener("dblclick", (event) => this.zoom(STEP, at(event)));
    box.addEventListener("keydown", (event) => this.#key(event));
  }

  /** @param {PointerEvent} event @param {{ x: number, y: number }} now */
  #drag(event, now) {
    const before = this.#fingers.get(event.pointerId);
    if (!before) return;
    const other = [...this.#fingers].find(([id]) => id !== event.pointerId)?.[1];
    this.#fingers.set(event.pointerId, now);
    this.box.classList.add("is-moving");
    if (!other) return this.move(now.x - before.x, now.y - before.y);
    const far = (/** @type {{ x: number, y: number }} */ one) => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
    this.zoom(far(now) / far(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { width, height } = this.size;
    /** @type {Record<string, () => void>} */
    const acts = {
      ArrowLeft: () => this.move(width * KEY_PART, 0), ArrowRight: () => this.move(-width * KEY_PART, 0),
      ArrowUp: () => this.move(0, height * KEY_PART), ArrowDown: () => this.move(0, -height * KEY_PART),
      "+": () => this.zoom(STEP), "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP), 0: () => this.home(),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  /** Draws before the next picture, once, however often it is asked. */
  #draw() {
    if (this.#isDue) return;
    this.#isDue = true;
    requestAnimationFrame(() => {
      this.#isDue = false;
      this.#paint();
    });
  }

  #paint() {
    const { width, height } = this.size;
    const { view } = this;
    view.k = this.#within(view.k);
    // The map never shows what lies beside the window of the report: there is no coast for it.
    const [half, tall] = [width / 2 / view.k, height / 2 / view.k];
    view.x = Math.max(half, Math.min(planeSize.width - half, view.x));
    view.y = Math.max(tall, Math.min(planeSize.height - tall, view.y));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.world.setAttribute("transform", `translate(${width / 2 - view.x * view.k} ${height / 2 - view.y * view.k}) scale(${view.k})`);
    this.#placeMarks();
    this.#drawGrid();
    this.#drawScale();
  }

  #placeMarks() {
    const { width, height } = this.size;
    const { x, y, k } = this.view;
    /** @type {Box[]} */
    const taken = [];
    const isFree = (/** @type {Box} */ box) => box[0] > 0 && box[2] < width && box[1] > 0 && box[3] < height && !taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3]);
    for (const mark of [...this.marks].sort((a, b) => a.rank - b.rank)) {
      const [px, py] = [(mark.x - x) * k + width / 2, (mark.y - y) * k + height / 2];
      let isShown = px > -20 && py > -20 && px < width + 20 && py < height + 20;
      if (isShown && mark.label !== undefined) {
        const place = sides(mark, px, py).find(({ box }) => isFree(box));
        isShown = place !== undefined;
        if (place) {
          taken.push(place.box);
          const text = mark.node.firstElementChild;
          for (const [name, value] of Object.entries({ x: place.dx, y: place.dy, "text-anchor": place.anchor })) text?.setAttribute(name, String(value));
        }
      } else if (isShown && mark.solid) taken.push([px - MARK_PX, py - MARK_PX, px + MARK_PX, py + MARK_PX]);
      mark.node.style.display = isShown ? "" : "none";
      if (isShown) mark.node.setAttribute("transform", `translate(${px.toFixed(1)} ${py.toFixed(1)})`);
    }
  }

  #drawGrid() {
    const { width, height } = this.size;
    const { x, y, k } = this.view;
    const [west, north] = fromPlane(x - width / 2 / k, y - height / 2 / k);
    const [east, south] = fromPlane(x + width / 2 / k, y + height / 2 / k);
    const step = GRID_STEPS.find((one) => (east - west) / one <= 6) ?? 60;
    const nodes = [];
    for (let lon = Math.ceil(west / step) * step; lon < east; lon += step) {
      const px = ((lon - west) / (east - west)) * width;
      nodes.push(svg("path", { d: `M${px.toFixed(1)} 0V${height}` }));
      if (px > 30 && px < width - 30) nodes.push(svg("text", { x: px, y: height - 6, class: "middle" }, degrees(lon, "E", "W", step)));
    }
    for (let lat = Math.ceil(south / step) * step; lat < north; lat += step) {
      const py = ((yOf(lat) - yOf(north)) / (yOf(south) - yOf(north))) * height;
      nodes.push(svg("path", { d: `M0 ${py.toFixed(1)}H${width}` }));
      if (py > 14 && py < height - 40) nodes.push(svg("text", { x: 6, y: py - 3 }, degrees(lat, "N", "S", step)));
    }
    this.grid.replaceChildren(...nodes);
  }

  #drawScale() {
    const { width, height } = this.size;
    const [, lat] = fromPlane(this.view.x, this.view.y);
    const pixels = (this.view.k / metresPerUnit(lat)) * METRES_PER_MILE;
    const miles = SCALE_MILES.findLast((one) => one * pixels < width / 5) ?? SCALE_MILES[0];
    const [right, foot] = [width - 14, height - 24];
    const left = right - miles * pixels;
    this.frame.replaceChildren(
      svg("path", { class: "scale", d: `M${left.toFixed(1)} ${foot - 5}V${foot}H${right}V${foot - 5}` }),
      svg("text", { x: (left + right) / 2, y: foot - 5, class: "middle scale-text" }, `${miles} nm`),
    );
  }
}

/** Left, top, right, bottom. @typedef {[number, number, number, number]} Box */

/** Where a name may stand, best first. @param {Mark} mark @param {number} px @param {number} py */
function sides({ label = "", far = 8, isBelow = false }, px, py) {
  const long = label.length * LETTER_PX;
  const at = (/** @type {string} */ anchor, /** @type {number} */ dx, /** @type {number} */ dy) => {
    const left = px + dx - (anchor === "start" ? 0 : anchor === "end" ? long : long / 2);
    return { anchor, dx, dy, box: /** @type {Box} */ ([left, py + dy - LINE_PX + 3, left + long, py + dy + 3]) };
  };
  const [right, left, below, above] = [at("start", far, 4), at("end", -far, 4), at("middle", 0, far + LINE_PX - 2), at("middle", 0, -far)];
  return isBelow ? [below, right, left, above] : [right, left, above, below];
}

/** @param {number[]} values */
const least = (values) => values.reduce((low, value) => Math.min(low, value), Infinity);

/** @param {number} lat */
const yOf = (lat) => -Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));

/** "131° E", "42.5° N". @param {number} value @param {string} plus @param {string} minus @param {number} step */
function degrees(value, plus, minus, step) {
  const wrapped = plus === "E" ? ((((value + 180) % 360) + 360) % 360) - 180 : value;
  const text = Math.abs(wrapped).toFixed(step < 0.1 || step === 0.25 ? 2 : step < 1 ? 1 : 0);
  return `${text}° ${Number(text) % 180 === 0 ? "" : wrapped < 0 ? minus : plus}`.trim();
}
