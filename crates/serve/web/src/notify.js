/** Sound and desktop notifications for critical alerts, if a person wants them; and the words for screen readers. */

/** @import { Item } from "./types.js" */
import { byId, el } from "./dom.js";
import { clean, shipName } from "./text.js";
import { KINDS } from "./words.js";

const KEY = "darkwake.sound";
/** Of a burst of alerts one is heard and shown; the list has all. */
const LEAST_PAUSE_MS = 5000;

export class Notifier {
  #on = localStorage.getItem(KEY) === "on";
  /** @type {AudioContext | null} */
  #audio = null;
  #last = -LEAST_PAUSE_MS;
  /** @type {(id: string) => void} */
  onOpen = () => {};

  get on() {
    return this.#on;
  }

  /** Must follow a key or a click: browsers allow neither sound nor the question for permission else. */
  async toggle() {
    this.#on = !this.#on;
    localStorage.setItem(KEY, this.#on ? "on" : "off");
    if (!this.#on) return "Sound and notifications are off.";
    this.#beep();
    if (!("Notification" in globalThis)) return "Sound is on. This browser has no notifications.";
    const permission = Notification.permission === "default" ? await Notification.requestPermission() : Notification.permission;
    return permission === "granted" ? "Sound and notifications are on." : "Sound is on. The browser blocks notifications.";
  }

  /** @param {Item} item that is critical and new */
  critical({ alert }) {
    const title = `${KINDS[alert.kind]}${alert.vessel ? `: ${shipName(alert.vessel)}` : ""}`;
    this.#announce(`Critical. ${title}. ${clean(alert.explain)}`);
    if (!this.#on || performance.now() - this.#last < LEAST_PAUSE_MS) return;
    this.#last = performance.now();
    this.#beep();
    if ("Notification" in globalThis && Notification.permission === "granted") {
      const notification = new Notification(title, { body: clean(alert.explain), tag: alert.id });
      notification.onclick = () => {
        window.focus();
        this.onOpen(alert.id);
      };
    }
  }

  /** @param {string} sentence */
  #announce(sentence) {
    const log = byId("announce");
    log.append(el("p", {}, sentence));
    while (log.childElementCount > 5) log.firstElementChild?.remove();
  }

  /** Two soft tones, rising. */
  #beep() {
    try {
      this.#audio ??= new AudioContext();
      const audio = this.#audio;
      void audio.resume();
      [587, 784].forEach((frequency, index) => {
        const start = audio.currentTime + index * 0.18;
        const [tone, volume] = [audio.createOscillator(), audio.createGain()];
        tone.frequency.value = frequency;
        volume.gain.setValueAtTime(0, start);
        volume.gain.linearRampToValueAtTime(0.18, start + 0.02);
        volume.gain.exponentialRampToValueAtTime(0.001, start + 0.35);
        tone.connect(volume).connect(audio.destination);
        tone.start(start);
        tone.stop(start + 0.4);
      });
    } catch {
      // Without a sound device the list and the notification have to do.
    }
  }
}
