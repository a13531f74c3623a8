/** A ship's own data, its last report, and its alerts. */

/** @import { State } from "../state.js" */
/** @import { AlertVessel, Item, Vessel, VesselDetail } from "../types.js" */
import { newestFirst } from "../alerts.js";
import { el, outside } from "../dom.js";
import { brief, country, course, knots, position, shipType, utcFull } from "../format.js";
import { sentence } from "../text.js";
import { agoNode } from "../view/ago.js";
import { GRADES, KINDS, SHIP_STATES, STATUSES } from "../words.js";

/** @param {string} label @param {Node | string | null} value */
const fact = (label, value) => (value === null || value === "–" ? null : el("div", {}, el("dt", {}, label), el("dd", {}, value)));

/** @param {unknown} value */
const told = (value) => (value === null || value === undefined || value === "" ? null : outside(value, 60));

/** @param {AlertVessel} vessel as known with the alert @param {VesselDetail | null} now as known now */
export function vesselSection(vessel, now) {
  const listed = vessel.listed_as ?? [];
  return el("section", { class: "part", testid: "vessel" },
    el("h3", {}, "Ship"),
    el("dl", { class: "facts" },
      fact("Name", told(vessel.name)), fact("Flag", country(vessel.flag)),
      fact("MMSI", String(vessel.mmsi)), fact("IMO", told(vessel.imo)),
      fact("Call sign", told(vessel.callsign)), fact("Type", shipType(vessel.type)),
      fact("Length", typeof vessel.length_m === "number" ? `${Math.round(vessel.length_m)} m` : null),
      fact("Draught now", typeof now?.draught === "number" ? `${now.draught.toFixed(1)} m` : null),
      fact("Destination now", told(now?.destination)),
      vessel.track && vessel.track !== String(vessel.mmsi) ? fact("Track", told(vessel.track)) : null,
    ),
    listed.length ? el("p", { class: "listed-as" }, el("span", { class: "listed" }, "Listed"), outside(listed.join("; "))) : null,
  );
}

/** @param {State} state @param {Vessel | null} last */
export function lastReport(state, last) {
  if (!last) return null;
  const tone = last.state ?? "normal";
  return el("section", { class: "part", testid: "last-report" },
    el("h3", {}, "Last report"),
    el("dl", { class: "facts" },
      fact("State", el("span", { class: `tone-${tone.replace("_", "-")}` }, SHIP_STATES[tone])),
      fact("Heard", agoNode(state, last.t)), fact("At", utcFull(last.t)), fact("Position", position(last.lon, last.lat)),
      fact("Speed", knots(last.sog)), fact("Course", course(last.cog)), fact("Heading", course(last.heading)),
    ),
  );
}

/** @param {State} state @param {Item[]} items */
export function shipAlerts(state, items) {
  const list = [...items].sort(newestFirst);
  return el("section", { class: "part", testid: "ship-alerts" },
    el("h3", {}, "Alerts of this ship"),
    list.length ? el("ol", { class: "story" }, ...list.map(({ alert }) => el("li", { class: `story-other ${alert.grade ? `grade-${alert.grade.replace("_", "-")}` : ""}` },
      el("time", { attrs: { datetime: new Date(alert.at).toISOString() } }, brief(alert.at, state.now)),
      el("div", {},
        el("button", { class: "link", type: "button", on: { click: () => state.select({ alert: alert.id, vessel: null }) } },
          `${KINDS[alert.kind]}, ${STATUSES[alert.status].toLowerCase()}${alert.grade ? `, ${GRADES[alert.grade].toLowerCase()}` : ""}`),
        el("p", {}, outside(sentence(alert))))))) : el("p", { class: "muted" }, "None."),
  );
}
