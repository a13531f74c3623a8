/** The bar at the top: what time it is in the stream, whether that is live, how the sources are, and the tools. */

/** @import { State } from "../state.js" */
import { byId, el } from "../dom.js";
import { DAY, clock, count, day, duration, utc } from "../format.js";
import { clean } from "../text.js";
import { onceAFrame } from "../state.js";
import { icon } from "./icons.js";

/** A source further behind plays an old story, and its lag says nothing. */
const LONGEST_LAG_MS = 30 * DAY;

/**
 * @param {State} state
 * @param {{ toLive: () => void, toggleTheme: () => void, toggleSound: () => void, soundOn: () => boolean, help: () => void, signIn: () => void }} actions
 */
export function startBar(state, actions) {
  const time = el("time", { class: "clock", testid: "event-time" });
  const date = el("span", { class: "clock-date" });
  const pill = el("button", { class: "pill-state", type: "button", testid: "live-state", on: { click: actions.toLive } });
  byId("bar-state").append(pill, el("span", { class: "clock-box", title: "Event time: the reports' own time" }, time, date));

  const figures = el("dl", { class: "figures" });
  const sources = el("details", { class: "sources", testid: "sources" }, el("summary", {}));
  byId("bar-figures").append(figures, sources);

  const theme = tool("Theme (t)", "theme-toggle", actions.toggleTheme);
  const sound = tool("Sound and desktop notifications for critical alerts (m)", "sound-toggle", actions.toggleSound);
  const help = tool("Help (?)", "help-button", actions.help);
  const account = el("button", { class: "tool tool-wide", type: "button", testid: "account", on: { click: actions.signIn } });
  help.append(icon("help"));
  byId("bar-tools").append(theme, sound, help, account);

  const drawTime = onceAFrame(() => {
    const now = state.now;
    time.textContent = now === null ? "--:--:--" : clock(now, { seconds: true });
    if (now !== null) time.dateTime = new Date(now).toISOString();
    date.textContent = now === null ? "no event yet" : `${day(now)} ${new Date(now).getUTCFullYear()} UTC`;
    drawPill(state, pill);
  });
  const drawStats = onceAFrame(() => drawFigures(state, figures, sources));
  const drawTools = () => {
    const dark = document.documentElement.dataset.theme === "dark";
    theme.replaceChildren(icon(dark ? "sun" : "moon"));
    sound.replaceChildren(icon(actions.soundOn() ? "sound" : "mute"));
    sound.setAttribute("aria-pressed", String(actions.soundOn()));
    const name = clean(state.me?.name, 30);
    const role = state.me?.role ?? "none";
    account.replaceChildren(icon("person"), el("span", {}, name || (role === "none" || state.me?.name === null ? "Sign in" : role)));
    account.title = name ? `Signed in as ${name} (${role})` : "Sign in with a token";
  };
  state.on(["time", "mode", "stream"], drawTime);
  state.on(["stats", "vessels"], drawStats);
  state.on(["theme", "me"], drawTools);
  drawTime();
  drawStats();
  drawTools();
  return { drawTools };
}

/** @param {string} label @param {string} testid @param {() => void} click */
function tool(label, testid, click) {
  return el("button", { class: "tool", type: "button", title: label, testid, attrs: { "aria-label": label }, on: { click } });
}

/** @param {State} state @param {HTMLButtonElement} pill */
function drawPill(state, pill) {
  const { status } = state.stream;
  const still = state.live && status === "live" && standsStill(state);
  const [tone, text] = !state.live
    ? ["replay", `REPLAY ${state.now === null ? "" : `${clock(state.now)} UTC`}`]
    : status === "live" ? (still ? ["lost", "STANDS STILL"] : ["live", "LIVE"]) : status === "lost" ? ["lost", "RECONNECTING"] : ["wait", "CONNECTING"];
  pill.dataset.tone = tone;
  if (pill.textContent !== text) pill.textContent = text;
  pill.title = state.live ? "The page follows the stream" : "Return to live (l)";
  pill.disabled = state.live;
}

/** Event time that does not move while the stream stands: sources are silent, and the page must not look live. @param {State} state */
export const standsStill = (state) => state.time !== null && Date.now() - state.timeMovedAt > 20_000;

