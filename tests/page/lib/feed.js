/** Changes what ships say in a feed of sentences. */

/** Where type 5 has the MMSI and the name (ITU-R M.1371-5, table 52), bits. */
const MMSI = [8, 38];
const NAME = [112, 232];
const LONGEST = 20;

/** @param {string} payload */
const bitsOf = (payload) => [...payload].map((letter) => {
  const value = letter.charCodeAt(0) - 48;
  return (value > 40 ? value - 8 : value).toString(2).padStart(6, "0");
}).join("");

/** @param {string} bits */
const payloadOf = (bits) => bits.replace(/.{6}/g, (six) => {
  const value = Number.parseInt(six, 2);
  return String.fromCharCode(value + (value < 40 ? 48 : 56));
});

/** Six bits a letter: capitals, digits and signs. @param {string} text */
const sixBits = (text) => [...text.padEnd(LONGEST, "@")].map((letter) => (letter.charCodeAt(0) & 63).toString(2).padStart(6, "0")).join("");

/** @param {string} sentence without checksum, from the "!" on */
const sum = (sentence) => [...sentence.slice(1)].reduce((all, letter) => all ^ letter.charCodeAt(0), 0).toString(16).toUpperCase().padStart(2, "0");

/**
 * The feed with another name for a ship, of letters that AIS has.
 * @param {string} feed @param {number} mmsi @param {string} name
 */
export function renamed(feed, mmsi, name) {
  if (name.length > LONGEST || /[^ -_]/.test(name)) throw new Error(`AIS has no such name: ${name}`);
  let count = 0;
  // The name is in the first of the two sentences of a type 5.
  const changed = feed.replace(/!(AIVDM,2,1,\d?,[AB]?,)(5[^,]+)(,0)\*[0-9A-F]{2}/g, (line, before, payload, after) => {
    const bits = bitsOf(payload);
    if (Number.parseInt(bits.slice(...MMSI), 2) !== mmsi) return line;
    count += 1;
    const sentence = `!${before}${payloadOf(bits.slice(0, NAME[0]) + sixBits(name) + bits.slice(NAME[1]))}${after}`;
    return `${sentence}*${sum(sentence)}`;
  });
  if (!count) throw new Error(`the feed has no name of ${mmsi}`);
  return changed;
}
