/** The story of ANGARA, as it appears on the page while it happens. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, isLive, launch, open } from "./lib/browser.js";
import { demo, folder, generate, ms } from "./lib/server.js";
import { until } from "./lib/until.js";

const ANGARA = 273000001;
const RAJIN = [130.3, 42.23];
const [TOLD, IN_REACH] = [ms("2023-10-02T06:40Z"), ms("2023-10-02T09:13Z")];
/** So that the dark alert comes some eight seconds after the start, and Rajin into reach eight later. */
const SPEED = 1200;

let server, browser, page;
/** What the page was told of the reach, by the time that it is for. */
const frontiers = new Map();

before(async () => {
  const place = folder();
  server = await demo(place, { feed: generate(`${place}/feed.nmea`), speed: SPEED });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.kill();
});

/** Whether a point lies in a polygon or one of several. @param {number[]} point @param {any} geometry */
function holds([x, y], { type, coordinates }) {
  const inRing = (ring) => ring.reduce((inside, [x1, y1], index) => {
    const [x2, y2] = ring[(index + 1) % ring.length];
    return y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1) ? !inside : inside;
  }, false);
  return (type === "Polygon" ? [coordinates] : coordinates).some((rings) => rings.filter(inRing).length % 2 === 1);
}

const frontierOf = ({ features }) => features.find(({ properties }) => properties.kind === "frontier");
const dark = () => page.locator(`${at("alert-row")}[data-kind=dark]`, { hasText: "ANGARA" });
const shownTime = async () => ms(await page.locator(at("event-time")).getAttribute("datetime"));

test("before it is told the list has no dark period of ANGARA", async () => {
  const prepare = async (opened) => opened.on("response", async (response) => {
    if (!response.url().includes(`/vessels/${ANGARA}/reach`) || response.status() !== 200) return;
    const frontier = frontierOf(await response.json());
    frontiers.set(frontier.properties.at, frontier.geometry);
  });
  page = await open(browser, server.signedIn, { prepare });
  await isLive(page);
  await until("ships are shown", async () => Number((await page.locator(at("stat-vessels")).innerText()).replace(/\D/g, "")) > 50);
  assert.ok((await shownTime()) < TOLD, "the page was opened too late to see it happen");
  assert.equal(await dark().count(), 0);
  assert.ok(!page.url().includes("token"), `the token stays in the address: ${page.url()}`);
});

test("it is listed as dark, with its explanation, as soon as it is told", async () => {
  await dark().waitFor();
  const now = await server.now();
  assert.ok(now < TOLD + 5_000 * SPEED, `told at ${new Date(TOLD).toISOString()}, shown at ${new Date(now).toISOString()}`);
  const row = dark();
  assert.equal(await row.getAttribute("data-severity"), "critical");
  assert.match(await row.innerText(), /Listed[^]*has been silent for \d+ min, since 2023-10-02 05:42 UTC where it should have been heard/i);
});

test("its detail shows the score, the bins that add up to it, and the evidence", async () => {
  await dark().click();
  await page.locator(at("evidence")).waitFor();
  assert.equal(await page.locator(at("detail-title")).innerText(), "ANGARA");
  assert.match(await page.locator(at("explain")).innerText(), /^ANGARA \(MMSI 273000001\) has been silent for/);
  const score = Number(await page.locator(at("score")).innerText());
  const [{ alert }] = await server.alerts(`mmsi=${ANGARA}&kind=dark`);
  assert.ok(score >= 2 && score <= alert.score + 0.005, `${score} is shown, ${alert.score} was told`);
  assert.match(await page.locator(at("score-check")).innerText(), /^Recomputed here from .*, the same\.$/);
  await page.locator(`${at("bins-table")} summary`).click();
  await page.locator(`${at("bins-table")} tbody tr`).first().waitFor();
  const bins = await page.locator(`${at("bins-table")} tbody tr`).evaluateAll((lines) => lines.map((line) => [...line.cells].map(({ innerText }) => innerText)));
  assert.ok(bins.length >= 5 && bins.every(([, q]) => /^\d/.test(q)), JSON.stringify(bins));
  const sum = bins.reduce((total, cells) => total + Number(cells[4]), 0);
  assert.ok(Math.abs(sum - Number(bins.at(-1)[5])) < 0.01, `${sum} is not ${bins.at(-1)[5]}`);
  for (const what of ["own", "witnesses"]) {
    assert.notEqual((await page.locator(`${at("evidence")} [data-what=${what}] dd`).first().innerText()).trim(), "", what);
  }
});

test("the reach grows until it holds Rajin, which is then among the ports that it could have called at", async () => {
  await until("a reach after 09:13 is shown", () => [...frontiers.keys()].some((t) => t > IN_REACH));
  const early = [...frontiers].filter(([t]) => t < IN_REACH - 3_600_000);
  assert.ok(early.length > 0, "no reach was shown an hour before");
  for (const [t, geometry] of early) assert.equal(holds(RAJIN, geometry), false, new Date(t).toISOString());
  const late = [...frontiers].filter(([t]) => t > IN_REACH + 600_000);
  for (const [t, geometry] of late) assert.equal(holds(RAJIN, geometry), true, new Date(t).toISOString());
  const reach = async (t) => holds(RAJIN, frontierOf(await server.get(`/vessels/${ANGARA}/reach?at=${ms(t)}`)).geometry);
  assert.deepEqual([await reach("2023-10-02T07:00Z"), await reach("2023-10-02T09:30Z")], [false, true]);
  const candidate = page.locator(`${at("candidates")} tr[data-port=KPRJN]`);
  await candidate.waitFor();
  assert.match(await candidate.innerText(), /Rajin[^]*%[^]*09:13/);
});

test("all of it came from this server alone, against no policy and without a fault", () => {
  const others = page.asked.filter((url) => new URL(url).origin !== server.address && !/^(data|blob):/.test(url));
  assert.ok(page.asked.length > 30, "requests were not seen");
  assert.deepEqual(others, []);
  assert.deepEqual(page.faults, []);
});
