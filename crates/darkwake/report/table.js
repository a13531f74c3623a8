/**
 * A table that is sorted by its heads, filtered by a text and by choices, and draws no more rows than can be read: the filter
 * finds the others.
 */

import { clean } from "../../serve/web/src/text.js";
import { el } from "../../serve/web/src/dom.js";
import { count } from "../../serve/web/src/format.js";

/** Rows drawn at first, and with each "Show more". */
const FIRST_ROWS = 15;
const MORE_ROWS = 200;

/**
 * `value` is what a column sorts by; `cell` what it shows; `text` what the filter looks at, if that is not what `cell` shows.
 * @typedef {{ label: string, value: (row: any) => string | number | null, cell: (row: any) => any, isNumber?: boolean, wide?: boolean, hint?: string }} Column
 * @typedef {{ label: string, choices: [string, string][], of: (row: any) => string, chosen?: string }} Choice
 */

/** @param {{ id: string, caption: string, columns: Column[], rows: any[], text: (row: any) => string, choices?: Choice[], detail?: (row: any) => any, empty: string, first?: number }} what */
export function makeTable({ id, caption, columns, rows, text, choices = [], detail, empty, first = FIRST_ROWS }) {
  const state = { order: /** @type {number | null} */ (null), descending: false, needle: "", drawn: first, found: rows };
  /** @type {Map<any, string>} */
  const texts = new Map();
  const open = new Set();
  const body = el("tbody");
  const told = el("p", { class: "table-told", attrs: { role: "status" }, testid: `${id}-told` });
  const more = el("button", { class: "button small", type: "button", testid: `${id}-more`, on: { click: showMore } });
  const search = el("input", { class: "field", type: "search", testid: `${id}-filter`, attrs: { "aria-label": `Filter: ${caption}`, placeholder: "Filter, such as a name, an MMSI, a port" }, on: { input: look } });
  const selects = choices.map((choice) => {
    const all = el("option", { attrs: { value: "" } }, `${choice.label}: all`);
    const others = choice.choices.map(([value, label]) => el("option", { attrs: { value } }, label));
    const select = el("select", { class: "select", testid: `${id}-${choice.label.toLowerCase()}`, attrs: { "aria-label": `${choice.label}: ${caption}` }, on: { change: look } }, all, ...others);
    select.value = choice.chosen ?? "";
    return select;
  });
  const heads = columns.map((column, index) => el("th", { class: column.isNumber ? "number" : "", attrs: { scope: "col", title: column.hint } },
    el("button", { class: "sort", type: "button", on: { click: () => sortBy(index) } }, column.label)));
  const table = el("table", { testid: id },
    el("caption", {}, caption),
    el("thead", {}, el("tr", {}, detail ? el("th", { class: "opener", attrs: { scope: "col" } }, el("span", { class: "unseen" }, "More")) : null, ...heads)), body);
  const frame = el("div", { class: "table-frame", role: "region", attrs: { tabindex: 0, "aria-label": `Table: ${caption}` } }, table);
  const node = el("div", { class: "table" }, rows.length ? el("div", { class: "table-tools" }, search, ...selects, told) : null, frame, more);

  function look() {
    state.needle = search.value.trim().toLowerCase();
    state.drawn = first;
    draw();
  }

  function showMore() {
    const before = state.drawn;
    state.drawn += MORE_ROWS;
    draw();
    // Where the button was, there is a row now: who works with the keyboard goes on there.
    /** @type {HTMLElement | undefined} */ (body.rows[before])?.querySelector("button")?.focus();
  }

  /** @param {number} index */
  function sortBy(index) {
    const isSame = state.order === index;
    state.descending = isSame ? !state.descending : Boolean(columns[index].isNumber);
    state.order = index;
    draw();
  }

  /** @param {any} row */
  function textOf(row) {
    const known = texts.get(row);
    if (known !== undefined) return known;
    const made = text(row).toLowerCase();
    texts.set(row, made);
    return made;
  }

  function find() {
    const words = state.needle.split(/\s+/).filter(Boolean);
    const wanted = selects.map(({ value }) => value);
    const found = rows.filter((row) =>
      wanted.every((value, index) => !value || choices[index].of(row) === value) && words.every((word) => textOf(row).includes(word)));
    if (state.order === null) return found;
    const { value } = columns[state.order];
    const sign = state.descending ? -1 : 1;
    return found.sort((a, b) => compare(value(a), value(b), sign));
  }

  function draw() {
    state.found = find();
    const shown = state.found.slice(0, state.drawn);
    body.replaceChildren(...shown.flatMap(lines));
    if (!shown.length) body.append(el("tr", {}, el("td", { class: "none", attrs: { colspan: columns.length + (detail ? 1 : 0) } }, rows.length ? "No row fits the filter." : empty)));
    heads.forEach((head, index) => head.setAttribute("aria-sort", state.order !== index ? "none" : state.descending ? "descending" : "ascending"));
    const { length } = state.found;
    const of = length === rows.length ? count(length) : `${count(length)} of ${count(rows.length)}`;
    told.textContent = `${of} ${length === 1 && rows.length === 1 ? "row" : "rows"}${shown.length < length ? `, the first ${count(shown.length)} shown` : ""}`;
    more.hidden = shown.length >= length;
    more.textContent = `Show ${count(Math.min(MORE_ROWS, length - shown.length))} more`;
  }

  /** @param {any} row */
  function lines(row) {
    const cells = columns.map((column) => el("td", { class: [column.isNumber && "number", column.wide && "wide"].filter(Boolean).join(" ") }, column.cell(row)));
    if (!detail) return [el("tr", {}, ...cells)];
    const isOpen = open.has(row);
    const opener = el("button", { class: "open", type: "button", attrs: { "aria-expanded": isOpen, "aria-label": `More of ${clean(text(row), 60)}` }, on: { click: () => {
      if (!open.delete(row)) open.add(row);
      const line = opener.closest("tr");
      if (!line) return;
      opener.setAttribute("aria-expanded", String(open.has(row)));
      if (open.has(row)) line.after(detailLine(row));
      else line.nextElementSibling?.remove();
    } } });
    const line = el("tr", {}, el("td", { class: "opener" }, opener), ...cells);
    return isOpen ? [line, detailLine(row)] : [line];
  }

  /** @param {any} row */
  const detailLine = (row) => el("tr", { class: "detail-row" }, el("td", { attrs: { colspan: columns.length + 1 } }, detail?.(row)));

  draw();
  return node;
}

/** What is not there comes last, whichever way. @param {string | number | null} a @param {string | number | null} b @param {number} sign */
function compare(a, b, sign) {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}
