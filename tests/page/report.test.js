/** The report of a replay: one file, opened as who is given it opens it. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { at, barriers, launch, open, PHONE } from "./lib/browser.js";
import { renamed } from "./lib/feed.js";
import { folder, generate, replay } from "./lib/server.js";
import { until } from "./lib/until.js";

const PICTURES = process.env.PICTURES ?? folder();
const [ANGARA, MARIA] = [273000001, 273000002];
/** Ends an element and begins one, in the letters that AIS has. */
const HOSTILE = "</SCRIPT><IMG SRC=X>";
const MOST_BYTES = 5_000_000;
/** Rows that a table draws at first. */
const FIRST_ROWS = 15;

let place, address, browser, page;
/** Alerts in their last revision, and how many revisions there are of each kind. */
let alerts, revisions;
let stats, hops;

const lines = (name) => readFileSync(join(place, name), "utf8").trim().split("\n").map((line) => JSON.parse(line));
const count = (number) => number.toLocaleString("en-GB");

/** Opens a report and waits until it is drawn. @param {string} url @param {object} [how] */
async function opened(url, how) {
  const page = await open(browser, url, how);
  await page.locator("[data-drawn]").waitFor();
  return page;
}

before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  place = folder();
  generate(`${place}/story.nmea`);
  writeFileSync(`${place}/feed.nmea`, renamed(readFileSync(`${place}/story.nmea`, "latin1"), ANGARA, HOSTILE), "latin1");
  replay(place, ["feed.nmea", "--out", "alerts.jsonl", "--facts", "facts.jsonl", "--stats", "stats.json", "--report", "report.html"]);
  const all = lines("alerts.jsonl");
  alerts = [...new Map(all.map((alert) => [alert.id, alert])).values()];
  revisions = new Map();
  for (const { kind } of all) revisions.set(kind, (revisions.get(kind) ?? 0) + 1);
  [stats] = lines("stats.json");
  hops = lines("facts.jsonl").filter(({ kind }) => kind === "hop");
  address = pathToFileURL(join(place, "report.html")).href;
  browser = await launch({ webgl: false });
  page = await opened(address, { colorScheme: "light" });
});
after(async () => browser?.close());

const told = async (id) => page.locator(at(`${id}-told`)).innerText();
const rows = (id) => page.locator(`${at(id)} > tbody > tr:not(.detail-row)`);
const text = async (id) => (await page.locator(at(id)).innerText()).trim();

test("its headline is what the other outputs say", async () => {
  const standing = alerts.filter(({ status }) => status !== "retracted");
  const dark = standing.filter(({ kind }) => kind === "dark");
  const sure = dark.filter(({ grade }) => grade === "probable" || grade === "strong");
  assert.ok(sure.length > 3, "the story has dark periods");
  assert.equal(await text("stat-dark"), count(sure.length));
  assert.equal(await text("stat-dark-hops"), count(standing.filter(({ kind }) => kind === "hop.dark").length));
  assert.equal(await text("stat-vessels"), count(new Set(standing.flatMap(({ vessel }) => vessel?.track ?? [])).size));
  assert.equal(await text("stat-silences"), count(stats.silences));
  assert.equal(await text("stat-visits"), count(stats.visits));
  assert.equal(await text("stat-accepted"), count(stats.accepted));
  assert.match(await text("short"), new RegExp(`^${count(stats.vessels)} ships were heard in 10 days\\. ${sure.length} dark periods`));
  for (const [kind, number] of revisions) {
    const cells = await page.locator(`${at("kinds")} tr[data-kind="${kind}"] td`).allInnerTexts();
    assert.deepEqual(cells.slice(-3), [
      count(alerts.filter((alert) => alert.kind === kind && alert.status === "retracted").length),
      count(alerts.filter((alert) => alert.kind === kind).length), count(number),
    ], kind);
  }
  for (const [fate, number] of [["accepted", stats.accepted], ["duplicate", stats.rejected.duplicate], ["other_type", stats.other_type]]) {
    assert.equal(await page.locator(`${at("fates")} tr[data-fate="${fate}"] td`).first().innerText(), count(number), fate);
  }
  assert.match(await told("dark-table"), new RegExp(`^${count(dark.length)} rows`));
  assert.match(await told("hops-table"), new RegExp(`^${count(hops.length)} rows`));
  assert.match(await told("alerts-table"), new RegExp(`^${count(alerts.length)} rows`));
  assert.match(await told("ports-table"), new RegExp(`^${count(dark.reduce((sum, { ports }) => sum + ports.candidates.length, 0))} rows`));
});

