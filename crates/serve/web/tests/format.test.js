import assert from "node:assert/strict";
import { test } from "node:test";
import { ago, brief, country, course, duration, nauticalMiles, position, share, shipType, utc, utcFull } from "../src/format.js";
import { clean, sentence, shipName } from "../src/text.js";

const T = Date.UTC(2023, 9, 2, 5, 42, 7);

test("times_are_utc_and_short", () => {
  assert.equal(utc(T), "2 Oct 05:42 UTC");
  assert.equal(utcFull(T), "2 Oct 2023 05:42:07 UTC");
  assert.equal(utc(null), "–");
  assert.equal(utc(Number.NaN), "–");
  assert.equal(utc(1e20), "–");
});

test("a_time_of_another_day_has_its_day", () => {
  assert.equal(brief(T, T + 3_600_000), "05:42");
  assert.equal(brief(T, T + 86_400_000), "2 Oct 05:42");
  assert.equal(brief(T, null), "2 Oct 05:42");
});

test("durations_have_one_unit", () => {
  assert.deepEqual([5_000, 3_420_000, 149_777_000, 4 * 86_400_000].map(duration), ["5 s", "57 min", "41.6 h", "4.0 d"]);
  assert.equal(duration(null), "–");
  assert.equal(ago(T, T + 30_000), "just now");
  assert.equal(ago(T, T + 180_000), "3 min ago");
});

test("shares_below_one_percent_are_not_nought", () => {
  assert.deepEqual([0.2175, 0.0061, 0, 1].map(share), ["22 %", "0.6 %", "0 %", "100 %"]);
});

test("positions_are_as_on_a_chart", () => {
  assert.equal(position(131.398482, 42.46241), "42°27.74′ N 131°23.91′ E");
  assert.equal(position(-0.5, -33.99999), "34°00.00′ S 000°30.00′ W");
  assert.equal(position(190, 10), "10°00.00′ N 170°00.00′ W");
});

test("the_rest_reads_as_people_say_it", () => {
  assert.equal(nauticalMiles(94_452), "51 nm");
  assert.equal(nauticalMiles(12_014.8), "6.5 nm");
  assert.equal(course(7.4), "007°");
  assert.equal(course(359.9), "000°");
  assert.equal(shipType(79), "Cargo (79)");
  assert.equal(shipType(52), "Tug (52)");
  assert.equal(country("KP"), "North Korea");
  assert.equal(country("<b>"), "–");
});

test("a_name_cannot_turn_or_break_the_text_around_it", () => {
  assert.equal(clean("ANG\u202eARA\u0007\u200b"), "ANG ARA");
  assert.equal(clean("A\n\tB"), "A B");
  assert.equal(clean("e" + "\u0301".repeat(40)).length, 4);
  assert.equal(clean("<img src=x>"), "<img src=x>");
  assert.equal(clean("x".repeat(50), 10), "xxxxxxxxx…");
  assert.equal(clean(null), "");
  assert.equal(shipName({ name: " \u202e ", mmsi: 273000001 }), "MMSI 273000001");
});

test("a_sentence_under_the_name_of_its_ship_leaves_the_name_out", () => {
  const vessel = { mmsi: 1, name: "LADY R" };
  assert.equal(sentence({ vessel, explain: "LADY R (MMSI 1) has been silent for 57 min." }), "Has been silent for 57 min.");
  assert.equal(sentence({ vessel, explain: "LADY R (MMSI 1), silent since noon, could …" }), "Silent since noon, could …");
  assert.equal(sentence({ vessel, explain: "Not so: LADY R (MMSI 1) went on." }), "Not so: LADY R (MMSI 1) went on.");
  assert.equal(sentence({ vessel: null, explain: "A receiver has failed." }), "A receiver has failed.");
});
