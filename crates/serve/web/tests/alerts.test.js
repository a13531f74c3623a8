import assert from "node:assert/strict";
import { test } from "node:test";
import { AlertBook } from "../src/alerts.js";
import { changes } from "../src/changes.js";
import { kindCounts, rowsOf } from "../src/groups.js";
import { alert, item } from "./samples.js";

test("the_highest_revision_is_the_truth_in_whatever_order_they_come", () => {
  const book = new AlertBook();
  assert.equal(book.put(item({ revision: 1 }, { seq: 5 })), "new");
  assert.equal(book.put(item({ revision: 0 }, { seq: 4 })), "same");
  assert.equal(book.put(item({ revision: 2 }, { seq: 9 })), "revised");
  assert.equal(book.get("e2f782edfb8d5743")?.alert.revision, 2);
  assert.equal(book.size, 1);
});

test("an_item_is_shown_as_it_was_known_at_a_time", () => {
  const book = new AlertBook();
  const revisions = [0, 1, 2].map((n) => ({ seq: n + 1, alert: alert({ revision: n, at: 1000 * (n + 1) }) }));
  const newest = { ...item({ revision: 2, at: 3000 }, { seq: 3, first_at: 1000 }), ack: { who: "x", t: 0, note: "", revision: 2 } };
  book.put(newest);
  assert.equal(book.asOf(newest, 999), null);
  assert.equal(book.asOf(newest, 2500), "unknown");
  book.putRevisions("e2f782edfb8d5743", revisions);
  const then = book.asOf(newest, 2500);
  assert.ok(then && then !== "unknown");
  assert.equal(then.alert.revision, 1);
  assert.equal(then.ack, null);
  assert.equal(book.asOf(newest, 3000), newest);
});

test("rows_by_ship_quote_the_most_urgent_open_alert_and_stand_at_the_newest_time", () => {
  const items = [
    item({ id: "reach", kind: "port.in_reach", at: 30 }), item({ id: "dark", kind: "dark", at: 20 }),
    item({ id: "visit", kind: "port.visit", severity: "notice", at: 10 }),
    item({ id: "outage", kind: "reception.outage", vessel: null, at: 5 }),
  ];
  const rows = rowsOf(items, "ship");
  assert.deepEqual(rows.map(({ key, at }) => [key, at]), [["ship-273000001", 30], ["outage", 5]]);
  assert.equal(rows[0].lead.alert.id, "dark");
  assert.deepEqual(kindCounts(rows[0]), [["dark", 1], ["port.in_reach", 1], ["port.visit", 1]]);
  assert.equal(rowsOf(items, "alert").length, 4);
});

test("a_closed_alert_does_not_lead_while_another_is_open", () => {
  const rows = rowsOf([item({ id: "old", status: "closed", at: 9 }), item({ id: "now", kind: "hop.dark", at: 8 })], "ship");
  assert.equal(rows[0].lead.alert.id, "now");
});

test("changes_between_revisions_are_told_in_words", () => {
  const before = alert({});
  const [rajin] = before.ports.candidates ?? [];
  const after = alert({
    revision: 1, status: "updated", grade: "probable", score: 4.07,
    ports: { candidates: [{ ...rajin, p: 0.3 }, { ...rajin, port: "KPCHO", p: 0.1 }], in_reach: ["KPCHO"] },
    evidence: [{ what: "draught", value: { before: 4.3, after: 6.6 }, why: "" }],
  });
  const told = changes(before, after, (id) => ({ KPRJN: "Rajin", KPCHO: "Chongjin" })[id] ?? id).map((c) => `${c.what}: ${c.before} > ${c.after}`);
  assert.deepEqual(told, [
    "Status: Open > Updated", "Grade: Suspected > Probable", "Score: 2.12 > 4.07", "Rajin: 22 % > 30 %", "Chongjin: not a candidate > 10 %",
    "Came into reach:  > Chongjin", "Draught: none > 4.3 → 6.6",
  ]);
  assert.deepEqual(changes(before, before, String), []);
});
