/** Starts the page and connects its parts: the stream feeds the state, views draw it, actions change it. */

/** @import { Ack, Bounds, Item } from "./types.js" */
import { Api, ApiError } from "./api.js";
import { keepAddress, readAddress } from "./address.js";
import { byId } from "./dom.js";
import { DetailPanel } from "./detail/panel.js";
import { Loader } from "./loader.js";
import { MapView } from "./map/view.js";
import { Traffic } from "./map/traffic.js";
import { portsFrom } from "./ports.js";
import { Notifier } from "./notify.js";
import { State, atMostEvery } from "./state.js";
import { Stream } from "./stream.js";
import { toggleTheme, followSystemTheme } from "./theme.js";
import { keepAgo } from "./view/ago.js";
import { startBanner, startBar } from "./view/bar.js";
import { askAcknowledge, askToken, showHelp, toast } from "./view/dialogs.js";
import { startFilters } from "./view/filters-bar.js";
import { listenToKeys } from "./view/keyboard.js";
import { AlertList } from "./view/list.js";
import { startMapTools } from "./view/map-tools.js";
import { Replay } from "./view/replay.js";
import { startTabs } from "./view/tabs.js";

const STATS_EVERY_MS = 5000;

const api = new Api();
const state = new State(api);
const place = readAddress(state);
const stream = new Stream(api);
const loader = new Loader(state);
const traffic = new Traffic(state);
const notifier = new Notifier();
const view = new MapView(state, traffic);
const list = new AlertList(state, loader);
const replay = new Replay(state);
const tabs = startTabs(() => view.map?.resize());
const isPhone = () => matchMedia("(max-width: 760px)").matches;

const detail = new DetailPanel(state, {
  acknowledge, copy, close: closeDetail,
  fit: () => {
    if (isPhone()) tabs.show("map");
    view.overlay?.fit(true);
  },
});
const bar = startBar(state, {
  toLive: () => replay.toLive(), toggleTheme: () => toggleTheme(state), toggleSound: () => void toggleSound(), soundOn: () => notifier.on,
  help: showHelp, signIn: () => signIn(""),
});
startBanner(state, { retry: () => stream.retryNow() });
const filters = startFilters(state);
const mapTools = startMapTools(view, { fit: () => view.overlay?.fit(true) });

/** @param {string} reason */
function signIn(reason) {
  if (document.querySelector("[data-testid=sign-in-dialog]")) return;
  askToken({
    reason, signedInAs: api.signedIn ? (state.me?.name ?? null) : null,
    signIn: async (token) => {
      api.setToken(token);
      const failed = await who();
      if (failed || state.me?.role === "none") {
        api.setToken(null);
        return failed || "This token is not known here.";
      }
      everything();
      return "";
    },
    signOut: () => {
      api.setToken(null);
      void who().then(everything);
    },
  });
}

/** Asks who this page is to the server. @returns {Promise<string>} what failed */
async function who() {
  try {
    state.me = await api.me();
    state.changed("me");
    return "";
  } catch (cause) {
    return cause instanceof ApiError ? cause.message : String(cause);
  }
}

api.onUnauthorized = () => signIn(api.signedIn ? "Your token is not valid any more." : "This server asks for a token.");

async function stats() {
  try {
    state.stats = await api.stats();
    state.moveTime(state.stats.t);
    state.changed("stats");
  } catch {
    // The banner tells when the stream is lost; figures stay as they were.
  }
}

async function ports() {
  try {
    const collection = await api.ports();
    state.ports = portsFrom(collection);
    state.changed("ports");
    view.setPorts(collection);
  } catch (cause) {
    toast(`Ports cannot be shown: ${cause instanceof ApiError ? cause.message : cause}`, "bad");
  }
}

/** Fetches all anew: at the start, after signing in, after a reset. */
function everything() {
  loader.forget();
  void loader.first();
  void traffic.load();
  void stats();
  if (state.ports.size === 0) void ports();
  detail.refresh();
  stream.open(traffic.window);
}

const alertsChanged = atMostEvery(() => state.changed("alerts"), 120);
const statsSoon = atMostEvery(() => void stats(), 1500);

/** @param {Item} item */
function alertCame(item) {
  const before = state.alerts.get(item.alert.id);
  const change = state.alerts.put(item);
  if (change === "same") return;
  list.arrived(item.alert.id);
  const rose = !before || before.alert.severity !== "critical";
  if (item.alert.severity === "critical" && item.alert.status !== "closed" && rose) notifier.critical(item);
  alertsChanged();
  statsSoon();
}

loader.onMissed = alertCame;

