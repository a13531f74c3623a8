/** Starts the program, and asks it. */

import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PATIENCE_MS } from "./until.js";

/** Tokens of the servers that `run` starts, and who has them. */
export const OPERATOR = "desk";
export const VIEWER = "look";
export const WHO = "watch desk";

const program = () => {
  if (!process.env.DARKWAKE) throw new Error("DARKWAKE is to be the path of the built program");
  return resolve(process.env.DARKWAKE);
};

/** A folder that goes when the process does. */
export function folder() {
  const path = mkdtempSync(join(tmpdir(), "darkwake-page-"));
  process.on("exit", () => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** The story of Rajin as a feed. @param {string} path where it goes */
export function generate(path) {
  const made = spawnSync(program(), ["generate", "rajin", "--seed", "1", "--out", path], { encoding: "utf8" });
  if (made.status !== 0) throw new Error(`no feed: ${made.stderr}${made.error ?? ""}`);
  return path;
}

/** Replays inputs. @param {string} cwd @param {string[]} words inputs and options */
export function replay(cwd, words) {
  const done = spawnSync(program(), ["replay", ...words], { cwd, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`no replay: ${done.stderr}${done.error ?? ""}`);
}

/** Event time as the API has it. @param {string} text such as 2023-10-02T06:40Z */
export const ms = (text) => {
  const t = Date.parse(text);
  if (Number.isNaN(t)) throw new Error(`no time: ${text}`);
  return t;
};

export class Server {
  /** @type {import("node:child_process").ChildProcessWithoutNullStreams} */
  child;
  /** Where it is, without a slash at the end. */
  address = "";
  /** Of the operator. */
  token = OPERATOR;
  said = "";

  /** @param {string[]} words @param {string} cwd */
  constructor(words, cwd) {
    this.child = spawn(program(), words, { cwd, stdio: ["pipe", "ignore", "pipe"] });
    this.child.stdin.on("error", () => {});
    const end = () => this.child.kill("SIGKILL");
    process.on("exit", end);
    this.ended = new Promise((resolve) => this.child.on("close", resolve)).then(() => process.off("exit", end));
    this.child.stderr.setEncoding("utf8").on("data", (text) => (this.said += text));
  }

  /** Waits until it says where it is. */
  async listening() {
    await new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`it does not listen: ${this.said}`)), PATIENCE_MS);
      const look = () => {
        const [, address] = /the page is at (http:\/\/[^\s\/#]+)\/\S*\n/.exec(this.said) ?? [];
        if (!address) return;
        clearTimeout(late);
        this.address = address;
        resolve(undefined);
      };
      this.child.stderr.on("data", look);
      this.child.on("error", reject);
      this.child.on("close", (code) => {
        clearTimeout(late);
        reject(new Error(`it ended with ${code}: ${this.said}`));
      });
      look();
    });
    this.token = /#token=(\w+)/.exec(this.said)?.[1] ?? this.token;
    return this;
  }

  get port() {
    return Number(new URL(this.address).port);
  }

  /** The page as its operator opens it. */
  get signedIn() {
    return `${this.address}/#token=${this.token}`;
  }

  /** Ends it at once, as a lost machine would. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** @param {string} path below /api/v1 @param {{ token?: string, body?: unknown }} [rest] */
  async ask(path, { token, body } = {}) {
    const answer = await fetch(`${this.address}/api/v1${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: { ...(token && { Authorization: `Bearer ${token}` }), ...(body !== undefined && { "Content-Type": "application/json" }) },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return { status: answer.status, json: await answer.json() };
  }

  /** @param {string} path below /api/v1 */
  async get(path) {
    const { status, json } = await this.ask(path);
    if (status !== 200) throw new Error(`${path}: ${status} ${JSON.stringify(json)}`);
    return json;
  }

  /** All alerts for a query, newest first. @param {string} [query] */
  async alerts(query = "") {
    const all = [];
    let cursor = "";
    do {
      const { alerts, next } = await this.get(`/alerts?limit=500&${query}${cursor}`);
      all.push(...alerts);
      cursor = next === null ? "" : `&cursor=${encodeURIComponent(next)}`;
    } while (cursor);
    return all;
  }

  /** Event time. */
  async now() {
    return (await this.get("/stats")).t;
  }

  /** Seconds of processor that it has used. */
  cpu() {
    const { pid } = this.child;
    if (process.platform === "linux") {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
      return (Number(fields[11]) + Number(fields[12])) / 100;
    }
    const time = spawnSync("ps", ["-o", "time=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
    return time.split(/[-:]/).reduce((sum, part) => sum * 60 + Number(part), 0);
  }
}

/**
 * The demonstration: begins at 2023-10-02 04:00 UTC and goes on so many times as fast as it happened.
 * @param {string} cwd @param {{ feed: string, speed: number, store?: boolean, listen?: number }} how
 */
export function demo(cwd, { feed, speed, store = false, listen = 0 }) {
  const words = ["demo", "--listen", `127.0.0.1:${listen}`, "--speed", String(speed), "--feed", feed, "--out", "alerts.jsonl"];
  return new Server(store ? [...words, "--store", "demo.db"] : words, cwd).listening();
}

/**
 * A server with tokens.
 * @param {string} cwd @param {{ source: string, serve?: string, more?: string, listen?: number }} how in the words of the configuration
 */
export function run(cwd, { source, serve = "", more = "", listen = 0 }) {
  const sha = (/** @type {string} */ token) => createHash("sha256").update(token).digest("hex");
  const config = `
${more}
[[live.sources]]
name = "story"
${source}
[[live.sinks]]
type = "file"
path = "alerts.jsonl"
[serve]
listen = "127.0.0.1:${listen}"
store = "page.db"
${serve}
[[serve.tokens]]
name = "${WHO}"
role = "operator"
sha256 = "${sha(OPERATOR)}"
[[serve.tokens]]
name = "wall"
role = "viewer"
sha256 = "${sha(VIEWER)}"
`;
  writeFileSync(join(cwd, "darkwake.toml"), config);
  return new Server(["run", "--config", "darkwake.toml"], cwd).listening();
}

/** A source for `run`: the feed at once up to a time, and from there on so many times as fast as it happened. */
export const played = (/** @type {string} */ feed, /** @type {string} */ from, /** @type {number} */ speed) =>
  `type = "play"\npath = ${JSON.stringify(feed)}\nfrom = "${from}"\nspeed = ${speed}.0`;

/** A source for `run`: lines of JSON that the test writes. */
export const JSON_LINES = 'type = "stdin"\nformat = "json"';
