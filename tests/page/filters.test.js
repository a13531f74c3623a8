/** What narrows the list, the keys of the page, and what strangers write into it. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { at, isLive, launch, listed, open, rows } from "./lib/browser.js";
import { folder, generate, JSON_LINES, played, run } from "./lib/server.js";
import { until } from "./lib/until.js";

let server, browser, page;

before(async () => {
  const place = folder();
  server = await run(place, { source: played(generate(`${place}/feed.nmea`), "2023-10-04T02:00:00Z", 1), serve: "requests_per_second = 1000" });
  await until("the story is told", async () => (await server.alerts("kind=hop.dark&status=closed&mmsi=273000001")).length > 0);
  const [seen] = await server.alerts("mmsi=273000001&kind=dark");
  assert.equal((await server.ask(`/alerts/${seen.alert.id}/ack`, { token: server.token, body: { note: "seen" } })).status, 200);
  browser = await launch({ webgl: false });
  page = await open(browser, `${server.address}/?group=alert`);
  await isLive(page);
  await page.locator(at("filters-toggle")).click();
});
after(async () => {
  await browser?.close();
  await server?.kill();
});

/** The list is what the server has for this query, in its order. @param {string} query */
async function listIs(query) {
  const wanted = (await server.alerts(query)).map(({ alert }) => alert.id);
  let found = [];
  await until(`the list shows ${query || "all"}`, async () => {
    found = await listed(page);
    return found.length === wanted.length;
  }).catch((cause) => assert.fail(`${cause.message}: ${found.length} rows, ${wanted.length} alerts`));
  assert.deepEqual(found, wanted);
  return wanted.length;
}

const query = () => new URL(page.url()).search.replace(/[?&]group=alert/, "").replace(/^&/, "");

test("each filter narrows the list to what the server has for it, and stands in the address", async () => {
  const all = await listIs("");
  assert.ok(all > 60, `${all} alerts`);
  for (const [name, value] of [["severity", "critical"], ["kind", "port.in_reach"], ["grade", "strong"], ["status", "closed"], ["acked", "true"], ["acked", "false"]]) {
    const chip = page.locator(at(`filter-${name}-${value}`));
    await chip.click();
    await until(`${name} is in the address`, () => query().includes(`${name}=${value}`));
    assert.equal(await chip.getAttribute("aria-pressed"), "true");
    const some = await listIs(`${name}=${value}`);
    assert.ok(some > 0 && some < all, `${name}=${value}: ${some} of ${all}`);
    await page.locator(at("filters-clear")).click();
  }
  for (const text of ["angara", "273000001", "KPRJN", "went dark vostochny"]) {
    await page.locator(at("search")).fill(text);
    await until("the text is in the address", () => new URL(page.url()).searchParams.get("q") === text);
    const some = await listIs(`q=${encodeURIComponent(text)}`);
    assert.ok(some > 0 && some < all, `${text}: ${some} of ${all}`);
  }
  await page.locator(at("search")).fill("");
  await until("the text is gone", () => !query().includes("q="));
  await page.locator(at("filter-port")).fill("Rajin");
  await page.keyboard.press("Enter");
  await until("the port is in the address", () => query().includes("port=KPRJN"));
  const named = await listIs("port=KPRJN");
  assert.ok(named > 0 && named < all, `${named} of ${all}`);
  await page.locator(at("filters-clear")).click();
  await page.locator(at("filter-severity-critical")).click();
  await page.locator(at("filter-severity-warning")).click();
  await page.locator(at("filter-kind-dark")).click();
  await listIs("severity=critical,warning&kind=dark");
  await page.locator(at("filters-clear")).click();
  await listIs("");
});

test("back, forward and loading again keep the filters", async () => {
  await page.locator(at("filter-severity-critical")).click();
  await page.locator(at("filter-grade-strong")).click();
  await until("both are in the address", () => /severity=critical.*grade=strong/.test(query()));
  await listIs("severity=critical&grade=strong");
  await page.goBack();
  await listIs("severity=critical");
  assert.equal(await page.locator(at("filter-grade-strong")).getAttribute("aria-pressed"), "false");
  await page.goBack();
  await listIs("");
  await page.goForward();
  await page.goForward();
  await listIs("severity=critical&grade=strong");
  await page.reload();
  await isLive(page);
  await listIs("severity=critical&grade=strong");
  assert.equal(await page.locator(at("filter-severity-critical")).getAttribute("aria-pressed"), "true");
  await page.goto(`${server.address}/?group=alert`);
  await isLive(page);
  await listIs("");
});

