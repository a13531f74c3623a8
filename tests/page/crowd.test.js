/** 50,000 ships and 200 alerts: what it costs, and that the page stays usable. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, isLive, launch, open } from "./lib/browser.js";
import { Line } from "./lib/line.js";
import { folder, JSON_LINES, run } from "./lib/server.js";
import { until } from "./lib/until.js";

const SHIPS = 50_000;
const ALERTS = 200;
/** Each ship is heard every 20 s. */
const REPORTS_PER_SECOND = SHIPS / 20;
const MEASURED_MS = 20_000;
const MOST_BYTES_PER_SECOND = 512 * 1024;

/** Where they sail: longitude, latitude, width in degrees, far from any port. */
const LANES = [[-40, 35, 20], [-30, -20, 18], [75, -10, 15], [160, 20, 18], [-140, 10, 20], [90, -25, 15], [160, -35, 12], [-100, -30, 15]];

let server, line, browser, page, fleet, sailing;

/** The same numbers each time. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const report = (t, { mmsi, lon, lat, sog, cog, name }) =>
  `{"t":${t},"mmsi":${mmsi},"lon":${lon.toFixed(5)},"lat":${lat.toFixed(5)},"sog":${sog},"cog":${cog},"name":"${name}","class":"A"}\n`;

const write = (text) => server.child.stdin.write(text);

/** Where a ship is after some seconds. */
function move(ship, seconds) {
  const way = (ship.sog * seconds) / 3600 / 60;
  ship.lat += way * Math.cos((ship.cog * Math.PI) / 180);
  ship.lon += (way * Math.sin((ship.cog * Math.PI) / 180)) / Math.cos((ship.lat * Math.PI) / 180);
}

before(async () => {
  server = await run(folder(), { source: `${JSON_LINES}\ndelay_bound = "1s"`, more: '[alerts]\nfacts = "all"\n', serve: "requests_per_second = 1000" });
  const next = random(7);
  fleet = Array.from({ length: SHIPS }, (_, index) => {
    const [lon, lat, width] = LANES[Math.floor(next() * LANES.length)];
    const off = () => (next() + next() - 1) * width;
    return { mmsi: 201_000_000 + index * 10, name: `SHIP ${index}`, lon: lon + off(), lat: lat + off() / 2, sog: Math.round(next() * 180) / 10, cog: Math.floor(next() * 360), heard: 0 };
  });
  // The first of them come into a port, one report after another: a visit each.
  const ports = (await server.get("/ports")).features.filter(({ properties }) => properties.kind === "port");
  const begin = Date.now() - 10 * 60_000;
  for (let second = 0; second < 600; second += 60) {
    for (let index = 0; index < ALERTS; index++) {
      const [[ring]] = ports[index * 3].geometry.coordinates;
      const middle = (axis) => ring.reduce((sum, point) => sum + point[axis], 0) / ring.length;
      const away = Math.max(0, 0.06 - second / 6000);
      write(report(begin + second * 1000, { ...fleet[index], lon: middle(0), lat: middle(1) + away, sog: 18, cog: 180 }));
    }
  }
  const now = Date.now();
  for (let index = ALERTS; index < SHIPS; index++) {
    fleet[index].heard = now;
    write(report(now, fleet[index]));
  }
  let due = ALERTS, last = Date.now();
  sailing = setInterval(() => {
    const t = Date.now();
    const count = Math.round(((t - last) * REPORTS_PER_SECOND) / 1000);
    last = t;
    let text = "";
    for (let one = 0; one < count; one++) {
      const ship = fleet[due];
      due = due + 1 < SHIPS ? due + 1 : ALERTS;
      move(ship, (t - ship.heard) / 1000);
      ship.heard = t;
      text += report(t, ship);
    }
    write(text);
  }, 100);
  await until("all ships are known", async () => (await server.get("/stats")).vessels >= SHIPS);
  await until("all alerts are told", async () => (await server.get("/stats")).alerts.total >= ALERTS);
  line = new Line(server.port);
  browser = await launch();
});
after(async () => {
  clearInterval(sailing);
  await browser?.close();
  line?.close();
  await server?.kill();
});

