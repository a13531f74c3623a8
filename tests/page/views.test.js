/** Pictures of all views: none of them blank, none of them closed to anybody. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { at, barriers, isLive, launch, open, PHONE, rows } from "./lib/browser.js";
import { read, share } from "./lib/picture.js";
import { folder, generate, ms, played, run } from "./lib/server.js";
import { until } from "./lib/until.js";

const PICTURES = process.env.PICTURES ?? folder();
/** Letters and lines have edges of many shades: an empty page has a handful. */
const FEWEST_COLOURS = 100;
/** Of the land on a map, and of its water: the reach may cover most of that. */
const LEAST_SHARE = 0.005;

let server, browser, plain, ANGARA;

before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  const place = folder();
  const source = played(generate(`${place}/feed.nmea`), "2023-10-02T11:50:00Z", 60);
  server = await run(place, { source, serve: "requests_per_second = 1000" });
  await until("the story is told", async () => (await server.now()) > ms("2023-10-02T11:50Z"));
  ANGARA = (await server.alerts("mmsi=273000001&kind=dark"))[0].alert.id;
  browser = await launch();
  plain = await launch({ webgl: false });
});
after(async () => {
  await browser?.close();
  await plain?.close();
  await server?.kill();
});

/** Takes a picture that is not blank, and looks for faults. @param {any} page @param {string} name */
async function view(page, name) {
  const png = await page.screenshot();
  writeFileSync(join(PICTURES, `${name}.png`), png);
  const { colours } = read(png);
  assert.ok(colours.size >= FEWEST_COLOURS, `${name} is blank: ${colours.size} colours`);
  assert.deepEqual(await barriers(page), [], name);
  assert.deepEqual(page.faults, [], name);
}

/** Colours of the style sheet. @param {any} page @param {...string} names */
const tokens = (page, ...names) =>
  page.evaluate((wanted) => wanted.map((name) => Number.parseInt(getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim().slice(1), 16)), names);

/** Waits until the map shows land and water, and what else is to be on it. @param {any} page @param {string[]} [more] */
async function mapIsDrawn(page, more = []) {
  const [land, water, ...rest] = await tokens(page, "map-land", "map-water", ...more);
  let parts = [];
  await until("the map is drawn", async () => {
    const picture = read(await page.locator(at("map")).screenshot());
    parts = [land, water, ...rest].map((colour) => share(picture, colour));
    return parts[0] > LEAST_SHARE && parts[1] > LEAST_SHARE && parts.slice(2).every((part) => part > 0);
  }).catch(({ message }) => assert.fail(`${message}: shares ${parts}`));
}

const theme = (page) => page.evaluate(() => document.documentElement.dataset.theme);

for (const scheme of ["dark", "light"]) {
  test(`desktop, ${scheme}: map and list, then the detail with the reach and its ports`, async () => {
    const page = await open(browser, server.signedIn, { colorScheme: scheme });
    await isLive(page);
    await rows(page, "ANGARA").first().waitFor();
    assert.equal(await theme(page), scheme);
    await mapIsDrawn(page, ["ship-normal", "ship-strong"]);
    await view(page, `desktop-${scheme}`);
    await rows(page, "ANGARA").first().click();
    await page.locator(at("candidates")).waitFor();
    await mapIsDrawn(page, ["map-reach", "map-track"]);
    await view(page, `detail-${scheme}`);
    await page.context().close();
  });
}

test("reception on the map, and the replay of an earlier time", async () => {
  const page = await open(browser, server.address);
  await isLive(page);
  await mapIsDrawn(page, ["ship-strong"]);
  const picture = async () => read(await page.locator(at("map")).screenshot());
  const [water] = await tokens(page, "map-water");
  const before = share(await picture(), water);
  await page.keyboard.press("r");
  // Hexagons lie over the water.
  await until("reception is drawn", async () => share(await picture(), water) < before * 0.95);
  await view(page, "reception");
  await page.keyboard.press("r");
  await until("reception is gone", async () => share(await picture(), water) > before * 0.98);
  await page.goto(`${server.address}/?at=${ms("2023-10-02T05:40Z")}`);
  await until("it is a replay", async () => (await page.locator(at("live-state")).innerText()) === "REPLAY 05:40 UTC");
  await rows(page, "ANGARA").first().waitFor();
  await mapIsDrawn(page);
  await view(page, "replay");
  await page.context().close();
});

test("dialogs: acknowledge, sign in, help", async () => {
  const page = await open(plain, `${server.address}/?alert=${ANGARA}#token=${server.token}`);
  await page.locator(at("explain")).waitFor();
  for (const [open, dialog] of [[() => page.keyboard.press("a"), "ack-dialog"], [() => page.locator(at("account")).click(), "sign-in-dialog"], [() => page.keyboard.press("?"), "help-dialog"]]) {
    await open();
    await page.locator(at(dialog)).waitFor();
    await view(page, dialog);
    await page.keyboard.press("Escape");
    await page.locator(at(dialog)).waitFor({ state: "detached" });
  }
  await page.context().close();
});

test("phone: list, filters, map and detail, one at a time", async () => {
  const page = await open(browser, server.address, PHONE);
  await isLive(page);
  await rows(page, "ANGARA").first().waitFor();
  assert.equal(await page.locator(at("map")).isVisible(), false);
  const wide = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.equal(await wide(), 0, "it scrolls sideways");
  await view(page, "phone-list");
  await page.locator(at("filters-toggle")).click();
  await page.locator(at("filter-kind-dark")).waitFor();
  await view(page, "phone-filters");
  await page.locator(at("filters-toggle")).click();
  await page.locator(at("tab-map")).click();
  await mapIsDrawn(page);
  assert.equal(await page.locator(at("alert-list")).isVisible(), false);
  await view(page, "phone-map");
  await page.locator(at("tab-alerts")).click();
  await rows(page, "ANGARA").first().click();
  await page.locator(at("evidence")).waitFor();
  assert.equal(await page.locator(at("alert-list")).isVisible(), false);
  assert.equal(await wide(), 0, "it scrolls sideways");
  await view(page, "phone-detail");
  await page.context().close();
});

test("without WebGL the map area says so, and the list and the detail work", async () => {
  const page = await open(plain, server.address);
  await isLive(page);
  await page.locator(at("map-missing")).waitFor();
  assert.match(await page.locator(at("map-missing")).innerText(), /cannot draw the map.*All else works/);
  assert.equal(await page.locator(`${at("map")} canvas`).count(), 0);
  await rows(page, "ANGARA").first().click();
  await page.locator(at("evidence")).waitFor();
  await page.locator(`${at("candidates")} [data-port=KPRJN]`).first().waitFor();
  await view(page, "no-webgl");
  await page.context().close();
});
