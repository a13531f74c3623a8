/** One row of the alert list. */

/** @import { State } from "../state.js" */
/** @import { Row } from "../groups.js" */
import { el, outside } from "../dom.js";
import { brief, utc } from "../format.js";
import { kindCounts } from "../groups.js";
import { clean, sentence, shipName } from "../text.js";
import { GRADES, KINDS, SEVERITIES, STATUSES } from "../words.js";
import { icon } from "./icons.js";

/** @param {State} state @param {Row} row */
export function rowElement(state, row) {
  const { alert } = row.lead;
  const listed = alert.vessel?.listed_as.length ? el("span", { class: "listed", title: clean(alert.vessel.listed_as.join("; ")) }, "Listed") : null;
  return el("div", {
    id: `row-${row.key}`, class: `row severity-${alert.severity}`, role: "option", testid: "alert-row",
    data: { key: row.key, alertId: alert.id, kind: alert.kind, severity: alert.severity },
  },
    el("div", { class: "row-head" },
      el("span", { class: "unseen" }, `${SEVERITIES[alert.severity]}. `),
      el("span", { class: "row-name" }, alert.vessel ? outside(shipName(alert.vessel)) : KINDS[alert.kind]),
      alert.vessel?.flag ? el("span", { class: "flag" }, clean(alert.vessel.flag, 2)) : null,
      listed,
      el("time", { class: "row-time", title: utc(row.at), attrs: { datetime: new Date(row.at).toISOString() } }, brief(row.at, state.now)),
    ),
    el("p", { class: "row-text" }, outside(sentence(alert), 220)),
    el("div", { class: "row-foot" }, ...tags(row)),
  );
}

/** @param {Row} row */
function tags(row) {
  const { alert } = row.lead;
  const grade = alert.grade ? el("span", { class: `tag grade-${alert.grade.replace("_", "-")}` }, GRADES[alert.grade]) : null;
  const kinds = kindCounts(row).map(([kind, n]) => (n > 1 ? `${KINDS[kind]} ×${n}` : KINDS[kind]));
  const ack = row.unacknowledged === 0
    ? el("span", { class: "acked", title: "Acknowledged" }, icon("check"), el("span", { class: "unseen" }, "Acknowledged"))
    : row.unacknowledged < row.items.length ? el("span", { class: "muted" }, `${row.unacknowledged} to ack`) : null;
  return [
    grade,
    el("span", { class: `tag status-${alert.status}` }, STATUSES[alert.status]),
    el("span", { class: "row-kinds" }, kinds.join(" · ")),
    ack,
  ];
}
