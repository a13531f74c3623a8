/** The time bar: what was known at an earlier time, and back to now. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, isLive, launch, listed, liveState, open } from "./lib/browser.js";
import { folder, generate, ms, played, run } from "./lib/server.js";
import { until } from "./lib/until.js";

const ANGARA = 273000001;
/** An hour before ANGARA is told to be dark. */
const THEN = ms("2023-10-02T05:40Z");

let server, browser, page;
/** What the page was told of ships at a past time: the time, and the answer. */
const past = [];

before(async () => {
  const place = folder();
  const source = played(generate(`${place}/feed.nmea`), "2023-10-02T11:50:00Z", 60);
  server = await run(place, { source, serve: "requests_per_second = 1000" });
  await until("the story is told", async () => (await server.alerts(`mmsi=${ANGARA}&kind=dark&grade=strong`)).length > 0 || (await server.now()) > ms("2023-10-02T11:50Z"));
  browser = await launch();
  const prepare = async (opened) => opened.on("response", async (response) => {
    const url = new URL(response.url());
    if (url.pathname !== "/api/v1/vessels" || !url.searchParams.has("at") || !response.ok()) return;
    past.push({ at: Number(url.searchParams.get("at")), ...(await response.json()) });
  });
  page = await open(browser, `${server.address}/?group=alert`, { prepare });
  await isLive(page);
});
after(async () => {
  await browser?.close();
  await server?.kill();
});

const dark = () => page.locator(`${at("alert-row")}[data-kind=dark]`, { hasText: "ANGARA" });
const shownTime = async () => ms(await page.locator(at("event-time")).getAttribute("datetime"));

/** Drags the thumb of the slider. @param {number} t where to */
async function drag(t) {
  const slider = page.locator(at("replay-slider"));
  const { x, y, width, height } = await slider.boundingBox();
  await page.mouse.move(x + width - 2, y + height / 2);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.9, y + height / 2);
  await until("it says that it is a replay", async () => /^REPLAY \d\d:\d\d UTC$/.test(await liveState(page)));
  // The button that returns to live has taken its place in the bar.
  const bar = await slider.boundingBox();
  const [from, to] = [Number(await slider.getAttribute("min")), Number(await slider.getAttribute("max"))];
  await page.mouse.move(bar.x + (bar.width * (t - from)) / (to - from), y + height / 2);
  await page.mouse.up();
}

test("dragged back the slider shows the alerts that were known then, in the revision of then", async () => {
  await dark().waitFor();
  assert.ok((await listed(page)).length > 10);
  await drag(THEN);
  const shown = await until("the time of then", async () => Math.abs((await shownTime()) - THEN) < 20 * 60_000 && (await shownTime()));
  // Known then is what has a revision by then, and in no later one.
  const wanted = (await server.alerts()).filter(({ first_at }) => first_at <= shown).map(({ alert }) => alert.id).sort();
  let found = [];
  await until("the list is that of then", async () => String((found = (await listed(page)).sort())) === String(wanted)).catch(() => assert.deepEqual(found, wanted));
  assert.ok(wanted.length > 0 && wanted.length < (await server.alerts()).length);
  assert.equal(await dark().count(), 0, "it was not dark then");
  const later = await page.locator(`${at("alert-row")} time`).evaluateAll((times, limit) => times.filter(({ dateTime }) => Date.parse(dateTime) > limit).length, shown);
  assert.equal(later, 0, "rows told later");
});

test("ships stand where they were then, and ANGARA is not silent yet", async () => {
  const shown = await shownTime();
  const answer = await until("ships of then", () => past.find(({ at: asked }) => Math.abs(asked - shown) < 60_000));
  assert.ok(answer.vessels.length > 50, `${answer.vessels.length} ships`);
  assert.deepEqual(answer.vessels.filter(({ t }) => t > answer.at), [], "heard later");
  const then = answer.vessels.find(({ mmsi }) => mmsi === ANGARA);
  const now = (await server.get("/vessels")).vessels.find(({ mmsi }) => mmsi === ANGARA);
  assert.equal(then.state ?? "normal", "normal");
  assert.equal(now.state, "strong");
  assert.notDeepEqual([then.lon, then.lat], [now.lon, now.lat]);
});

test("the time shown is in the address, and a page that is opened with it shows the same", async () => {
  await until("the time is in the address", () => new URL(page.url()).searchParams.has("at"));
  const before = [await shownTime(), await listed(page)];
  await page.reload();
  await until("the replay is back", async () => (await liveState(page)).startsWith("REPLAY"));
  let now = [];
  await until("it shows the same", async () => String((now = [await shownTime(), await listed(page)])) === String(before)).catch(() => assert.deepEqual(now, before));
});

test("played it goes on, until the dark alert is there", async () => {
  const begin = await shownTime();
  await page.locator(at("replay-speed")).selectOption({ index: (await page.locator(`${at("replay-speed")} option`).count()) - 1 });
  await page.locator(at("replay-play")).click();
  await dark().waitFor();
  await page.locator(at("replay-play")).click();
  const end = await shownTime();
  assert.ok(end > begin && end >= ms("2023-10-02T06:40Z"), new Date(end).toISOString());
  assert.ok((await liveState(page)).startsWith("REPLAY"));
});

test("l returns to live, with all that is known now", async () => {
  await page.locator("#alerts-title").click();
  await page.keyboard.press("l");
  await isLive(page);
  const wanted = (await server.alerts()).map(({ alert }) => alert.id);
  let found = [];
  await until("the list is that of now", async () => String((found = await listed(page))) === String(wanted)).catch(() => assert.deepEqual(found, wanted));
  assert.ok(Math.abs((await shownTime()) - (await server.now())) < 10 * 60_000);
  await until("the address says so", () => !new URL(page.url()).searchParams.has("at"));
  assert.deepEqual(page.faults, []);
});