test("the page loads all 50,000 ships and shows how many they are", async (t) => {
  let loaded = 0;
  const prepare = async (opened) => {
    // The whole world in view.
    await opened.addInitScript(() => localStorage.setItem("darkwake.view", JSON.stringify({ center: [0, 10], zoom: 1.2 })));
    opened.on("response", async (response) => {
      if (new URL(response.url()).pathname !== "/api/v1/vessels" || !response.ok()) return;
      const { vessels, truncated } = await response.json().catch(() => ({ vessels: [] }));
      if (!truncated) loaded = Math.max(loaded, vessels.length);
    });
  };
  const begin = Date.now();
  page = await open(browser, await line.listen(), { prepare });
  await isLive(page);
  await until("all ships are loaded", () => loaded >= SHIPS);
  t.diagnostic(`${loaded} ships loaded ${Date.now() - begin} ms after the page was opened`);
  await until("they are counted", async () => Number((await page.locator(at("stat-vessels")).innerText()).replace(/\D/g, "")) >= SHIPS);
});

test("updates cost the server less than one core, and a client less than 512 KB a second", async (t) => {
  // The whole world is in view still.
  const frames = page.evaluate((milliseconds) => new Promise((resolve) => {
    const times = [];
    const begin = performance.now();
    let before = begin;
    const frame = (now) => {
      times.push(now - before);
      before = now;
      if (now - begin < milliseconds) requestAnimationFrame(frame);
      else resolve(times.sort((a, b) => a - b));
    };
    requestAnimationFrame(frame);
  }), MEASURED_MS);
  const [cpu, sent, begin] = [server.cpu(), line.sent, Date.now()];
  const first = await page.locator(at("event-time")).getAttribute("datetime");
  const times = await frames;
  const seconds = (Date.now() - begin) / 1000;
  const [cores, bytes] = [(server.cpu() - cpu) / seconds, (line.sent - sent) / seconds];
  const rate = (await server.get("/stats")).reports_per_second;
  t.diagnostic(`frames: median ${times[times.length >> 1].toFixed(1)} ms, 95th percentile ${times[Math.floor(times.length * 0.95)].toFixed(1)} ms`);
  t.diagnostic(`server: ${(cores * 100).toFixed(0)} % of a core at ${rate.toFixed(0)} reports/s`);
  t.diagnostic(`stream: ${(bytes / 1024).toFixed(0)} KB/s for one client`);
  assert.ok(rate > REPORTS_PER_SECOND / 2, `only ${rate} reports/s came through`);
  assert.notEqual(await page.locator(at("event-time")).getAttribute("datetime"), first, "the page stood still");
  assert.ok(bytes > 10_000, "nothing was sent");
  assert.ok(cores < 1, `${cores} cores`);
  assert.ok(bytes < MOST_BYTES_PER_SECOND, `${bytes} bytes/s`);
});

test("the list has all 200 alerts, scrolls to its end, and a row can be opened there", async () => {
  await page.locator(at("group-alert")).click();
  const list = page.locator(at("alert-list"));
  const last = await until("the last row is reached", () => list.evaluate((box) => {
    box.scrollTop = box.scrollHeight;
    const rows = [...box.querySelectorAll("[data-alert-id]")];
    const row = rows.find((one) => one.getAttribute("aria-posinset") === one.getAttribute("aria-setsize"));
    return Number(row?.getAttribute("aria-setsize")) >= 200 && row.dataset.alertId;
  }));
  assert.ok((await page.locator(at("alert-row")).count()) < 40, "rows out of sight cost nothing");
  await page.locator(`[data-alert-id="${last}"]`).click();
  await page.locator(at("explain")).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("alert"), last);
  const name = await page.locator(at("detail-title")).innerText();
  assert.match(name, /^SHIP \d+$/);
  await page.locator(at("detail-close")).click();
  await page.locator(at("detail")).waitFor({ state: "hidden" });
  assert.deepEqual(page.faults, []);
});
