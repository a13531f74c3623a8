/** What the pointer does on the map: tells what is under it, gives the position, selects on click. */

/** @import { Map as MapLibre, MapMouseEvent } from "maplibre-gl" */
/** @import { State } from "../state.js" */
/** @import { ShipLayer } from "./ships.js" */
import { el, outside } from "../dom.js";
import { ago, count, course, knots, position, share } from "../format.js";
import { clean, shipName } from "../text.js";
import { SHIP_STATES } from "../words.js";

/**
 * @param {State} state @param {MapLibre} map @param {ShipLayer} ships
 * @param {{ tip: HTMLElement, position: HTMLElement, onPort: (id: string) => void }} parts
 */
export function followPointer(state, map, ships, parts) {
  const canvas = map.getCanvas();

  /** @param {MapMouseEvent} event @param {string[]} layers */
  const featureAt = (event, layers) => {
    if (!map.style) return null;
    const there = layers.filter((id) => map.getLayer(id));
    return map.queryRenderedFeatures(event.point, { layers: there })[0]?.properties ?? null;
  };

  const hide = () => {
    parts.tip.hidden = true;
    canvas.style.cursor = "";
  };

  map.on("mousemove", (event) => {
    parts.position.textContent = position(event.lngLat.lng, event.lngLat.lat);
    const content = shipTip(state, ships.pick(event.point)) ?? placeTip(featureAt(event, ["port-dots", "ports-fill", "areas-fill", "reception"]));
    if (!content) return hide();
    canvas.style.cursor = content.clickable ? "pointer" : "";
    parts.tip.replaceChildren(...content.lines);
    parts.tip.hidden = false;
    place(parts.tip, event.point, canvas);
  });
  map.on("mouseout", () => {
    hide();
    parts.position.textContent = "";
  });
  map.on("movestart", hide);

  map.on("click", (event) => {
    const touch = /** @type {PointerEvent} */ (event.originalEvent).pointerType === "touch";
    const mmsi = ships.pick(event.point, touch ? 24 : 14);
    if (mmsi !== null) {
      const alert = state.vessels.get(mmsi)?.alert ?? null;
      return state.select(alert ? { alert, vessel: null } : { alert: null, vessel: mmsi });
    }
    const area = featureAt(event, ["areas-fill"]);
    if (area?.alert) return state.select({ alert: area.alert, vessel: null });
    const port = featureAt(event, ["port-dots", "ports-fill"]);
    if (port?.id) parts.onPort(port.id);
  });
}

/** @param {State} state @param {number | null} mmsi */
function shipTip(state, mmsi) {
  const vessel = mmsi === null ? undefined : state.vessels.get(mmsi);
  if (!vessel) return null;
  const lines = [
    el("strong", {}, outside(shipName(vessel))),
    el("span", {}, `MMSI ${vessel.mmsi}${vessel.listed ? " · listed" : ""}`),
    el("span", { class: `tone-${vessel.state ?? "normal"}` }, SHIP_STATES[vessel.state ?? "normal"]),
    el("span", {}, `${knots(vessel.sog)} · ${course(vessel.cog)} · last report ${ago(vessel.t, state.now)}`),
  ];
  return { lines, clickable: true };
}

/** @param {Record<string, any> | null} properties of a port, an area or a hexagon */
function placeTip(properties) {
  if (!properties) return null;
  if (properties.alert) return { lines: [el("strong", {}, clean(properties.label))], clickable: true };
  if (typeof properties.q === "number") {
    const lines = [el("strong", {}, `Reception ${share(properties.q)}`), el("span", {}, `of the time ships here are heard (${count(properties.n ?? 0)} bins)`)];
    return { lines, clickable: false };
  }
  const about = [properties.kind, properties.country, properties.listed && "listed"].filter(Boolean).join(" · ");
  return { lines: [el("strong", {}, outside(properties.name)), el("span", {}, clean(about))], clickable: true };
}

/** Beside the pointer, on the side with room. @param {HTMLElement} tip @param {{ x: number, y: number }} point @param {HTMLElement} canvas */
function place(tip, point, canvas) {
  const { offsetWidth, offsetHeight } = tip;
  const left = point.x + 16 + offsetWidth > canvas.clientWidth ? point.x - offsetWidth - 12 : point.x + 16;
  const top = Math.min(Math.max(8, point.y - 12), canvas.clientHeight - offsetHeight - 8);
  tip.style.transform = `translate(${Math.round(Math.max(8, left))}px, ${Math.round(top)}px)`;
}
