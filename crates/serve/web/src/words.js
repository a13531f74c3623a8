/** The words of the page for the closed sets of values: kinds, grades, causes, states. */

/** @import { Kind, Severity, Grade, Status, ShipState } from "./types.js" */

/** @type {Record<Kind, string>} */
export const KINDS = {
  dark: "Dark period",
  "hop.dark": "Dark hop",
  "port.in_reach": "Port in reach",
  "identity.changed": "Identity changed",
  "identity.conflict": "Identity conflict",
  "position.withheld": "Position withheld",
  sighting: "Sighting",
  hop: "Hop",
  "port.visit": "Port visit",
  "reception.outage": "Reception outage",
  "gnss.interference": "GNSS interference",
  "source.clock": "Source clock",
};

/** Most urgent first. @type {Record<Severity, string>} */
export const SEVERITIES = { critical: "Critical", warning: "Warning", notice: "Notice", info: "Info" };

/** @type {Record<Grade, string>} */
export const GRADES = {
  strong: "Strong", probable: "Probable", suspected: "Suspected", unknown_reception: "Unknown reception",
  corroborated: "Corroborated", contradicted: "Contradicted", unheard: "Unheard", ambiguous: "Ambiguous", unmatched: "Unmatched",
};

/** What a grade means, in one sentence. @type {Record<Grade, string>} */
export const GRADE_MEANING = {
  strong: "Hardly anything but a switched-off transponder explains it.",
  probable: "Others were heard all the time, so it has probably switched off.",
  suspected: "Silent where it should have been heard.",
  unknown_reception: "Silent for long, but how well ships are heard there is not known.",
  corroborated: "A ship told to be dark was seen where it can have been.",
  contradicted: "A ship was seen where what is told of it does not let it be.",
  unheard: "A ship that is merely not heard there was seen where it can have been.",
  ambiguous: "Several ships can have been there, none of them likelier than not.",
  unmatched: "No ship that is known explains what was seen.",
};

/** @type {Record<Status, string>} */
export const STATUSES = { open: "Open", updated: "Updated", closed: "Closed", retracted: "Retracted" };

/** @type {Record<string, string>} */
export const CAUSES = {
  vessel: "The ship does not transmit",
  berth: "It stopped in a port before",
  coverage_exit: "It was leaving the area in which ships are heard",
  interference: "Positions around it were jammed",
  outage: "Receivers had failed",
  reception: "Too little is known of reception",
  withheld: "It transmits without a position",
};

/** @type {Record<ShipState, string>} */
export const SHIP_STATES = {
  normal: "Heard",
  silent: "Silent for 30 min or more, not graded",
  suspected: "Dark, suspected",
  probable: "Dark, probable",
  strong: "Dark, strong",
  unknown_reception: "Silent, reception not known",
};

/** @type {Record<string, string>} */
export const TAGS = {
  dark: "Dark", provisional: "Provisional", open_leg: "Open leg", heard_again: "Heard again", blips: "Single reports between",
  expired: "Expired", other_mmsi: "Other MMSI",
};

const RANK = { info: 0, notice: 1, warning: 2, critical: 3 };

/** @param {Severity} severity */
export const severityRank = (severity) => RANK[severity] ?? 0;