/** @type {Record<string, (data: any) => void>} */
const onEvent = {
  alert: alertCame,
  ack: (/** @type {{ id: string, ack: Ack }} */ { id, ack }) => {
    state.alerts.acknowledge(id, ack);
    if (state.selection.alert === id) detail.refresh();
    alertsChanged();
    statsSoon();
  },
  vessels: (data) => {
    state.moveTime(data.t, { inOrder: true });
    traffic.patch(data.vessels);
  },
  time: (data) => state.moveTime(data.t, { inOrder: true }),
  reset: () => {
    stream.forget();
    state.alerts.clear();
    loader.forget();
    void loader.first();
    void traffic.load();
  },
};
/** @param {string} event @param {any} data */
stream.onEvent = (event, data) => onEvent[event]?.(data);
stream.onState = () => {
  state.stream = stream.state;
  if (stream.state.status === "live") state.timeMovedAt = Date.now();
  state.changed("stream");
};
/** @param {boolean} resumed */
stream.onOpen = (resumed) => {
  // Ships that moved while the stream was away are not told again; alerts are, if it resumes.
  if (state.live) void traffic.load();
  if (!resumed) void loader.recent();
};
/** @param {Bounds} bounds */
traffic.onWindow = (bounds) => stream.open(bounds);

/** @param {Item} item */
function acknowledge(item) {
  if (!state.mayAcknowledge) return signIn(state.me?.role === "viewer" ? "Only operators can acknowledge." : "Sign in to acknowledge.");
  const mmsi = item.alert.vessel?.mmsi;
  const others = [...state.alerts.all()].filter(({ alert, ack }) => mmsi && alert.vessel?.mmsi === mmsi && alert.id !== item.alert.id && !ack);
  askAcknowledge(item, others, async (items, note) => {
    try {
      for (const { alert } of items) state.alerts.acknowledge(alert.id, await api.acknowledge(alert.id, alert.revision, note));
      toast(items.length === 1 ? "Acknowledged." : `${items.length} alerts acknowledged.`);
      return "";
    } catch (cause) {
      return cause instanceof ApiError ? cause.message : String(cause);
    } finally {
      state.changed("alerts");
      detail.refresh();
      statsSoon();
    }
  });
}

/** @param {string} text @param {string} what */
async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied.`);
  } catch {
    toast("The browser does not allow copying here.", "bad");
  }
}

function closeDetail() {
  state.select({ alert: null, vessel: null });
  if (isPhone()) tabs.show("alerts");
  list.focus();
}

async function toggleSound() {
  toast(await notifier.toggle());
  bar.drawTools();
}

function escape() {
  const active = /** @type {HTMLElement | null} */ (document.activeElement);
  if (active === filters.search) {
    if (filters.search.value) {
      filters.search.value = "";
      filters.search.dispatchEvent(new Event("input"));
    } else list.focus();
  } else if (state.selection.alert || state.selection.vessel) closeDetail();
  else if (!state.live) replay.toLive();
}

function acknowledgeCurrent() {
  const id = state.selection.alert ?? list.currentId;
  const item = id ? state.alerts.get(id) : null;
  if (item) acknowledge(item);
}

listenToKeys({
  j: () => list.move(1), k: () => list.move(-1), ArrowDown: () => list.move(1), ArrowUp: () => list.move(-1),
  Enter: () => list.openCurrent(), a: acknowledgeCurrent, "/": () => filters.focus(), Escape: escape, "?": showHelp,
  m: () => void toggleSound(), t: () => toggleTheme(state), l: () => replay.toLive(), " ": () => replay.toggle(),
  f: () => view.overlay?.fit(true), r: () => mapTools.toggleReception(),
});

list.onOpen = () => {
  if (isPhone()) tabs.show("detail");
  detail.focus();
};
/** @param {string} id */
notifier.onOpen = (id) => state.select({ alert: id, vessel: null });
/** @param {string} id */
view.onPort = (id) => {
  state.filters = { ...state.filters, port: id };
  state.changed("filters");
  toast(`The list shows alerts with ${state.portName(id)}.`);
};
state.on(["selection"], () => {
  if (isPhone() && state.selection.vessel) tabs.show("detail");
});

replay.onEnter = () => void loader.forReplay(state.stats?.history?.from ?? state.mode.at ?? 0);
replay.onMove = () => void traffic.load();
replay.onLive = () => {
  void traffic.load();
  void loader.first();
};

/** What narrows the list on the server; typing and grouping change other things too. */
let asked = "";
state.on(["filters"], () => {
  const { group, ...narrowing } = state.filters;
  const question = JSON.stringify(narrowing);
  if (question !== asked) void loader.first();
  asked = question;
});

followSystemTheme(state);
keepAgo(state);
keepAddress(state, (at) => replay.go(at));
setInterval(() => void stats(), STATS_EVERY_MS);

const failed = await who();
if (failed && state.me === null) toast(failed, "bad");
if (state.me?.role === "none" && state.me.anonymous === "none") signIn("This server asks for a token.");
everything();
state.changed("selection");
if (!(await view.start())) byId("map-tools").hidden = byId("legend").hidden = true;
if (place.at !== null) replay.go(place.at);
