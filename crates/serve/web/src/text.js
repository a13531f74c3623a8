/**
 * Makes text from outside fit to show. Names of ships come from radio messages that anybody can send: they may hold control
 * characters, or marks that turn the direction of the text around them. They are taken out here, and shown only as text
 * nodes, never as markup.
 */

/** Control characters, marks of direction, and characters without width. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\uffff]/g;
/** More accents on one letter than a script needs pile up over the lines above. */
const PILED_MARKS = /(\p{M}{3})\p{M}+/gu;

/**
 * @param {unknown} value
 * @param {number} [longest] characters kept
 */
export function clean(value, longest = 600) {
  if (value === null || value === undefined) return "";
  const text = String(value).replace(UNSEEN, " ").replace(PILED_MARKS, "$1").replace(/ {2,}/g, " ").trim();
  return text.length > longest ? `${text.slice(0, longest - 1)}…` : text;
}

/**
 * What a ship is called on this page: its name if it sent one, else its number.
 * @param {{ name?: string | null, mmsi: number } | null | undefined} vessel
 */
export function shipName(vessel) {
  if (!vessel) return "";
  return clean(vessel.name, 40) || `MMSI ${vessel.mmsi}`;
}

/**
 * The sentence of an alert without the name of its ship, for places where that already stands above.
 * @param {{ explain: string, vessel: { mmsi: number, name: string | null } | null }} alert
 */
export function sentence({ explain, vessel }) {
  const text = clean(explain);
  const rest = vessel ? text.replace(`(MMSI ${vessel.mmsi})`, "\u0000").split("\u0000") : [text];
  const name = vessel ? clean(vessel.name, 60) : "";
  if (rest.length !== 2 || rest[0].trim() !== name) return text;
  const said = rest[1].replace(/^,?\s+/, "");
  return said.charAt(0).toUpperCase() + said.slice(1);
}
