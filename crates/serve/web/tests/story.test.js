import assert from "node:assert/strict";
import { test } from "node:test";
import { entriesOf, runsOf } from "../src/detail/story.js";
import { alert, item } from "./samples.js";

const revisions = [0, 1].map((n) => ({ seq: n, alert: alert({ revision: n, at: 100 * (n + 1) }) }));
const reach = ["a", "b", "c"].map((id, n) => item({ id, kind: "port.in_reach", at: 110 + n }));

test("revisions_and_other_alerts_stand_in_the_order_in_which_they_were_told", () => {
  const entries = entriesOf(revisions, [...reach, item({ revision: 1, at: 200 })], null);
  assert.deepEqual(entries.map((entry) => [entry.alert.at, entry.own]), [[100, true], [110, false], [111, false], [112, false], [200, true]]);
});

test("replay_does_not_tell_what_came_later", () => {
  assert.equal(entriesOf(revisions, reach, 111).length, 3);
});

test("what_brings_no_news_is_one_line", () => {
  const more = [...revisions, { seq: 3, alert: alert({ revision: 2, at: 300, grade: "probable" }) }];
  const runs = runsOf(entriesOf(more, reach, null));
  assert.deepEqual(runs.map(({ entries, quiet }) => [entries.length, quiet]), [[1, false], [4, true], [1, false]]);
});
