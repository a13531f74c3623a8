/** The story of a ship around an alert: all revisions of it and the ship's other alerts, in the order in which they were told. */

/** @import { State } from "../state.js" */
/** @import { Alert, AlertHistory, Item, Revision } from "../types.js" */
import { changes } from "../changes.js";
import { el, outside } from "../dom.js";
import { brief, utc, utcFull } from "../format.js";
import { sentence } from "../text.js";
import { GRADES, KINDS, STATUSES } from "../words.js";

/** @typedef {{ alert: Alert, own: boolean }} Entry */

/**
 * Entries in time order. Other alerts stand at the time they were last told, because the list has their newest revision.
 * @param {Revision[]} revisions @param {Item[]} others @param {number | null} until only what was told by then
 * @returns {Entry[]}
 */
export function entriesOf(revisions, others, until) {
  const ids = new Set(revisions.map(({ alert }) => alert.id));
  /** @type {Entry[]} */
  const entries = [
    ...revisions.map(({ alert }) => ({ alert, own: true })),
    ...others.filter(({ alert }) => !ids.has(alert.id)).map(({ alert }) => ({ alert, own: false })),
  ];
  return entries
    .filter(({ alert }) => until === null || alert.at <= until)
    .sort((a, b) => a.alert.at - b.alert.at || a.alert.revision - b.alert.revision);
}

/**
 * `reached` are the ports that came into reach with it.
 * @typedef {{ entries: Entry[], quiet: boolean, reached: string[] }} Run
 */

/** What makes a revision news: the rest of it only goes on. @param {Alert} alert */
const gist = ({ status, grade, cause, severity, tags }) => JSON.stringify([status === "open" ? "updated" : status, grade, cause, severity, tags]);

/**
 * Neighbouring entries that bring no news, so that 20 ports in reach and the updates with them are one line.
 * @param {Entry[]} entries @returns {Run[]}
 */
export function runsOf(entries) {
  /** @type {Run[]} */
  const runs = [];
  let before = "";
  /** @type {Set<string>} */
  let reached = new Set();
  for (const entry of entries) {
    const now = entry.own ? gist(entry.alert) : before;
    const quiet = entry.own ? now === before : entry.alert.kind === "port.in_reach";
    before = now;
    const inReach = entry.own ? (entry.alert.ports.in_reach ?? []) : [];
    const came = inReach.filter((id) => !reached.has(id));
    reached = new Set([...reached, ...inReach]);
    const last = runs.at(-1);
    if (quiet && last?.quiet) {
      last.entries.push(entry);
      last.reached.push(...came);
    } else runs.push({ entries: [entry], quiet, reached: came });
  }
  return runs;
}

/** @param {State} state @param {Entry[]} entries */
export function storySection(state, entries) {
  if (!entries.length) return null;
  return el("section", { class: "part", testid: "story" },
    el("h3", {}, "Story"),
    el("ol", { class: "story" }, ...runsOf(entries).map((run) => (run.quiet && run.entries.length > 1 ? runLine(state, run) : run.entries.map((entry) => line(state, entry)))).flat()),
  );
}

/** @param {State} state @param {Entry} entry */
function line(state, { alert, own }) {
  const what = own ? `Revision ${alert.revision}: ${STATUSES[alert.status].toLowerCase()}` : `${KINDS[alert.kind]}, ${STATUSES[alert.status].toLowerCase()}`;
  const label = alert.grade ? `${what}, ${GRADES[alert.grade].toLowerCase()}` : what;
  return el("li", { class: own ? `story-own ${markOf(alert)}` : `story-other ${markOf(alert)}` }, timeOf(state, alert.at),
    el("div", {},
      own ? el("span", { class: "story-label" }, label) : alertLink(state, alert, label),
      el("p", {}, outside(sentence(alert)))),
  );
}

/** @param {Alert} alert */
const markOf = ({ grade }) => (grade ? `grade-${grade.replace("_", "-")}` : "");

/** @param {State} state @param {number} t */
const timeOf = (state, t) => el("time", { title: utc(t), attrs: { datetime: new Date(t).toISOString() } }, brief(t, state.now));

/** @param {State} state @param {Alert} alert @param {Node | string} label */
const alertLink = (state, alert, label) => el("button", { class: "link", type: "button", on: { click: () => state.select({ alert: alert.id, vessel: null }) } }, label);

/** @param {State} state @param {Run} run */
function runLine(state, { entries, reached }) {
  const [first, last] = [entries[0].alert, entries[entries.length - 1].alert];
  const until = last.at > first.at ? `, until ${brief(last.at, state.now)}` : "";
  return el("li", { class: `story-other ${markOf(first)}` }, timeOf(state, first.at),
    el("div", {},
      reached.length ? el("p", {}, "Came into reach: ", outside(reached.map(state.portName).join(", ")), ".") : null,
      el("details", { class: "fold" },
        el("summary", {}, `${entries.length} entries without a new judgement${until}`),
        el("ul", { class: "plain" }, ...entries.map(({ alert, own }) => el("li", {},
          `${brief(alert.at, state.now)} `,
          own ? `Revision ${alert.revision}` : alertLink(state, alert, `${KINDS[alert.kind]}: ${state.portName(alert.ports.at ?? "")}`)))))),
  );
}

/** What each revision changed. @param {State} state @param {Revision[]} revisions */
export function revisionsSection(state, revisions) {
  if (revisions.length < 2) return null;
  const steps = revisions.slice(1).map(({ alert }, index) => {
    const list = changes(revisions[index].alert, alert, state.portName);
    return el("li", {},
      el("h4", {}, `Revision ${alert.revision}, ${utc(alert.at)}`),
      list.length ? el("dl", { class: "changes" }, ...list.map(({ what, before, after }) => el("div", {},
        el("dt", {}, outside(what)), el("dd", {}, before ? outside(before) : null, before ? " → " : null, outside(after)))))
        : el("p", { class: "muted" }, "Only the sentence and the evidence."),
    );
  });
  return el("section", { class: "part", testid: "revisions" },
    el("details", { class: "fold" }, el("summary", {}, `What changed in ${revisions.length} revisions`), el("ol", { class: "revisions" }, ...steps.reverse())));
}

/** Who took note of it. Acknowledgements have the time of the wall clock. @param {AlertHistory["acks"]} acks */
export function acksSection(acks) {
  if (!acks.length) return null;
  return el("section", { class: "part", testid: "acks" },
    el("h3", {}, "Acknowledged"),
    el("ul", { class: "acks" }, ...acks.map(({ who, t, note, revision }) => el("li", {},
      el("div", {}, el("strong", {}, outside(who, 60)), el("span", { class: "muted" }, ` revision ${revision}, ${utcFull(t)} (clock of the server)`)),
      note ? el("p", {}, outside(note, 2000)) : null))),
  );
}
