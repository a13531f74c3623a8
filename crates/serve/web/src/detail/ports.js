/** Ports of an alert: where it went, what came into reach, and where it could have called, with the times that allow it. */

/** @import { State } from "../state.js" */
/** @import { Alert, Candidate } from "../types.js" */
import { el, outside } from "../dom.js";
import { brief, duration, share, utc } from "../format.js";

/** @param {State} state @param {Alert} alert */
export function portsSection(state, alert) {
  const { at, from, to, candidates = [], none_of_these: none, chains = [] } = alert.ports;
  const named = [["From", from], ["To", to], [alert.kind === "port.in_reach" ? "In reach" : "At", at]].filter(([, id]) => id);
  if (!named.length && !candidates.length) return null;
  return el("section", { class: "part", testid: "ports" },
    el("h3", {}, candidates.length ? "Could have called at" : "Ports"),
    named.length ? el("dl", { class: "facts" }, ...named.map(([label, id]) =>
      el("div", {}, el("dt", {}, label), el("dd", {}, portLink(state, /** @type {string} */ (id)))))) : null,
    candidates.length ? table(state, candidates, none) : null,
    candidates.length ? el("p", { class: "muted small" }, "p is a share of belief among the ports known, for ranking. It is no measured frequency, and no port of these need have been called at.") : null,
    chains.length ? el("details", { class: "fold" }, el("summary", {}, `Also possible: two calls (${chains.length})`),
      el("ul", { class: "plain" }, ...chains.map((chain) => el("li", {}, outside(chain.map(state.portName).join(" → ")))))) : null,
  );
}

/** A port's name, which narrows the list to it. @param {State} state @param {string} id */
export function portLink(state, id) {
  return el("button", {
    class: "link", type: "button", title: `Show all alerts with ${state.portName(id)}`, data: { port: id },
    on: {
      click: () => {
        state.filters = { ...state.filters, port: id };
        state.changed("filters");
      },
    },
  }, outside(state.portName(id)), state.ports.get(id)?.listed ? el("span", { class: "listed" }, "Listed") : null);
}

/** @param {State} state @param {Candidate[]} candidates @param {number | undefined} none */
function table(state, candidates, none) {
  const open = candidates.every(({ latest_departure }) => latest_departure === null);
  const most = Math.max(...candidates.map(({ p }) => p), none ?? 0, 0.001);
  const columns = open ? ["Port", "p", "Earliest arrival"] : ["Port", "p", "Arrival from", "Leaves by", "Stay up to"];
  const time = (/** @type {number | null} */ t) => (t === null ? "–" : el("span", { title: utc(t) }, brief(t, state.now)));
  return el("div", { class: "table-frame", attrs: { tabindex: 0, role: "region", "aria-label": "Ports at which it could have called" } },
    el("table", { class: "candidates", testid: "candidates" },
      el("caption", { class: "unseen" }, "Ports at which the ship could have called; times UTC"),
      el("thead", {}, el("tr", {}, ...columns.map((text) => el("th", { attrs: { scope: "col" } }, text)))),
      el("tbody", {},
        ...candidates.map((candidate) => el("tr", { data: { port: candidate.port } },
          el("th", { attrs: { scope: "row" } }, portLink(state, candidate.port)),
          el("td", {}, probability(candidate.p, most)),
          el("td", {}, time(candidate.earliest_arrival)),
          open ? null : el("td", {}, time(candidate.latest_departure)),
          open ? null : el("td", {}, duration(candidate.longest_stay_ms)),
        )),
        none === undefined ? null : el("tr", { class: "none-of-these" },
          el("th", { attrs: { scope: "row" } }, "None of these"), el("td", {}, probability(none, most)), el("td", { attrs: { colspan: columns.length - 2 } })),
      ),
    ),
  );
}

/** @param {number} p @param {number} most */
function probability(p, most) {
  const bar = el("span", { class: "p-bar", attrs: { "aria-hidden": "true" } });
  bar.style.width = `${Math.max(1, (p / most) * 26)}px`;
  return el("span", { class: "p" }, el("span", { class: "p-value" }, share(p)), bar);
}
