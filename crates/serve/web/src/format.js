/** Numbers and times as people read them. All times are UTC; figures carry their unit. */

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const METRES_PER_NAUTICAL_MILE = 1852;

/** @param {number} value */
const two = (value) => String(value).padStart(2, "0");

/**
 * "05:42", or "05:42:07" with seconds.
 * @param {number} t @param {{ seconds?: boolean }} [options]
 */
export function clock(t, { seconds = false } = {}) {
  const date = new Date(t);
  const minutes = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  return seconds ? `${minutes}:${two(date.getUTCSeconds())}` : minutes;
}

/** "2 Oct". @param {number} t */
export function day(t) {
  const date = new Date(t);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

/** "2 Oct 05:42 UTC". @param {number | null | undefined} t */
export function utc(t) {
  return isTime(t) ? `${day(t)} ${clock(t)} UTC` : "–";
}

/** "2 Oct 2023 05:42:07 UTC". @param {number | null | undefined} t */
export function utcFull(t) {
  return isTime(t) ? `${day(t)} ${new Date(t).getUTCFullYear()} ${clock(t, { seconds: true })} UTC` : "–";
}

/**
 * "05:42" on the day of `now`, else "2 Oct 05:42"; for lists, whose head says UTC.
 * @param {number} t @param {number | null} now
 */
export function brief(t, now) {
  return now !== null && Math.floor(t / DAY) === Math.floor(now / DAY) ? clock(t) : `${day(t)} ${clock(t)}`;
}

/** @param {unknown} t @returns {t is number} */
function isTime(t) {
  return typeof t === "number" && Number.isFinite(t) && Math.abs(t) < 8.64e15;
}

/** "57 min", "5.3 h", "41.6 h", "4.2 d". @param {number | null | undefined} ms */
export function duration(ms) {
  if (typeof ms !== "number" || !Number.isFinite(ms)) return "–";
  if (ms < 2 * MINUTE) return `${Math.round(ms / 1000)} s`;
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`;
  if (ms < 4 * DAY) return `${(ms / HOUR).toFixed(1)} h`;
  return `${(ms / DAY).toFixed(1)} d`;
}

/** Time between an event and now: "3 min ago". @param {number} t @param {number | null} now */
export function ago(t, now) {
  if (now === null) return "";
  return t > now + MINUTE ? `in ${duration(t - now)}` : now - t < MINUTE ? "just now" : `${duration(now - t)} ago`;
}

/** "22 %", "0.6 %". @param {number | null | undefined} value between 0 and 1 */
export function share(value) {
  if (typeof value !== "number") return "–";
  const percent = value * 100;
  return `${percent !== 0 && percent < 1 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** "51 nm", "6.5 nm". @param {number} metres */
export function nauticalMiles(metres) {
  const miles = metres / METRES_PER_NAUTICAL_MILE;
  return `${miles < 10 ? miles.toFixed(1) : count(Math.round(miles))} nm`;
}

/** "1,234". @param {number} value */
export const count = (value) => value.toLocaleString("en-GB");

/** "42°27.74′ N 131°23.91′ E", as charts and radio give it. @param {number} lon @param {number} lat */
export function position(lon, lat) {
  const wrapped = ((((lon + 180) % 360) + 360) % 360) - 180;
  return `${angle(lat, 2)} ${lat < 0 ? "S" : "N"} ${angle(wrapped, 3)} ${wrapped < 0 ? "W" : "E"}`;
}

/** @param {number} degrees @param {number} digits */
function angle(degrees, digits) {
  const hundredths = Math.round(Math.abs(degrees) * 6000);
  const [whole, minutes] = [Math.floor(hundredths / 6000), (hundredths % 6000) / 100];
  return `${String(whole).padStart(digits, "0")}°${minutes.toFixed(2).padStart(5, "0")}′`;
}

/** "14.7 kn". @param {number | null | undefined} value */
export const knots = (value) => (typeof value === "number" ? `${value.toFixed(1)} kn` : "–");

/** "074°". @param {number | null | undefined} value */
export const course = (value) =>
  typeof value === "number" ? `${String(Math.round(value) % 360).padStart(3, "0")}°` : "–";

const REGIONS = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });

/** Country of a two-letter code. @param {string | null | undefined} code */
export function country(code) {
  return code && /^[A-Z]{2}$/.test(code) ? (REGIONS.of(code) ?? code) : "–";
}

/** Ship types of ITU-R M.1371-5, table 53, by their tens and where the ones matter. */
const TYPES = new Map([
  [30, "Fishing"], [31, "Towing"], [32, "Towing, long"], [33, "Dredging"], [34, "Diving"], [35, "Military"], [36, "Sailing"],
  [37, "Pleasure craft"], [50, "Pilot"], [51, "Search and rescue"], [52, "Tug"], [53, "Port tender"], [54, "Anti-pollution"],
  [55, "Law enforcement"], [58, "Medical"],
]);
const TENS = new Map([[2, "Wing in ground"], [4, "High-speed craft"], [6, "Passenger"], [7, "Cargo"], [8, "Tanker"], [9, "Other"]]);

/** "Cargo (79)". @param {number | null | undefined} type */
export function shipType(type) {
  if (typeof type !== "number") return "–";
  const name = TYPES.get(type) ?? TENS.get(Math.floor(type / 10));
  return name ? `${name} (${type})` : `Type ${type}`;
}
