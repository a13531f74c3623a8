/** Search and filters above the list. They live in the state; this draws them and passes on what a person does. */

/** @import { State } from "../state.js" */
import { byId, el } from "../dom.js";
import { narrowing, noFilters } from "../filters.js";
import { GRADES, KINDS, SEVERITIES, STATUSES } from "../words.js";
import { icon } from "./icons.js";

/** @param {State} state */
export function startFilters(state) {
  const search = el("input", {
    id: "search", type: "search", testid: "search", class: "search",
    attrs: { placeholder: "Name, call sign, MMSI, IMO, port", "aria-label": "Search the alerts", autocomplete: "off", spellcheck: "false" },
  });
  const severity = el("div", { class: "chips", role: "group", attrs: { "aria-label": "Severity" } });
  const badge = el("span", { class: "badge" });
  const more = el("button", {
    class: "button small", type: "button", testid: "filters-toggle", attrs: { "aria-expanded": "false", "aria-controls": "filters-more" },
  }, icon("filter"), "Filters", badge);
  const body = el("div", { id: "filters-more", class: "filters-more", hidden: true });
  const box = el("div", { class: "search-box" }, icon("search"), search, el("kbd", { attrs: { "aria-hidden": "true" } }, "/"));
  byId("filters").append(el("div", { class: "filters-row" }, box, more), severity, body);

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => change({ q: search.value }), 200);
  });
  more.addEventListener("click", () => {
    body.hidden = !body.hidden;
    more.setAttribute("aria-expanded", String(!body.hidden));
  });

  /** @param {Partial<import("../filters.js").Filters>} part */
  const change = (part) => {
    state.filters = { ...state.filters, ...part };
    state.changed("filters");
  };

  /**
   * @param {"severity" | "kind" | "grade" | "status"} name @param {string} value @param {string} label @param {number} [total]
   */
  const chip = (name, value, label, total) => {
    const chosen = /** @type {string[]} */ (state.filters[name]);
    const on = chosen.includes(value);
    const next = on ? chosen.filter((other) => other !== value) : [...chosen, value];
    return el("button", {
      class: `chip tone-${value.replace("_", "-")}`, type: "button", testid: `filter-${name}-${value}`, attrs: { "aria-pressed": on },
      on: { click: () => change({ [name]: next }) },
    }, label, total === undefined ? null : el("span", { class: "chip-count" }, total));
  };

  const acked = () =>
    [["", "All"], ["false", "Not acknowledged"], ["true", "Acknowledged"]].map(([value, label]) =>
      el("button", {
        class: "chip", type: "button", testid: `filter-acked-${value || "all"}`,
        attrs: { "aria-pressed": String(state.filters.acked ?? "") === value },
        on: { click: () => change({ acked: value === "" ? null : value === "true" }) },
      }, label),
    );

  /** @param {"port" | "mmsi"} name @param {string} label @param {string} hint */
  const field = (name, label, hint) => {
    const input = el("input", { class: "field", type: "text", testid: `filter-${name}`, attrs: { value: state.filters[name], placeholder: hint, list: name === "port" ? "port-names" : null, autocomplete: "off" } });
    input.addEventListener("change", () => {
      const value = input.value.trim();
      const byName = [...state.ports.values()].find((port) => port.name.toLowerCase() === value.toLowerCase());
      change({ [name]: name === "port" ? (byName?.id ?? value) : value.replace(/\D/g, "").slice(0, 9) });
    });
    return el("label", { class: "field-label" }, el("span", {}, label), input);
  };

  const draw = () => {
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.testid;
    if (document.activeElement !== search) search.value = state.filters.q;
    const counts = state.stats?.alerts.by_kind ?? {};
    severity.replaceChildren(
      ...Object.entries(SEVERITIES).map(([value, label]) => chip("severity", value, label)),
      el("button", {
        class: "chip", type: "button", testid: "filter-unacknowledged", attrs: { "aria-pressed": state.filters.acked === false },
        on: { click: () => change({ acked: state.filters.acked === false ? null : false }) },
      }, "To acknowledge"),
    );
    /** @param {string} label @param {Node[]} chips */
    const group = (label, chips) => el("fieldset", { class: "filter-group" }, el("legend", {}, label), el("div", { class: "chips" }, ...chips));
    const known = el("datalist", { id: "port-names" }, ...[...state.ports.values()].filter((port) => port.listed).map((port) => el("option", { attrs: { value: port.name } })));
    body.replaceChildren(
      group("Kind", Object.entries(KINDS).map(([value, label]) => chip("kind", value, label, /** @type {Record<string, number>} */ (counts)[value] ?? 0))),
      group("Grade", Object.entries(GRADES).map(([value, label]) => chip("grade", value, label))),
      group("Status", Object.entries(STATUSES).map(([value, label]) => chip("status", value, label))),
      group("Acknowledged", acked()),
      el("div", { class: "field-row" }, field("port", "Port", "Name or id"), field("mmsi", "MMSI", "9 digits"), known),
      el("button", { class: "button small", type: "button", testid: "filters-clear", on: { click: () => change({ ...noFilters(), group: state.filters.group }) } }, "Clear all filters"),
    );
    const set = narrowing(state.filters);
    badge.textContent = set ? String(set) : "";
    badge.hidden = set === 0;
    drawGroup(state, change);
    // Redrawing took the focus from the chip that was pressed: it goes back.
    if (focused && document.activeElement === document.body) /** @type {HTMLElement | null} */ (document.querySelector(`[data-testid="${CSS.escape(focused)}"]`))?.focus();
  };
  let byKind = "";
  state.on(["filters", "ports"], draw);
  state.on(["stats"], () => {
    // Counts change each few seconds; a person may be choosing just now, so only a change redraws.
    const now = JSON.stringify(state.stats?.alerts.by_kind);
    if (now !== byKind && !body.hidden) draw();
    byKind = now;
  });
  draw();
  return { focus: () => search.focus(), search };
}

/** @param {State} state @param {(part: { group: "ship" | "alert" }) => void} change */
function drawGroup(state, change) {
  const toggle = byId("group-toggle");
  const option = (/** @type {"ship" | "alert"} */ value, /** @type {string} */ label) =>
    el("button", { type: "button", testid: `group-${value}`, attrs: { "aria-pressed": state.filters.group === value }, on: { click: () => change({ group: value }) } }, label);
  toggle.replaceChildren(option("ship", "By ship"), option("alert", "Each alert"));
}