test("it says what it was made of, and how to make it again", async () => {
  const hash = createHash("sha256").update(readFileSync(join(place, "feed.nmea"))).digest("hex");
  assert.match(await text("inputs"), new RegExp(`feed\\.nmea[^]*${hash}`));
  assert.equal(await text("command"), "darkwake replay feed.nmea --out alerts.jsonl --facts facts.jsonl --stats stats.json --report report.html");
  for (const part of [alerts[0].config, alerts[0].ports_file]) assert.match(await page.locator("#source").innerText(), new RegExp(part));
});

test("a name that is markup stands there as the text that it is", async () => {
  const card = page.locator(`.card[data-track="${ANGARA}"] h3`);
  assert.equal(await card.innerText(), HOSTILE);
  assert.equal(await page.evaluate(() => document.querySelectorAll("img, iframe, object, script:not([type])").length), 0);
  assert.equal(await page.evaluate(() => document.scripts.length), 2);
});

test("tables are sorted by their heads and filtered by words and choices", async () => {
  const scores = async () => (await rows("dark-table").locator("td:nth-child(4)").allInnerTexts()).map(Number);
  const head = page.locator(`${at("dark-table")} th`, { hasText: "Score" });
  await head.locator("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  const highest = Math.max(...alerts.filter(({ kind }) => kind === "dark").map(({ score }) => score));
  const down = await scores();
  assert.equal(down.length, FIRST_ROWS);
  assert.equal(down[0].toFixed(2), highest.toFixed(2));
  assert.deepEqual(down, [...down].sort((a, b) => b - a));
  await head.locator("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  assert.deepEqual(await scores(), [...(await scores())].sort((a, b) => a - b));
  await page.locator(at("dark-table-grade")).selectOption("strong");
  assert.equal(await rows("dark-table").count(), alerts.filter(({ kind, grade, status }) => kind === "dark" && grade === "strong" && status !== "retracted").length);
  await page.locator(at("alerts-table-filter")).fill(String(MARIA));
  const ofMaria = alerts.filter(({ vessel }) => vessel?.mmsi === MARIA);
  assert.match(await told("alerts-table"), new RegExp(`^${ofMaria.length} of ${alerts.length} rows`));
  await page.locator(at("alerts-table-kind")).selectOption("dark");
  assert.equal(await rows("alerts-table").count(), ofMaria.filter(({ kind }) => kind === "dark").length);
  await page.locator(at("alerts-table-filter")).fill("no such ship");
  assert.match(await rows("alerts-table").innerText(), /No row fits/);
  await page.locator(at("alerts-table-filter")).fill("");
  await page.locator(at("alerts-table-kind")).selectOption("");
});

test("every alert can be read in full: its sentence, its ports, its id", async () => {
  await page.locator(at("alerts-table-more")).click();
  while (await page.locator(at("alerts-table-more")).isVisible()) await page.locator(at("alerts-table-more")).click();
  assert.equal(await rows("alerts-table").count(), alerts.length);
  const alert = alerts.find(({ kind, vessel }) => kind === "dark" && vessel.mmsi === MARIA);
  await page.locator(at("alerts-table-filter")).fill(alert.id);
  await rows("alerts-table").locator("button.open").click();
  const detail = page.locator(`${at("alerts-table")} .detail`);
  assert.equal(await detail.locator(".explain").innerText(), alert.explain);
  assert.equal(await detail.locator(".inner tbody tr").count(), alert.ports.candidates.length + 1);
  assert.match(await detail.innerText(), new RegExp(alert.id));
});

test("the map shows tracks, dark periods and ports; it moves, zooms, and tells what is chosen", async () => {
  const map = page.locator(at("map"));
  await map.scrollIntoViewIfNeeded();
  assert.ok((await map.locator(".track").count()) >= 4 && (await map.locator(".silence").count()) > 0);
  assert.ok((await map.locator(".pin-start").count()) >= 5 && (await map.locator(".reach-ring").count()) > 5);
  assert.ok((await map.locator(".land").getAttribute("d")).length > 1_000, "there is a coast");
  const scale = async () => Number(/scale\(([\d.]+)\)/.exec(await map.locator("> g").first().getAttribute("transform"))[1]);
  const first = await scale();
  await page.getByRole("button", { name: "Zoom in", exact: true }).first().click();
  await until("it is zoomed in by the button", async () => (await scale()) > first * 1.5);
  await page.locator("#map .chart-box").focus();
  await page.keyboard.press("0");
  await until("all is shown again", async () => Math.abs((await scale()) - first) < 0.01);
  await map.hover();
  await page.mouse.wheel(0, -400);
  await until("it is zoomed in by the wheel", async () => (await scale()) > first * 1.5);
  await page.keyboard.press("0");
  await until("all is shown again", async () => Math.abs((await scale()) - first) < 0.01);
  const silences = page.locator("#map .legend-silences");
  await silences.click();
  assert.equal(await silences.getAttribute("aria-pressed"), "false");
  assert.equal(await map.locator(".silence").count(), 0);
  await silences.click();
  await page.getByRole("button", { name: "Show on the map: MARIA" }).click();
  await until("one ship is shown", async () => (await map.locator(".track").count()) === 1);
  await map.locator(".pin", { has: page.locator(".pin-start") }).first().dispatchEvent("click");
  const alert = alerts.find(({ kind, vessel }) => kind === "dark" && vessel.mmsi === MARIA);
  assert.match(await page.locator(at("chosen")).innerText(), new RegExp(alert.explain.slice(0, 40).replace(/[()]/g, "\\$&")));
});

test("the timeline has a row for each ship with alerts, and its dark periods by grade", async () => {
  const timeline = page.locator(at("timeline"));
  const strong = alerts.filter(({ kind, grade, status }) => kind === "dark" && grade === "strong" && status !== "retracted");
  assert.equal(await timeline.locator(".bar-dark.grade-strong").count(), strong.length);
  assert.ok((await timeline.locator(".row-name").count()) >= 5);
  assert.ok((await timeline.locator(".bar-port").count()) > 5);
  assert.ok((await page.locator(`${at("reception-map")} .cell`).count()) > 100, "reception is drawn");
});

test("it asks for nothing but itself, and nothing goes wrong", () => {
  assert.deepEqual(page.asked, [address]);
  assert.deepEqual(page.faults, []);
  assert.ok(statSync(join(place, "report.html")).size < MOST_BYTES);
});

for (const [name, how] of Object.entries({ light: { colorScheme: "light" }, dark: { colorScheme: "dark" }, phone: PHONE })) {
  test(`${name}: nobody is kept out, nothing scrolls sideways`, async () => {
    const page = await opened(address, how);
    assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), how.colorScheme ?? "dark");
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth), 0);
    assert.deepEqual(await barriers(page), []);
    writeFileSync(join(PICTURES, `report-${name}.png`), await page.screenshot({ fullPage: true }));
    assert.deepEqual(page.faults, []);
    await page.context().close();
  });
}

