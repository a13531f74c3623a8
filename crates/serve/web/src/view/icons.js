/** Line icons, drawn here so that no font or image has to be fetched. All are hidden from screen readers. */

import { svg } from "../dom.js";

/** Paths on a grid of 16. */
const PATHS = {
  sun: "M8 5a3 3 0 100 6 3 3 0 000-6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8L13 13M13 3l-1.2 1.2M4.2 11.8L3 13",
  moon: "M13.5 9.8A6 6 0 016.2 2.5a6 6 0 107.3 7.3z",
  sound: "M2.5 6h2.3L8.5 3v10L4.8 10H2.5zM11 5.5a3.5 3.5 0 010 5M12.8 3.6a6 6 0 010 8.8",
  mute: "M2.5 6h2.3L8.5 3v10L4.8 10H2.5zM11 6l3.5 4M14.5 6L11 10",
  help: "M8 14.5a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM6.2 6.2A1.9 1.9 0 018 5c1.1 0 1.9.7 1.9 1.7 0 1.3-1.9 1.5-1.9 2.8M8 11.4v.2",
  person: "M8 8a2.8 2.8 0 100-5.6A2.8 2.8 0 008 8zM2.8 14a5.2 5.2 0 0110.4 0",
  search: "M7 12A5 5 0 107 2a5 5 0 000 10zM10.7 10.7L14 14",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  check: "M3 8.5l3.2 3.2L13 4.8",
  play: "M5 3.2l8 4.8-8 4.8z",
  pause: "M5.2 3.5v9M10.8 3.5v9",
  filter: "M2 4h12M4.5 8h7M6.8 12h2.4",
  link: "M6.8 9.2a2.6 2.6 0 003.7 0l2.2-2.2A2.6 2.6 0 009 3.3L8 4.3M9.2 6.8a2.6 2.6 0 00-3.7 0L3.3 9A2.6 2.6 0 007 12.7l1-1",
  copy: "M6 6h7.5v7.5H6zM3.5 10h-1V2.5H10v1",
  target: "M8 12.5a4.5 4.5 0 100-9 4.5 4.5 0 000 9zM8 1v3M8 12v3M1 8h3M12 8h3",
  layers: "M8 2l6 3-6 3-6-3zM2 8.2l6 3 6-3M2 11.2l6 3 6-3",
  terminal: "M2 3h12v10H2zM4.5 6l2 2-2 2M8.5 10H11",
  map: "M2 4l4-1.6 4 1.6 4-1.6V12l-4 1.6L6 12l-4 1.6zM6 2.4V12M10 4v9.6",
  list: "M5.5 4H14M5.5 8H14M5.5 12H14M2.4 4h.2M2.4 8h.2M2.4 12h.2",
  info: "M8 14.5a6.5 6.5 0 100-13 6.5 6.5 0 000 13zM8 7.2v4M8 4.8v.2",
  follow: "M8 2l4.2 11L8 10.4 3.8 13z",
  frame: "M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3",
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  return svg(
    "svg",
    { viewBox: "0 0 16 16", width: 16, height: 16, class: "icon", "aria-hidden": "true", focusable: "false" },
    svg("path", { d: PATHS[name] }),
  );
}
