/** A line between a page and its server that can be cut: a TCP proxy that hears what pages say. */

import { connect, createServer } from "node:net";

export class Line {
  /** What pages sent. */
  heard = "";
  /** Bytes that pages were sent. */
  sent = 0;
  #open = new Set();
  #isCut = false;

  /** @param {number} port of the server */
  constructor(port) {
    this.server = createServer((near) => {
      if (this.#isCut) return near.destroy();
      const far = connect(port, "127.0.0.1");
      for (const [one, two] of [[near, far], [far, near]]) {
        this.#open.add(one);
        one.on("error", () => {}).on("close", () => {
          this.#open.delete(one);
          two.destroy();
        });
      }
      near.on("data", (bytes) => (this.heard += bytes.toString("latin1")));
      far.on("data", (bytes) => (this.sent += bytes.length));
      near.pipe(far);
      far.pipe(near);
    });
  }

  /** @returns {Promise<string>} where pages find it */
  listen() {
    return new Promise((resolve) => this.server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${this.server.address().port}`)));
  }

  /** Ends all connections, and takes none until it is mended. */
  cut() {
    this.#isCut = true;
    this.heard = "";
    for (const socket of this.#open) socket.destroy();
  }

  mend() {
    this.#isCut = false;
  }

  close() {
    this.cut();
    this.server.close();
  }
}