test("on paper it is light, and without what can only be clicked", async () => {
  const page = await opened(address, { colorScheme: "dark" });
  await page.emulateMedia({ media: "print" });
  await until("it is light", async () => (await page.evaluate(() => document.documentElement.dataset.theme)) === "light");
  for (const id of ["theme", "alerts-table-filter", "alerts-table-more"]) assert.equal(await page.locator(at(id)).isVisible(), false, id);
  writeFileSync(join(PICTURES, "report.pdf"), await page.pdf({ preferCSSPageSize: true }));
  await page.emulateMedia({ media: "screen" });
  await until("it is dark again", async () => (await page.evaluate(() => document.documentElement.dataset.theme)) === "dark");
  await page.context().close();
});

test("ten thousand alerts do not hold it up: few rows are drawn, and the filter finds the others", async () => {
  const html = readFileSync(join(place, "report.html"), "utf8");
  const [, json] = /<script type="application\/json" id="data">([^<]*)<\/script>/.exec(html);
  const data = JSON.parse(json);
  const some = data.alerts;
  data.alerts = Array.from({ length: 10_000 }, (_, number) => ({ ...some[number % some.length], id: number.toString(16).padStart(16, "0") }));
  const path = join(place, "crowd.html");
  writeFileSync(path, html.replace(json, () => JSON.stringify(data).replace(/</g, "\\u003c")));
  const page = await opened(pathToFileURL(path).href);
  const told = page.locator(at("alerts-table-told"));
  assert.match(await told.innerText(), /^10,000 rows/);
  assert.equal(await page.locator(`${at("alerts-table")} > tbody > tr`).count(), FIRST_ROWS);
  const began = Date.now();
  await page.locator(at("alerts-table-filter")).fill((9_999).toString(16).padStart(16, "0"));
  assert.match(await told.innerText(), /^1 of 10,000 rows/);
  assert.ok(Date.now() - began < 5_000, `the filter took ${Date.now() - began} ms`);
  assert.deepEqual(page.faults, []);
  await page.context().close();
});
