/** Where an alert comes from: identifiers, input positions, hashes, and the whole of it as JSON. */

/** @import { Alert } from "../types.js" */
import { el, outside } from "../dom.js";
import { clean } from "../text.js";

/** @param {Alert} alert @param {(text: string, what: string) => void} copy */
export function sourceSection(alert, copy) {
  const json = el("details", { class: "fold", testid: "raw-json" }, el("summary", {}, "As JSON"));
  json.addEventListener("toggle", () => {
    if (!json.open || json.childElementCount > 1) return;
    json.append(el("pre", { attrs: { tabindex: 0, "aria-label": "Alert as JSON" } }, jsonText(alert)));
  });
  const command = `darkwake explain ${clean(alert.id, 64)}`;
  return el("section", { class: "part", testid: "source" },
    el("h3", {}, "Source"),
    el("dl", { class: "facts mono" },
      el("div", {}, el("dt", {}, "Alert"), el("dd", {}, outside(alert.id, 64))),
      el("div", {}, el("dt", {}, "Config"), el("dd", {}, outside(alert.config, 64))),
      el("div", {}, el("dt", {}, "Ports file"), el("dd", {}, outside(alert.ports_file, 64))),
      alert.inputs.length ? el("div", { class: "wide" }, el("dt", {}, "Deciding reports"), el("dd", {}, outside(alert.inputs.join(", ")))) : null,
    ),
    el("p", { class: "command" }, el("code", {}, command),
      el("button", { class: "link", type: "button", on: { click: () => copy(command, "Command") } }, "Copy")),
    json,
  );
}

/** Line breaks stay, what cannot be seen goes. @param {Alert} alert */
const jsonText = (alert) => JSON.stringify(alert, null, 2).split("\n").map((line) => line.match(/^ */)?.[0] + clean(line, 5000)).join("\n");
