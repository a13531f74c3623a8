/** Waits for what is to be, and for nothing else. */

const LOOK_EVERY_MS = 50;
/** Longer than anything takes here, on a machine that has other work too. */
export const PATIENCE_MS = 30_000;

/**
 * Gives what `probe` gives once that is neither false nor nothing; fails with the last thing seen when time is up.
 * @template T
 * @param {string} what is waited for
 * @param {() => T | Promise<T>} probe
 * @param {number} [within] ms
 * @returns {Promise<T>}
 */
export async function until(what, probe, within = PATIENCE_MS) {
  const end = Date.now() + within;
  let last;
  do {
    last = await probe();
    if (last) return last;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  } while (Date.now() < end);
  throw new Error(`${what}: not within ${within / 1000} s`);
}
