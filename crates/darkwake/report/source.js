/** What was read, what became of it, and how to get the same again. */

import { byId, el, outside } from "../../serve/web/src/dom.js";
import { count, share, utcFull } from "../../serve/web/src/format.js";
import { report } from "./data.js";
import { longTime } from "./pieces.js";

/** Why lines are rejected, in a few words. */
const REASONS = {
  malformed: "no checksum, wrong fields, too short", checksum: "checksum does not fit", bad_tag: "checksum of the TAG block does not fit",
  incomplete: "other parts of the message never came", no_time: "nothing tells its time", bad_time: "unbelievable time, or a receiver whose clock is off",
  not_vessel: "MMSI is not one of a ship", no_position: "position not available", out_of_range: "position outside the globe", null_island: "position at 0° N 0° E",
  duplicate: "heard before", late: "came too late", jump: "not reachable from where the ship was", limit: "a limit of the configuration",
};
const OTHERS = {
  other_type: "messages that are no position or static report", other: "blank lines, comments, other sentences", candidate: "possible second ship, not confirmed", skipped: "outside --since and --until",
};

export function drawSource() {
  const { stats, period } = report;
  byId("source").append(
    el("div", { class: "beside" }, inputTable(), fateTable()),
    el("h3", { class: "sub-head" }, "How to get the same report"),
    el("p", {}, "The same program, inputs, configuration and ports give the same report, byte for byte."),
    el("div", { class: "command" }, el("pre", { attrs: { tabindex: 0, "aria-label": "Command line" }, testid: "command" }, report.command)),
    el("dl", { class: "facts hashes" }, ...[
      ["Program", `darkwake ${report.version}`], ["Configuration", report.config], ["Ports", report.ports_file],
      ["First report", period ? utcFull(period[0]) : "–"], ["Last report", period ? utcFull(period[1]) : "–"], ["Length", period ? longTime(period[1] - period[0]) : "–"],
      ["Tracks", count(stats.tracks)], ["Base stations heard", count(stats.base_stations)],
    ].map(([term, value]) => el("div", {}, el("dt", {}, term), el("dd", {}, /^[0-9a-f]{16}$/.test(value) ? el("code", {}, value) : value)))),
    el("p", { class: "muted" }, "darkwake check prints the hashes of configuration and ports; sha256sum those of inputs. One alert with all of its evidence, to hand on: darkwake explain ID INPUT."),
  );
  byId("foot").textContent = `darkwake ${report.version} · configuration ${report.config} · ports ${report.ports_file}`;
}

function inputTable() {
  const lines = report.inputs.map((/** @type {any} */ input) => el("tr", {},
    el("th", { class: "wide", attrs: { scope: "row" } }, outside(input.name)),
    el("td", { class: "number" }, input.bytes === null ? "–" : count(input.bytes)),
    el("td", {}, input.sha256 ? el("code", { class: "hash" }, input.sha256) : "not a file")));
  return el("div", { class: "table-frame", role: "region", attrs: { tabindex: 0, "aria-label": "Inputs" } }, el("table", { class: "small-table", testid: "inputs" },
    el("caption", {}, "Inputs"), el("thead", {}, el("tr", {}, el("th", { attrs: { scope: "col" } }, "Input"), el("th", { class: "number", attrs: { scope: "col" } }, "Bytes on disk"), el("th", { attrs: { scope: "col" } }, "SHA-256"))), el("tbody", {}, ...lines)));
}

function fateTable() {
  const { stats } = report;
  const row = (/** @type {string} */ name, /** @type {number} */ number, /** @type {string} */ why, /** @type {string} */ kind) => {
    const bar = el("span", { class: `bar-fill fate-${kind}` });
    bar.style.width = `${stats.lines ? (number / stats.lines) * 100 : 0}%`;
    return el("tr", { data: { fate: name } }, el("th", { attrs: { scope: "row" } }, name), el("td", { class: "number" }, count(number)), el("td", { class: "number" }, share(stats.lines ? number / stats.lines : null)), el("td", { class: "bar-cell" }, bar), el("td", { class: "meaning" }, why));
  };
  const rejected = Object.entries(stats.rejected).sort((a, b) => Number(b[1]) - Number(a[1]));
  const some = rejected.filter(([, number]) => number);
  const none = rejected.filter(([, number]) => !number).map(([name]) => name);
  const heads = ["Lines", "Number", "Share", "", "Because"];
  return el("div", { class: "table-frame", role: "region", attrs: { tabindex: 0, "aria-label": "What became of each line" } }, el("table", { class: "small-table", testid: "fates" },
    el("caption", {}, `What became of each of ${count(stats.lines)} lines`),
    el("thead", {}, el("tr", {}, ...heads.map((head, index) => (head ? el("th", { class: index === 1 || index === 2 ? "number" : "", attrs: { scope: "col" } }, head) : el("td", {}))))),
    el("tbody", {}, row("accepted", stats.accepted, "taken into a ship's story", "accepted"),
      ...some.map(([name, number]) => row(name, Number(number), `rejected: ${REASONS[/** @type {keyof REASONS} */ (name)] ?? name}`, "rejected")),
      ...Object.entries(OTHERS).filter(([name]) => stats[name]).map(([name, why]) => row(name, stats[name], why, "other")),
      none.length ? el("tr", {}, el("td", { class: "muted", attrs: { colspan: 5 } }, `No line was rejected as ${none.join(", ")}.`)) : null)));
}
