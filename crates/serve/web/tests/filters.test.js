import assert from "node:assert/strict";
import { test } from "node:test";
import { matches, narrowing, noFilters, parseSearch, toQuery, toSearch } from "../src/filters.js";
import { alert, item } from "./samples.js";

const name = (/** @type {string} */ id) => (id === "KPRJN" ? "Rajin" : id);

test("an_address_says_what_it_was_made_from", () => {
  const filters = { ...noFilters(), severity: ["critical", "warning"], kind: ["dark"], grade: ["unknown_reception"], status: ["open"], acked: false, q: "angara & co", port: "KPRJN", mmsi: "273000001", group: "alert" };
  const place = { alert: "e2f782edfb8d5743", vessel: null, at: 1696240000000 };
  const read = parseSearch(toSearch(/** @type {any} */ (filters), place));
  assert.deepEqual(read, { filters, place });
});

test("no_filter_is_no_address", () => {
  assert.equal(toSearch(noFilters(), { alert: null, vessel: null, at: null }), "");
  assert.deepEqual(parseSearch("").filters, noFilters());
});

test("lists_in_an_address_are_readable", () => {
  const search = toSearch({ ...noFilters(), severity: ["critical", "info"] }, { alert: null, vessel: null, at: null });
  assert.equal(search, "?severity=critical,info");
});

test("what_an_address_should_not_hold_is_left_out", () => {
  const { filters, place } = parseSearch("?severity=fatal,critical&acked=perhaps&mmsi=<b>&at=now&vessel=x&group=y&kind=");
  assert.deepEqual(filters, { ...noFilters(), severity: ["critical"] });
  assert.deepEqual(place, { alert: null, vessel: null, at: null });
});

test("grouping_does_not_narrow_the_list", () => {
  assert.equal(toQuery({ ...noFilters(), group: "alert" }).toString(), "");
  assert.equal(narrowing({ ...noFilters(), acked: false, q: " " }), 1);
});

test("an_alert_matches_by_each_filter", () => {
  const sample = item({ severity: "critical", kind: "dark", grade: "strong", status: "updated" });
  /** @param {object} part */
  const match = (part) => matches({ ...noFilters(), ...part }, sample, name);
  assert.ok(match({}));
  assert.ok(match({ severity: ["critical"] }) && !match({ severity: ["info"] }));
  assert.ok(match({ kind: ["dark", "hop"] }) && !match({ kind: ["hop"] }));
  assert.ok(match({ grade: ["strong"] }) && !match({ grade: ["suspected"] }));
  assert.ok(match({ status: ["updated"] }) && !match({ status: ["open"] }));
  assert.ok(match({ acked: false }) && !match({ acked: true }));
  assert.ok(match({ mmsi: "273000001" }) && !match({ mmsi: "273000002" }));
  assert.ok(match({ port: "KPRJN" }) && !match({ port: "RUVVO" }));
});

test("search_looks_at_names_numbers_sentence_and_ports", () => {
  const sample = item({});
  for (const q of ["anga", "ANGARA", "xua1", "273000001", "9179842", "where it should", "kprjn", "rajin", " angara "]) {
    assert.ok(matches({ ...noFilters(), q }, sample, name), q);
  }
  assert.ok(!matches({ ...noFilters(), q: "lady r" }, sample, name));
});

test("an_alert_without_a_ship_matches_no_mmsi", () => {
  const outage = { ...item({}), alert: { ...alert({}), vessel: null } };
  assert.ok(!matches({ ...noFilters(), mmsi: "273000001" }, outage, name));
});