test("keys walk the list, open and close the detail, search and help", async () => {
  const order = await listed(page);
  const current = () => page.locator(".row.current").getAttribute("data-alert-id");
  const press = (key) => page.keyboard.press(key);
  await press("j");
  assert.equal(await current(), order[0]);
  await press("j");
  await press("j");
  assert.equal(await current(), order[2]);
  await press("k");
  assert.equal(await current(), order[1]);
  assert.equal(await page.locator(at("alert-list")).getAttribute("aria-activedescendant"), `row-${order[1]}`);
  await press("Enter");
  await page.locator(at("explain")).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("alert"), order[1]);
  await press("Escape");
  await page.locator(at("detail")).waitFor({ state: "hidden" });
  assert.equal(new URL(page.url()).searchParams.get("alert"), null);
  await press("/");
  await page.keyboard.type("angara?j");
  assert.equal(await page.locator(at("search")).inputValue(), "angara?j", "letters are text while somebody types");
  assert.equal(await page.locator(at("help-dialog")).count(), 0);
  await press("Escape");
  assert.equal(await page.locator(at("search")).inputValue(), "");
  await press("Escape");
  assert.equal(await page.locator(at("search")).evaluate((search) => search === document.activeElement), false);
  await press("?");
  await page.locator(at("help-dialog")).waitFor();
  await press("Escape");
  await page.locator(at("help-dialog")).waitFor({ state: "detached" });
});

test("hostile text in the search is text and nothing else", async () => {
  const before = page.faults.length;
  for (const text of ['"><img src=x onerror=alert(1)>', "<script>alert(1)</script>", "' OR 1=1 --", "%00%5F\\", "\u202e\u0007evil", "a&severity=info#token=x"]) {
    await page.locator(at("search")).fill(text);
    await until(`${text} is searched`, () => new URL(page.url()).searchParams.get("q") !== null);
    await until("nothing is found", async () => (await page.locator(at("list-note")).innerText()) === "No alert matches the filters.");
    assert.equal(await page.locator(at("alert-row")).count(), 0, text);
    await page.reload();
    await isLive(page);
    assert.equal(await page.locator(at("search")).inputValue(), text, "it is still what was written");
    assert.equal(await page.locator("main img, main script").count(), 0, text);
    assert.deepEqual([...new URL(page.url()).searchParams.keys()].sort(), ["group", "q"]);
    await page.locator(at("search")).fill("");
    await until("all is found", () => new URL(page.url()).searchParams.get("q") === null);
  }
  assert.deepEqual(page.faults.slice(before), []);
});

test("a ship whose name is markup with marks that turn text around is shown by it as text", async () => {
  const name = "<img src=x onerror=alert(1)>\u202egnp.exe";
  const shown = "<img src=x onerror=alert(1)> gnp.exe";
  const harbour = await run(folder(), { source: JSON_LINES, more: '[alerts]\nfacts = "all"\n' });
  try {
    const begin = Date.now() - 40 * 60_000;
    for (let minute = 0; minute < 40; minute += 4) {
      // Into the port of Rajin after ten minutes.
      const lon = minute < 12 ? 130.42 - minute * 0.01 : 130.3;
      const t = new Date(begin + minute * 60_000).toISOString();
      const tell = (report) => harbour.child.stdin.write(`${JSON.stringify({ t, lat: 42.23, sog: 9, cog: 270, class: "A", ...report })}\n`);
      tell({ mmsi: 273000100, lon, name });
      // Time goes on when several say so.
      for (let other = 1; other < 12; other++) tell({ mmsi: 273000100 + other, lon: 131 + other / 10 - minute * 0.01, lat: 41 });
    }
    await until("a visit is told", async () => (await harbour.alerts()).length > 0);
    assert.equal((await harbour.alerts())[0].alert.vessel.name, name, "the server gives it as it was sent");
    const seen = await open(browser, harbour.address);
    await rows(seen, shown).first().click();
    await seen.locator(at("explain")).waitFor();
    assert.equal(await seen.locator(at("detail-title")).innerText(), shown.slice(0, 40));
    assert.ok((await seen.locator(at("explain")).innerText()).startsWith(shown));
    assert.doesNotMatch(await seen.locator("body").innerText(), /[\u202a-\u202e\u2066-\u2069]/);
    assert.equal(await seen.locator("main img").count(), 0);
    assert.ok((await seen.locator(`${at("detail-title")} bdi`).count()) === 1, "it cannot turn what stands around it");
    assert.deepEqual(seen.faults, []);
  } finally {
    await harbour.kill();
  }
});

test("nothing of it was a fault in the page", () => assert.deepEqual(page.faults, []));
