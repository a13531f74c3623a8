/**
 * The alerts that the page knows, each in its newest revision, and what was known of them at an earlier time. Pure: knows no
 * browser and no server.
 */

/** @import { Ack, Item, Revision } from "./types.js" */

/** More than a person reads in a day; beyond it the oldest are let go and can be fetched again. */
const MOST_ITEMS = 20_000;

/** Newest first, as the server sorts. @param {Item} a @param {Item} b */
export const newestFirst = (a, b) => b.alert.at - a.alert.at || b.seq - a.seq;

export class AlertBook {
  /** @type {Map<string, Item>} */
  #items = new Map();
  /** @type {Map<string, Revision[]>} */
  #revisions = new Map();

  get size() {
    return this.#items.size;
  }

  /** @param {string} id */
  get(id) {
    return this.#items.get(id) ?? null;
  }

  /** @returns {Iterable<Item>} */
  all() {
    return this.#items.values();
  }

  clear() {
    this.#items.clear();
    this.#revisions.clear();
  }

  /**
   * Takes an item unless a newer revision is known already: the list and the stream overlap on purpose.
   * @param {Item} item
   * @returns {"new" | "revised" | "same"}
   */
  put(item) {
    const { id, revision } = item.alert;
    const known = this.#items.get(id);
    if (known && (known.alert.revision > revision || (known.alert.revision === revision && known.seq > item.seq))) return "same";
    this.#items.set(id, known ? { ...item, first_at: Math.min(known.first_at, item.first_at) } : item);
    if (this.#items.size > MOST_ITEMS) this.#letGo();
    const revisions = this.#revisions.get(id);
    if (revisions && (revisions.at(-1)?.alert.revision ?? -1) < revision) revisions.push({ seq: item.seq, alert: item.alert });
    return !known ? "new" : known.alert.revision < revision ? "revised" : "same";
  }

  /** @param {string} id @param {Ack} ack */
  acknowledge(id, ack) {
    const item = this.#items.get(id);
    if (item) this.#items.set(id, { ...item, ack });
  }

  /** @param {string} id @param {Revision[]} revisions oldest first */
  putRevisions(id, revisions) {
    this.#revisions.set(id, [...revisions]);
  }

  /** @param {string} id */
  revisions(id) {
    return this.#revisions.get(id) ?? null;
  }

  /**
   * The item as it was known at a time: null if it was not yet, "unknown" if its earlier revisions have not been fetched.
   * @param {Item} item @param {number} at
   * @returns {Item | null | "unknown"}
   */
  asOf(item, at) {
    if (item.first_at > at) return null;
    if (item.alert.at <= at) return item;
    const revisions = this.#revisions.get(item.alert.id);
    if (!revisions) return "unknown";
    const then = revisions.filter((revision) => revision.alert.at <= at).at(-1);
    if (!then) return null;
    const ack = item.ack && item.ack.revision <= then.alert.revision ? item.ack : null;
    return { ...item, seq: then.seq, alert: then.alert, ack };
  }

  #letGo() {
    const oldest = [...this.#items.values()].sort(newestFirst).slice(Math.floor(MOST_ITEMS * 0.9));
    for (const { alert } of oldest) {
      this.#items.delete(alert.id);
      this.#revisions.delete(alert.id);
    }
  }
}
