/** Talks to the server. Knows the token and turns every failure into an `ApiError` with a sentence to show. */

/** @import { Ack, AlertHistory, AlertPage, Bounds, Me, Stats, VesselDetail, VesselsAnswer } from "./types.js" */

const TOKEN_KEY = "darkwake.token";
const LONGEST_WAIT_MS = 20_000;

export class ApiError extends Error {
  /** @param {string} message @param {number} status HTTP status, 0 if the server was not reached */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

export class Api {
  /** @type {string | null} */
  #token = null;
  /** Called when the server asks for a token, or does not take the one it got. */
  onUnauthorized = () => {};

  constructor() {
    this.#token = takeToken();
  }

  get signedIn() {
    return this.#token !== null;
  }

  /** @param {string | null} token */
  setToken(token) {
    this.#token = token;
    if (token === null) sessionStorage.removeItem(TOKEN_KEY);
    else sessionStorage.setItem(TOKEN_KEY, token);
  }

  /**
   * @param {string} path below /api/v1
   * @param {RequestInit} [init]
   * @returns {Promise<Response>}
   */
  async request(path, init = {}) {
    const headers = new Headers(init.headers);
    if (this.#token) headers.set("Authorization", `Bearer ${this.#token}`);
    let response;
    try {
      response = await fetch(`/api/v1${path}`, { ...init, headers });
    } catch (cause) {
      if (cause instanceof DOMException) throw cause;
      throw new ApiError("The server cannot be reached.", 0);
    }
    if (response.ok) return response;
    if (response.status === 401) this.onUnauthorized();
    throw new ApiError(await reason(response), response.status);
  }

  /**
   * @template T
   * @param {string} path @param {AbortSignal} [signal]
   * @returns {Promise<T>}
   */
  async get(path, signal) {
    const limit = AbortSignal.timeout(LONGEST_WAIT_MS);
    try {
      const response = await this.request(path, { signal: signal ? AbortSignal.any([signal, limit]) : limit });
      return await response.json();
    } catch (cause) {
      if (cause instanceof DOMException && cause.name === "TimeoutError") throw new ApiError("The server did not answer in time.", 0);
      if (cause instanceof SyntaxError) throw new ApiError("The server's answer could not be read.", 0);
      throw cause;
    }
  }

  /** @returns {Promise<Me>} */
  me() {
    return this.get("/me");
  }

  /** @returns {Promise<Stats>} */
  stats() {
    return this.get("/stats");
  }

  /**
   * @param {URLSearchParams} query @param {AbortSignal} [signal]
   * @returns {Promise<AlertPage>}
   */
  alerts(query, signal) {
    return this.get(`/alerts?${query}`, signal);
  }

  /** @param {string} id @param {AbortSignal} [signal] @returns {Promise<AlertHistory>} */
  alert(id, signal) {
    return this.get(`/alerts/${encodeURIComponent(id)}`, signal);
  }

  /** @param {string} id @param {number} revision the one that was seen @param {string} note @returns {Promise<Ack>} */
  async acknowledge(id, revision, note) {
    const response = await this.request(`/alerts/${encodeURIComponent(id)}/ack`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ note, revision }),
    });
    return response.json();
  }

  /**
   * @param {Bounds} bounds @param {number | null} at null for now @param {AbortSignal} [signal]
   * @returns {Promise<VesselsAnswer>}
   */
  vessels(bounds, at, signal) {
    const query = new URLSearchParams({ bbox: bboxText(bounds), limit: "60000" });
    if (at !== null) query.set("at", String(Math.round(at)));
    return this.get(`/vessels?${query}`, signal);
  }

  /** @param {number} mmsi @param {AbortSignal} [signal] @returns {Promise<VesselDetail>} */
  vessel(mmsi, signal) {
    return this.get(`/vessels/${mmsi}`, signal);
  }

  /**
   * @param {number} mmsi @param {number} since @param {number} until @param {AbortSignal} [signal]
   * @returns {Promise<GeoJSON.FeatureCollection>}
   */
  track(mmsi, since, until, signal) {
    return this.get(`/vessels/${mmsi}/track?since=${Math.round(since)}&until=${Math.round(until)}`, signal);
  }

  /** @param {number} mmsi @param {number} at @param {AbortSignal} [signal] @returns {Promise<GeoJSON.FeatureCollection>} */
  reach(mmsi, at, signal) {
    return this.get(`/vessels/${mmsi}/reach?at=${Math.round(at)}`, signal);
  }

  /** @returns {Promise<GeoJSON.FeatureCollection>} */
  ports() {
    return this.get("/ports");
  }

  /** @param {Bounds} bounds @param {AbortSignal} [signal] @returns {Promise<GeoJSON.FeatureCollection>} */
  reception(bounds, signal) {
    return this.get(`/reception?bbox=${bboxText(bounds)}`, signal);
  }
}

/** @param {Bounds} bounds */
export const bboxText = (bounds) => bounds.map((v) => v.toFixed(4)).join(",");

/** The sentence that the server gave, or one for the status. @param {Response} response */
async function reason(response) {
  try {
    const body = await response.json();
    if (typeof body.error === "string" && body.error) return body.error;
  } catch {
    // An answer that is no JSON, from a proxy for example: its status has to do.
  }
  return `The server answered with an error (${response.status}).`;
}

/**
 * The token that came in the address is taken out of it, so that it is not shared or kept in the history, and lives as
 * long as the tab.
 */
function takeToken() {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token) {
    sessionStorage.setItem(TOKEN_KEY, token);
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  return sessionStorage.getItem(TOKEN_KEY);
}
