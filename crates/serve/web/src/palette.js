/** Colours for what is drawn and not styled: the map and the marks on canvas take them from the style sheet. */

/** @param {string} name of a custom property, without the dashes */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Red, green and blue between 0 and 1 of "#rrggbb". @param {string} hex @returns {[number, number, number]} */
export function channels(hex) {
  const value = Number.parseInt(hex.slice(1), 16);
  return [((value >> 16) & 255) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}
