import assert from "node:assert/strict";
import { test } from "node:test";
import { EventParser, backOff } from "../src/sse.js";

const TEXT = 'event: alert\nid: 17\ndata: {"seq":17}\n\n: a comment\n\nevent: time\ndata: {"t":1}\n\nevent: vessels\ndata: {"a":1,\ndata: "b":2}\n\n';
const EVENTS = [
  { event: "alert", data: '{"seq":17}' },
  { event: "time", data: '{"t":1}' },
  { event: "vessels", data: '{"a":1,\n"b":2}' },
];

test("events_are_the_same_however_the_stream_is_cut", () => {
  for (let size = 1; size <= TEXT.length; size++) {
    const parser = new EventParser();
    const events = [];
    for (let i = 0; i < TEXT.length; i += size) events.push(...parser.push(TEXT.slice(i, i + size)));
    assert.deepEqual(events, EVENTS, `chunks of ${size}`);
  }
});

test("lines_may_end_with_return_and_newline_cut_anywhere", () => {
  const text = TEXT.replaceAll("\n", "\r\n");
  for (let size = 1; size < 40; size++) {
    const parser = new EventParser();
    const events = [];
    for (let i = 0; i < text.length; i += size) events.push(...parser.push(text.slice(i, i + size)));
    assert.deepEqual(events, EVENTS, `chunks of ${size}`);
  }
});

test("an_identifier_counts_once_its_event_is_complete_and_stays", () => {
  const parser = new EventParser("5");
  parser.push("id: 17\ndata: x\n");
  assert.equal(parser.lastEventId, "5");
  parser.push("\n");
  assert.equal(parser.lastEventId, "17");
  parser.push("data: y\n\n");
  assert.equal(parser.lastEventId, "17");
});

test("an_event_without_data_is_none", () => {
  assert.deepEqual(new EventParser().push("event: reset\n\n"), []);
  assert.deepEqual(new EventParser().push("event: reset\ndata: {}\n\n"), [{ event: "reset", data: "{}" }]);
});

test("a_field_without_colon_and_unknown_fields_are_harmless", () => {
  assert.deepEqual(new EventParser().push("data\nretry: 5\nwhat: x\n\n"), [{ event: "message", data: "" }]);
});

test("waits_double_up_to_half_a_minute_and_are_spread", () => {
  assert.equal(backOff(1, 1), 1000);
  assert.equal(backOff(1, 0), 500);
  assert.equal(backOff(4, 1), 8000);
  assert.equal(backOff(6, 1), 30_000);
  assert.equal(backOff(1000, 0), 15_000);
});
