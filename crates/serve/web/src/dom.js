/** Makes elements. Text always becomes a text node: no markup from outside can get in. */

import { clean } from "./text.js";

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @typedef {{
 *   class?: string, id?: string, title?: string, testid?: string, role?: string, type?: string, hidden?: boolean,
 *   attrs?: Record<string, string | number | boolean | null | undefined>,
 *   data?: Record<string, string | number>,
 *   on?: Record<string, (event: any) => void>,
 * }} Properties
 */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Properties} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  apply(node, properties);
  append(node, children);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * @template {keyof SVGElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string | number>} [attrs]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[Tag]}
 */
export function svg(tag, attrs = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attrs)) node.setAttribute(name, String(value));
  append(node, children);
  return node;
}

/** @param {Element & { dataset: DOMStringMap }} node @param {Properties} properties */
function apply(node, properties) {
  if (properties.class) node.setAttribute("class", properties.class);
  if (properties.id) node.id = properties.id;
  if (properties.title) node.setAttribute("title", properties.title);
  if (properties.testid) node.dataset.testid = properties.testid;
  if (properties.role) node.setAttribute("role", properties.role);
  if (properties.type) node.setAttribute("type", properties.type);
  if (properties.hidden) node.setAttribute("hidden", "");
  for (const [name, value] of Object.entries(properties.attrs ?? {})) {
    // A state that is false is told: a button without aria-pressed is none that can be pressed in.
    const isTold = value !== false || name.startsWith("aria-");
    if (value !== null && value !== undefined && isTold) node.setAttribute(name, String(value));
  }
  for (const [name, value] of Object.entries(properties.data ?? {})) node.dataset[name] = String(value);
  for (const [name, listener] of Object.entries(properties.on ?? {})) node.addEventListener(name, listener);
}

/** @param {Element} node @param {Child[]} children */
function append(node, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Text from outside, cleaned and kept from turning the direction of what stands around it.
 * @param {unknown} value @param {number} [longest]
 */
export function outside(value, longest) {
  return el("bdi", {}, clean(value, longest));
}

/**
 * An element of the page that must be there.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no element #${id}`);
  return node;
}
