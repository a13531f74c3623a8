import assert from "node:assert/strict";
import { test } from "node:test";
import { advance, clamp, hourTicks, marks, spanOf } from "../src/timeline.js";
import { item } from "./samples.js";

const DAY = 86_400_000;
const HOUR = 3_600_000;

test("the_slider_reaches_back_a_day_at_most_and_not_before_the_history", () => {
  assert.deepEqual(spanOf({ from: 0, to: 3 * DAY }, 3 * DAY), { from: 2 * DAY, to: 3 * DAY });
  assert.deepEqual(spanOf({ from: 2.5 * DAY, to: 3 * DAY }, 3 * DAY + 1000), { from: 2.5 * DAY, to: 3 * DAY + 1000 });
});

test("without_history_there_is_no_slider", () => {
  assert.equal(spanOf(null, 5), null);
  assert.equal(spanOf({ from: 5, to: 5 }, 5), null);
  assert.equal(spanOf({ from: 0, to: DAY }, null), null);
});

test("replay_moves_by_speed_and_ends_at_the_present", () => {
  const span = { from: 0, to: DAY };
  assert.deepEqual(advance(HOUR, 300, 1000, span), { at: HOUR + 300_000, ended: false });
  assert.deepEqual(advance(DAY - 1, 300, 1000, span), { at: DAY, ended: true });
  // The span moved on while it played: what is no longer kept is not shown.
  assert.deepEqual(advance(0, 60, 1000, { from: HOUR, to: DAY }), { at: HOUR, ended: false });
  assert.equal(clamp(-5, span), 0);
});

test("marks_count_alerts_and_keep_the_most_urgent", () => {
  const items = [item({ at: 0, severity: "info" }), item({ at: 10, severity: "critical" }), item({ at: 99 }), item({ at: 500 })];
  const slots = marks(items, { from: 0, to: 100 }, 10);
  assert.deepEqual(slots[0], { count: 1, severity: "info" });
  assert.deepEqual(slots[1], { count: 1, severity: "critical" });
  assert.equal(slots[9].count, 1);
  assert.equal(slots.reduce((sum, { count }) => sum + count, 0), 3);
});

test("ticks_stand_on_whole_hours", () => {
  assert.deepEqual(hourTicks({ from: HOUR / 2, to: 9 * HOUR }, 4), [4 * HOUR, 8 * HOUR]);
});
