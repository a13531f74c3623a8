/** The dialogs: acknowledge, sign in, help. Native ones, so that focus stays inside and Esc closes. */

/** @import { Item } from "../types.js" */
import { el, outside } from "../dom.js";
import { shipName } from "../text.js";
import { KINDS } from "../words.js";

/** @param {HTMLDialogElement} dialog */
function show(dialog) {
  document.body.append(dialog);
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  dialog.addEventListener("close", () => {
    dialog.remove();
    before?.focus?.();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.showModal();
}

export const dialogIsOpen = () => document.querySelector("dialog[open]") !== null;

/** @param {HTMLDialogElement} dialog */
const cancelButton = (dialog) => el("button", { class: "button", type: "button", testid: "dialog-cancel", on: { click: () => dialog.close() } }, "Cancel");

/**
 * Asks for a note and acknowledges. `others` are the ship's other alerts that nobody has acknowledged.
 * @param {Item} item @param {Item[]} others
 * @param {(items: Item[], note: string) => Promise<string>} send gives a sentence if it failed, else ""
 */
export function askAcknowledge(item, others, send) {
  const note = el("textarea", { id: "ack-note", class: "field", testid: "ack-note", attrs: { rows: 3, maxlength: 2000, placeholder: "What you did or found (optional)" } });
  const also = el("input", { type: "checkbox", testid: "ack-others" });
  const error = el("p", { class: "error", role: "alert", testid: "ack-error" });
  const submit = el("button", { class: "button primary", type: "submit", testid: "ack-submit" }, "Acknowledge");
  const dialog = el("dialog", { class: "dialog", testid: "ack-dialog", attrs: { "aria-labelledby": "ack-title" } });
  const form = el("form", {},
    el("h2", { id: "ack-title" }, "Acknowledge"),
    el("p", {}, KINDS[item.alert.kind], item.alert.vessel ? " of " : "", item.alert.vessel ? outside(shipName(item.alert.vessel)) : null, `, revision ${item.alert.revision}`),
    el("p", { class: "muted small" }, "It says that you have seen it. If its severity rises later, it asks for you again."),
    el("label", { class: "field-label", attrs: { for: "ack-note" } }, "Note"), note,
    others.length ? el("label", { class: "check" }, also, `Also the ${others.length} other ${others.length === 1 ? "alert" : "alerts"} of this ship to acknowledge`) : null,
    error,
    el("div", { class: "dialog-actions" }, cancelButton(dialog), submit),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    const failed = await send(also.checked ? [item, ...others] : [item], note.value.trim());
    submit.disabled = false;
    if (failed) error.textContent = failed;
    else dialog.close();
  });
  note.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  dialog.append(form);
  show(dialog);
}

/**
 * @param {{ reason: string, signedInAs: string | null, signIn: (token: string) => Promise<string>, signOut: () => void }} parts
 */
export function askToken({ reason, signedInAs, signIn, signOut }) {
  const token = el("input", { id: "token", class: "field", type: "password", testid: "token", attrs: { autocomplete: "off", required: true } });
  const error = el("p", { class: "error", role: "alert", testid: "sign-in-error" });
  const dialog = el("dialog", { class: "dialog", testid: "sign-in-dialog", attrs: { "aria-labelledby": "token-title" } });
  const form = el("form", {},
    el("h2", { id: "token-title" }, "Sign in"),
    reason ? el("p", {}, reason) : null,
    signedInAs ? el("p", {}, "Signed in as ", outside(signedInAs, 60), ".") : null,
    el("label", { class: "field-label", attrs: { for: "token" } }, "Token"), token,
    el("p", { class: "muted small" }, "It is kept until this tab is closed."),
    error,
    el("div", { class: "dialog-actions" },
      signedInAs ? el("button", { class: "button", type: "button", testid: "sign-out", on: { click: () => { signOut(); dialog.close(); } } }, "Sign out") : null,
      cancelButton(dialog), el("button", { class: "button primary", type: "submit", testid: "sign-in-submit" }, "Sign in")),
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const failed = await signIn(token.value.trim());
    if (failed) error.textContent = failed;
    else dialog.close();
  });
  dialog.append(form);
  show(dialog);
}

/** @type {[string, string][]} */
const KEYS = [
  ["j / k", "Next, previous row of the list"], ["Enter", "Open the row"], ["a", "Acknowledge"], ["/", "Search"],
  ["Esc", "Close, leave the search"], ["f", "Fit the map to the selection"], ["l", "Return to live"],
  ["Space", "Play or pause the replay"], ["m", "Sound and notifications on or off"], ["t", "Light or dark theme"],
  ["r", "Reception on the map"], ["?", "This help"],
];

export function showHelp() {
  const dialog = el("dialog", { class: "dialog wide", testid: "help-dialog", attrs: { "aria-labelledby": "help-title" } });
  dialog.append(
    el("h2", { id: "help-title" }, "Help"),
    el("div", { class: "help" },
      el("dl", { class: "keys" }, ...KEYS.map(([keys, what]) => el("div", {}, el("dt", {}, ...keys.split(" / ").map((key) => el("kbd", {}, key))), el("dd", {}, what)))),
      el("div", { class: "help-text" },
        el("h3", {}, "What it says, and what not"),
        el("p", {}, "Dark means not heard where ships like it are heard. It does not say why a transponder is off, nor whose doing it is."),
        el("p", {}, "From silence follows only that a ship could have called at a port, between two times, never that it did."),
        el("p", {}, "Where reception is not known the grade is unknown reception: long silence and no more."),
        el("p", {}, "A name never identifies a ship. IMO numbers and MMSIs do, and both can be false."),
        el("p", {}, "All times are UTC and event time: the reports' own time. A dark ship stands on the map where it was last heard."),
      )),
    el("div", { class: "dialog-actions" }, el("button", { class: "button primary", type: "button", testid: "dialog-close", on: { click: () => dialog.close() } }, "Close")),
  );
  show(dialog);
}

/** A short word at the edge of the page that goes by itself. @param {string} text @param {"good" | "bad"} [tone] */
export function toast(text, tone = "good") {
  const node = el("div", { class: "toast", data: { tone } }, text);
  document.getElementById("toasts")?.append(node);
  setTimeout(() => node.remove(), tone === "bad" ? 8000 : 3000);
}
