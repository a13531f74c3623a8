/** What is told while it happens, over a line that breaks. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, isLive, launch, listed, liveState, open } from "./lib/browser.js";
import { Line } from "./lib/line.js";
import { demo, folder, generate, ms } from "./lib/server.js";
import { until } from "./lib/until.js";

const HOUR = 3_600_000;

let place, feed, server, line, browser, page;

before(async () => {
  place = folder();
  feed = generate(`${place}/feed.nmea`);
  browser = await launch({ webgl: false });
  server = await demo(place, { feed, speed: 1800 });
  line = new Line(server.port);
  page = await open(browser, `${await line.listen()}/?group=alert`);
  await isLive(page);
});
after(async () => {
  await browser?.close();
  line?.close();
  await server?.kill();
});

const banner = () => page.locator(at("banner")).innerText();

test("when the line breaks the page says so, and since when what it shows is old", async () => {
  await page.locator(`${at("alert-row")}[data-kind=dark]`, { hasText: "ANGARA" }).waitFor();
  line.cut();
  await until("it reconnects", async () => (await liveState(page)) === "RECONNECTING");
  assert.match(await banner(), /^Stream lost\. .*What you see is from 2 Oct \d\d:\d\d UTC\./);
  assert.equal(await page.locator(at("banner-action")).innerText(), "Try now");
});

test("when it is mended the page goes on after the last event that it had, and has missed nothing", async () => {
  const had = new Set(await listed(page));
  const shownBefore = await page.locator(at("event-time")).getAttribute("datetime");
  // Some hours of the story pass while the line is away.
  const [since, told] = [await server.now(), (await server.alerts()).length];
  await until("more is told", async () => (await server.alerts()).length > told + 3 && (await server.now()) > since + 2 * HOUR);
  assert.equal(await page.locator(at("event-time")).getAttribute("datetime"), shownBefore, "the line was not cut");
  line.mend();
  await isLive(page);
  await page.locator(at("banner")).waitFor({ state: "hidden" });
  const wanted = await server.alerts();
  const [, last] = /GET \/api\/v1\/stream[^]*?\r\nlast-event-id: ([^\r]+)\r\n/i.exec(line.heard) ?? [];
  assert.ok(last, `no Last-Event-ID in:\n${line.heard.slice(0, 2_000)}`);
  let missing = [];
  await until("all alerts are in the list", async () => {
    const has = new Set(await listed(page));
    missing = wanted.map(({ alert }) => alert.id).filter((id) => !has.has(id));
    return missing.length === 0;
  }).catch(() => assert.fail(`the list lacks ${missing}`));
  assert.ok(wanted.filter(({ alert }) => !had.has(alert.id)).length > 3, "nothing was told while the line was away");
  assert.doesNotMatch(line.heard, /GET \/api\/v1\/alerts\?/, "it came by the stream, not by asking for all again");
  // Those known before are in their newest revision too.
  const changed = wanted.find(({ alert }) => had.has(alert.id) && alert.kind === "dark" && alert.vessel.mmsi === 273000001);
  const row = page.locator(`[data-alert-id="${changed.alert.id}"]`);
  await row.click();
  await page.locator(at("explain")).waitFor();
  const shown = Number(/revision (\d+)/.exec(await page.locator(at("detail")).innerText())[1]);
  assert.ok(shown >= changed.alert.revision, `revision ${shown} is shown, ${changed.alert.revision} was told`);
});

test("when the server began anew meanwhile the page shows what the new one knows, and nothing else", async () => {
  const { port } = server;
  const before = await server.now();
  await server.kill();
  await until("it reconnects", async () => (await liveState(page)) === "RECONNECTING");
  // Without a store: this one has never heard of the events before.
  server = await demo(place, { feed, speed: 60, listen: port });
  await isLive(page);
  const now = await until("the new story has begun", () => server.now());
  assert.ok(now < ms("2023-10-02T05:00Z") && before > now + HOUR, `${before}, then ${now}`);
  await until("the page shows the time of the new story", async () => {
    const shown = ms(await page.locator(at("event-time")).getAttribute("datetime"));
    return Math.abs(shown - (await server.now())) < HOUR / 4;
  });
  const wanted = (await server.alerts()).map(({ alert }) => alert.id).sort();
  let found = [];
  await until("the list is that of the new server", async () => {
    found = (await listed(page)).sort();
    return String(found) === String(wanted);
  }).catch(() => assert.deepEqual(found, wanted));
});
