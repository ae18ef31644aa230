/**
 * Keeps every event until the server has acknowledged it: in memory, in the browser's storage and
 * on the wire again and again. Acknowledged means on the server's disk; ids make repeats harmless.
 */

import { Unreachable } from "./api.js";

/** @typedef {{id: string, seq: number, at_ms: number, type: string, page?: number, [key: string]: any}} Logged */
/** @typedef {"idle" | "saving" | "saved" | "waiting"} Saving */

const BATCH = 200;
const BATCH_CHARACTERS = 200_000;
const GATHER_MS = 120;
const STORE_MS = 300;
const RETRY_MS = [1000, 2000, 4000, 8000, 15000];

export class Queue extends EventTarget {
  /** @param {import("./api.js").Api} api @param {string} session @param {Storage | null} storage */
  constructor(api, session, storage) {
    super();
    this.api = api;
    this.storage = storage;
    this.client = identifier();
    this.prefix = `earmark.events.${session}.`;
    this.sequence = 0;
    /** @type {Logged[]} */
    this.events = [];
    /** What earlier loads of this page could not send. @type {Map<string, Logged[]>} */
    this.orphans = this.#left();
    /** @type {Saving} */
    this.saving = "idle";
    this.savedAt = /** @type {Date | null} */ (null);
    /** The server's latest revision of each page. @type {Map<number, number>} */
    this.revisions = new Map();
    this.failures = 0;
    this.#timer = 0;
    this.#stored = 0;
    addEventListener("online", () => this.#soon(0));
    addEventListener("pagehide", () => this.#leave());
  }

  #timer;
  #stored;
  /** @type {Promise<boolean> | null} */
  #sending = null;

  get pending() {
    return this.events.length + [...this.orphans.values()].reduce((sum, list) => sum + list.length, 0);
  }

  /** @param {string} type @param {Record<string, any>} [details] */
  add(type, details = {}) {
    const at = Math.round(performance.now() * 10) / 10;
    this.events.push({ id: identifier(), seq: this.sequence++, at_ms: at, type, ...details });
    // A rating is kept before anything else can happen; movements on the way to it may wait.
    if (type === "move") this.#storeSoon();
    else this.#store();
    if (this.failures === 0) this.#soon(GATHER_MS);
    this.#say(this.failures > 0 ? "waiting" : "saving");
  }

  /** Send all there is; true when nothing is left. @returns {Promise<boolean>} */
  async flush() {
    while (this.pending > 0) if (!(await this.#send())) return false;
    return true;
  }

  /** Events of a closed session have nowhere to go. */
  forget() {
    this.events = [];
    for (const client of this.orphans.keys()) this.storage?.removeItem(this.prefix + client);
    this.orphans.clear();
    this.#store();
  }

  /** @param {number} after */
  #soon(after) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.flush(), after);
  }

  #send() {
    this.#sending ??= this.#batch().finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  /** @returns {Promise<boolean>} */
  async #batch() {
    clearTimeout(this.#timer);
    const [client, list] = this.orphans.entries().next().value ?? [this.client, this.events];
    const batch = portion(list);
    this.#say("saving");
    let answer;
    try {
      answer = await this.api.post("events", { client, events: batch });
    } catch (error) {
      this.failures += 1;
      this.#say("waiting");
      const wait = RETRY_MS[Math.min(this.failures, RETRY_MS.length) - 1] * (0.8 + 0.4 * Math.random());
      // A server that has too much to do says for how long: sooner would be refused again.
      this.#soon(Math.max(wait, error instanceof Unreachable ? error.seconds * 1000 : 0));
      if (!(error instanceof Unreachable)) this.dispatchEvent(new CustomEvent("refused", { detail: error }));
      return false;
    }
    this.failures = 0;
    const settled = new Set([
      ...(answer.acknowledged ?? []),
      ...(answer.unknown ?? []),
      ...(answer.refused ?? []).map((/** @type {{id: string}} */ one) => one.id),
    ]);
    this.#drop(client, settled);
    const page = [...batch].reverse().find((event) => event.page !== undefined)?.page;
    if (page !== undefined && typeof answer.revision === "number") this.revisions.set(page, answer.revision);
    this.savedAt = new Date();
    this.#say(this.pending > 0 ? "saving" : "saved");
    return settled.size > 0;
  }

  /** @param {string} client @param {Set<string>} settled */
  #drop(client, settled) {
    if (client === this.client) {
      this.events = this.events.filter((event) => !settled.has(event.id));
      this.#store();
      return;
    }
    const left = (this.orphans.get(client) ?? []).filter((event) => !settled.has(event.id));
    if (left.length > 0) this.orphans.set(client, left);
    else {
      this.orphans.delete(client);
      this.storage?.removeItem(this.prefix + client);
    }
  }

  /** What storage holds of earlier loads. @returns {Map<string, Logged[]>} */
  #left() {
    const found = new Map();
    for (let index = 0; index < (this.storage?.length ?? 0); index += 1) {
      const key = this.storage?.key(index) ?? "";
      if (!key.startsWith(this.prefix)) continue;
      try {
        const list = JSON.parse(this.storage?.getItem(key) ?? "[]");
        if (Array.isArray(list) && list.length > 0) found.set(key.slice(this.prefix.length), list);
      } catch {
        continue; // half-written by a crash: the server has what was acknowledged
      }
    }
    return found;
  }

  #storeSoon() {
    this.#stored ||= window.setTimeout(() => this.#store(), STORE_MS);
  }

  #store() {
    clearTimeout(this.#stored);
    this.#stored = 0;
    const key = this.prefix + this.client;
    try {
      if (this.events.length > 0) this.storage?.setItem(key, JSON.stringify(this.events));
      else this.storage?.removeItem(key);
    } catch {
      // A full or forbidden storage: what waits is in memory, and the page warns before it closes.
    }
  }

  /** The page closes: keep what waits, and try once more in the background. */
  #leave() {
    this.#store();
    if (this.events.length === 0 || this.#sending) return;
    const body = { client: this.client, events: portion(this.events) };
    this.api.post("events", body, { keepalive: true }).catch(() => {});
  }

  /** @param {Saving} saving */
  #say(saving) {
    this.saving = saving;
    this.dispatchEvent(new Event("change"));
  }
}

/** As many events from the front as one request may carry. @param {Logged[]} list */
function portion(list) {
  let characters = 0;
  const end = list.slice(0, BATCH).findIndex((event, index) => {
    characters += JSON.stringify(event).length;
    return index > 0 && characters > BATCH_CHARACTERS;
  });
  return list.slice(0, end < 0 ? BATCH : end);
}

/** A random id; `randomUUID` is missing where a page comes over plain HTTP from another machine. */
export function identifier() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The browser's storage, or null where it is forbidden. */
export function browserStorage() {
  try {
    localStorage.setItem("earmark.probe", "1");
    localStorage.removeItem("earmark.probe");
    return localStorage;
  } catch {
    return null;
  }
}