/** @param {State} state @param {HTMLElement} figures @param {HTMLDetailsElement} sources */
function drawFigures(state, figures, sources) {
  const { stats } = state;
  const figure = (/** @type {string} */ label, /** @type {string} */ value, /** @type {string} */ testid) =>
    el("div", { class: "figure" }, el("dd", { testid }, value), el("dt", {}, label));
  const rate = stats ? stats.reports_per_second : null;
  figures.replaceChildren(
    figure("open", stats ? count(stats.alerts.open) : "–", "stat-open"),
    figure("to acknowledge", stats ? count(stats.alerts.unacknowledged) : "–", "stat-unacknowledged"),
    figure("ships", stats ? count(stats.vessels) : "–", "stat-vessels"),
    figure("reports/s", rate === null ? "–" : rate < 10 ? rate.toFixed(1) : count(Math.round(rate)), "stat-rate"),
  );
  const all = stats?.sources ?? [];
  const up = all.filter((source) => source.state === "up").length;
  const worst = all.some((source) => source.state === "down") ? "down" : up < all.length ? "idle" : "up";
  const summary = el("summary", {}, el("span", { class: `dot dot-${all.length ? worst : "idle"}` }), `${up}/${all.length}`, el("span", { class: "sources-word" }, "sources"));
  sources.querySelector("summary")?.replaceWith(summary);
  sources.querySelector("ul")?.remove();
  sources.append(
    el("ul", { class: "popover" }, ...all.map((source) =>
      el("li", {}, el("span", { class: `dot dot-${source.state}` }), el("bdi", {}, clean(source.name, 60)),
        el("span", { class: "muted" }, source.lag_ms === undefined || source.lag_ms > LONGEST_LAG_MS ? source.state : `${source.state}, ${duration(source.lag_ms)} behind`)),
    )),
  );
}

/**
 * The honest banner: says when what is shown may be old, and why.
 * @param {State} state @param {{ retry: () => void }} actions
 */
export function startBanner(state, actions) {
  const banner = byId("banner");
  const text = el("span", { testid: "banner-text" });
  // What counts up or down each second is for eyes only: read aloud it would never stop.
  const counter = el("span", { attrs: { "aria-hidden": "true" } });
  const button = el("button", { class: "button", type: "button", testid: "banner-action", on: { click: actions.retry } }, "Try now");
  banner.append(el("span", {}, text, " ", counter), button);
  const draw = () => {
    const { tone, sentence, counting = "", retry = false } = bannerOf(state);
    banner.hidden = sentence === "";
    banner.dataset.tone = tone;
    if (text.textContent !== sentence) text.textContent = sentence;
    if (counter.textContent !== counting) counter.textContent = counting;
    button.hidden = !retry;
  };
  state.on(["stream", "mode", "stats", "vessels"], draw);
  setInterval(draw, 1000);
  draw();
}

/** @param {State} state @returns {{ tone: string, sentence: string, counting?: string, retry?: boolean }} */
function bannerOf(state) {
  const { status, retryAt, reason } = state.stream;
  if (status === "lost" && retryAt !== null) {
    const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
    const old = state.time === null ? "Nothing has been received yet." : `What you see is from ${utc(state.time)}.`;
    return { tone: "lost", sentence: `Stream lost. ${reason} ${old}`, counting: `Next try in ${seconds} s.`, retry: true };
  }
  if (state.live && status === "live" && standsStill(state)) {
    const since = duration(Date.now() - state.timeMovedAt);
    return { tone: "lost", sentence: `Event time stands still at ${utc(state.time)}. Sources may be silent.`, counting: `For ${since} now.` };
  }
  const down = (state.stats?.sources ?? []).filter((source) => source.state === "down").map((source) => clean(source.name, 40));
  if (down.length) {
    const more = down.length > 4 ? ` and ${down.length - 4} more` : "";
    return { tone: "warn", sentence: `No data from ${down.slice(0, 4).join(", ")}${more}. Ships may look silent there.` };
  }
  if (state.vesselsTruncated) return { tone: "note", sentence: "Not all ships of this view are shown. Zoom in to see all." };
  return { tone: "note", sentence: "" };
}
