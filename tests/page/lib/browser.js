/** Opens pages in a real browser, and reads what they show. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, isAbsolute, join } from "node:path";
import { chromium } from "playwright-core";
import { until } from "./until.js";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** WebGL without a graphics card. */
const SOFTWARE_GL = ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"];
const NO_GL = ["--disable-gpu", "--disable-3d-apis"];

/** @param {string} id */
export const at = (id) => `[data-testid="${id}"]`;

function browserPath() {
  const name = process.env.CHROMIUM;
  if (!name) throw new Error("CHROMIUM is to be the name or path of a Chromium");
  if (isAbsolute(name)) return name;
  const found = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)).find(existsSync);
  if (!found) throw new Error(`there is no ${name} in PATH`);
  return found;
}

/** @param {{ webgl?: boolean }} [how] */
export const launch = ({ webgl = true } = {}) =>
  chromium.launch({ executablePath: browserPath(), args: ["--no-sandbox", ...(webgl ? SOFTWARE_GL : NO_GL)] });

export const DESKTOP = { viewport: { width: 1440, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/**
 * A page, and whatever went wrong in it or was asked for by it.
 * @param {import("playwright-core").Browser} browser
 * @param {string} address
 * @param {import("playwright-core").BrowserContextOptions & { prepare?: (page: import("playwright-core").Page) => Promise<unknown> }} [how]
 */
export async function open(browser, address, { prepare, ...options } = {}) {
  const context = await browser.newContext({ colorScheme: "dark", reducedMotion: "reduce", ...DESKTOP, ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const faults = [];
  /** @type {string[]} */
  const asked = [];
  page.on("console", (message) => {
    if (message.type() !== "error") return;
    const { url } = message.location();
    // Whether there is a base map of the operator's own can only be found out by asking for it.
    if (new URL(url || address).pathname === "/basemap.pmtiles" && message.text().includes("404")) return;
    faults.push(`console: ${message.text()} ${url}`);
  });
  page.on("pageerror", (error) => faults.push(`error: ${error.stack ?? error}`));
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  await page.exposeFunction("toldViolation", (/** @type {string} */ text) => faults.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
      /** @type {any} */ (window).toldViolation(`${violatedDirective} ${blockedURI}`));
  });
  await prepare?.(page);
  await page.goto(address);
  return Object.assign(page, { faults, asked });
}

/** Rows of the list that hold a text. @param {import("playwright-core").Page} page @param {string} text */
export const rows = (page, text) => page.locator(at("alert-row"), { hasText: text });

/** What stands in the bar: LIVE, REPLAY … @param {import("playwright-core").Page} page */
export const liveState = (page) => page.locator(at("live-state")).innerText();

/** @param {import("playwright-core").Page} page */
export const isLive = (page) => until("the page is live", async () => (await liveState(page)) === "LIVE");

/**
 * Identifiers of all alerts that the list has a row for, from its top to its end; only rows in sight are in the page.
 * @param {import("playwright-core").Page} page
 * @returns {Promise<string[]>}
 */
export async function listed(page) {
  return page.locator(at("alert-list")).evaluate(async (list) => {
    /** @type {Map<number, string>} */
    const found = new Map();
    const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
    for (let top = 0; ; top += list.clientHeight) {
      list.scrollTop = top;
      await frame();
      for (const row of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-alert-id]"))) {
        found.set(Number(row.getAttribute("aria-posinset")), row.dataset.alertId ?? "");
      }
      if (top + list.clientHeight >= list.scrollHeight) break;
    }
    list.scrollTop = 0;
    await frame();
    return [...found].sort(([a], [b]) => a - b).map(([, id]) => id);
  });
}

/** Faults that keep people out, by the rules of axe. @param {import("playwright-core").Page} page */
export async function barriers(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { violations } = await /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"] });
    return violations
      .filter((/** @type {any} */ { impact }) => impact === "serious" || impact === "critical")
      .map((/** @type {any} */ { id, nodes }) => `${id}: ${nodes.map((/** @type {any} */ { target }) => target.join(" ")).join(", ")}`);
  });
}
