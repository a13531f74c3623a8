import assert from "node:assert/strict";
import { test } from "node:test";
import { binScore, checkScore } from "../src/score.js";

const bin = (/** @type {number} */ t, /** @type {number | null} */ q, /** @type {number} */ score, alive = 1) => ({ t, cell: "85316e37fffffff", q, alive, score });

/** The example of the README: bins, own 1, own_next 0.6, S = 2.1172. */
const EXAMPLE = [
  { what: "bins", value: [bin(0, 0.9958, 1), ...[1, 2, 3, 4].map((n) => bin(n * 600_000, 0.7906, 0.2793))], why: "" },
  { what: "own", value: 1, why: "" },
  { what: "own_next", value: 0.6, why: "" },
];

test("a_bin_adds_what_the_formula_says", () => {
  assert.equal(binScore(0.9958, 1, 1), 1);
  assert.equal(binScore(0.7906, 0.6, 1).toFixed(4), "0.2793");
  assert.equal(binScore(1, 1, 1), 1);
  assert.equal(binScore(0.5, 1, 0), 0);
  assert.equal(binScore(null, 1, 1), 0);
  assert.equal(binScore(0.5, 1, null), 0);
});

test("the_example_of_the_documentation_comes_out", () => {
  const check = checkScore(EXAMPLE);
  assert.ok(check?.agrees);
  assert.equal(check.sum.toFixed(4), "2.1172");
  assert.equal(check.recomputed.toFixed(2), "2.12");
  assert.equal(check.checked, 5);
});

test("a_wrong_sum_is_told", () => {
  const wrong = EXAMPLE.map((entry) => (entry.what === "own_next" ? { ...entry, value: 0.2 } : entry));
  assert.equal(checkScore(wrong)?.agrees, false);
});

test("each_part_of_a_dark_period_is_checked_with_its_own_shares", () => {
  const bins = [
    { t: 600_000, cell: "a", q: 0.9, alive: 1, score: 1 },
    { t: 1_800_000, cell: "a", q: 0.9, alive: 1, score: 0.2596 },
    { t: 2_400_000, cell: "a", q: 0.9, alive: 1, score: 0.0862 },
  ];
  const silences = [
    { start: 0, end: 1_200_000, own: 1, own_next: 0.7 },
    { start: 1_200_000, end: null, own: 0.5, own_next: 0.2 },
  ];
  const evidence = [["bins", bins], ["own", 1], ["own_next", 0.7], ["silences", silences]];
  const check = checkScore(evidence.map(([what, value]) => ({ what: String(what), value, why: "" })));
  assert.deepEqual([check?.checked, check?.agrees], [3, true]);
  assert.deepEqual(check?.bins.map((bin) => bin.own), [1, 0.5, 0.2]);
});

test("later_parts_without_shares_of_their_own_are_not_checked", () => {
  const parts = [{ start: 0, end: 1_200_000 }, { start: 1_200_000, end: null }];
  const check = checkScore([...EXAMPLE, { what: "silences", value: parts, why: "" }]);
  assert.equal(check?.checked, 2);
  assert.equal(check?.bins[3].recomputed, null);
});

test("evidence_without_bins_gives_nothing_to_check", () => {
  assert.equal(checkScore([]), null);
  assert.equal(checkScore([{ what: "bins", value: "none", why: "" }]), null);
});
