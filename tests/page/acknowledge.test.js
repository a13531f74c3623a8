/** Who has seen to an alert: said from the keyboard, told to all, kept. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, isLive, launch, open, rows } from "./lib/browser.js";
import { folder, generate, played, run, VIEWER, WHO } from "./lib/server.js";
import { until } from "./lib/until.js";

const NOTE = "Called the MRCC <b>at once</b>";

let place, source, server, browser, page, other, id;

before(async () => {
  place = folder();
  source = played(generate(`${place}/feed.nmea`), "2023-10-02T11:50:00Z", 60);
  server = await run(place, { source });
  await until("the story is told", async () => (await server.alerts("mmsi=273000001")).length > 5);
  browser = await launch({ webgl: false });
});
after(async () => {
  await browser?.close();
  await server?.kill();
});

const acks = async () => (await server.get(`/alerts/${id}`)).acks;

test("j, Enter, a and a note acknowledge an alert, and the page says who did and what he wrote", async () => {
  other = await open(browser, server.address);
  await isLive(other);
  page = await open(browser, server.signedIn);
  await isLive(page);
  await rows(page, "ANGARA").first().waitFor();
  await page.keyboard.press("j");
  // The lead of a ship may change with the next alert: this one is what Enter opens now.
  await until("a row is under the cursor", () => page.locator(".row.current").count());
  await page.keyboard.press("Enter");
  await page.locator(at("explain")).waitFor();
  id = new URL(page.url()).searchParams.get("alert");
  assert.deepEqual(await acks(), []);
  await other.goto(`${server.address}/?alert=${id}`);
  await other.locator(at("explain")).waitFor();
  await page.keyboard.press("a");
  await page.locator(at("ack-dialog")).waitFor();
  await page.keyboard.type(NOTE);
  await page.keyboard.press("Control+Enter");
  await page.locator(at("acks")).waitFor();
  const shown = await page.locator(at("acks")).innerText();
  assert.ok(shown.includes(WHO) && shown.includes(NOTE), shown);
  assert.equal(await page.locator(`${at("acks")} b`).count(), 0, "the note is text");
  assert.equal(await page.locator(at("ack-dialog")).count(), 0);
  assert.deepEqual((await acks()).map(({ who, note }) => [who, note]), [[WHO, NOTE]]);
});

test("a page that was open elsewhere shows it without being loaded again", async () => {
  const loads = other.asked.filter((url) => new URL(url).pathname === "/main.js").length;
  await other.locator(at("acks")).waitFor();
  const shown = await other.locator(at("acks")).innerText();
  assert.ok(shown.includes(WHO) && shown.includes(NOTE), shown);
  assert.equal(other.asked.filter((url) => new URL(url).pathname === "/main.js").length, loads);
});

test("who only looks is told that he cannot, and the server takes it from no viewer and from nobody", async () => {
  const before = await acks();
  for (const [address, sentence] of [[`${server.address}/?alert=${id}#token=${VIEWER}`, /Only operators can acknowledge/], [`${server.address}/?alert=${id}`, /Sign in to acknowledge|Only operators/]]) {
    const looking = await open(browser, address);
    await looking.locator(at("explain")).waitFor();
    await looking.keyboard.press("a");
    await looking.locator(at("sign-in-dialog")).waitFor();
    assert.match(await looking.locator(at("sign-in-dialog")).innerText(), sentence);
    assert.equal(await looking.locator(at("ack-dialog")).count(), 0);
    await looking.context().close();
  }
  const post = async (token) => (await server.ask(`/alerts/${id}/ack`, { token, body: { note: "not I" } })).status;
  assert.deepEqual([await post(VIEWER), await post("wrong"), await post(undefined)], [403, 401, 401]);
  assert.deepEqual(await acks(), before);
});

test("it is still there after the server was killed and started again", async () => {
  const before = await acks();
  assert.equal(before.length, 1);
  const { port } = server;
  await server.kill();
  await until("the page says that the stream is lost", async () => /Stream lost/.test(await page.locator(at("banner")).innerText()));
  server = await run(place, { source, listen: port });
  assert.deepEqual(await acks(), before);
  await isLive(page);
  await page.reload();
  await page.locator(at("acks")).waitFor();
  const shown = await page.locator(at("acks")).innerText();
  assert.ok(shown.includes(WHO) && shown.includes(NOTE), shown);
});
