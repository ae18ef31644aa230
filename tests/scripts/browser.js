/** What the scripts find in a browser when they load, as far as their tests need it; and chance. */

import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import vm from "node:vm";

const PRESENTATION = new URL("../../analysis/presentation/static/", import.meta.url);

/** Timers that run when a test says so. */
export const timers = {
  /** @type {(() => void)[]} */
  waiting: [],
  run() {
    for (const each of this.waiting.splice(0)) each();
  },
};

/** Hears what scripts say to the window, and says what they wait for. */
export const events = new EventTarget();

const window = {
  setTimeout(/** @type {() => void} */ each) {
    return timers.waiting.push(each);
  },
};
const place = {
  dataset: {},
  addEventListener: events.addEventListener.bind(events),
  dispatchEvent: events.dispatchEvent.bind(events),
};
const document = { ...place, body: place, documentElement: place, head: { append: () => {} } };
const found = { matches: false, addEventListener: () => {} };
Object.assign(globalThis, {
  window,
  document,
  addEventListener: events.addEventListener.bind(events),
  matchMedia: () => found,
  AudioBuffer: class AudioBuffer {},
});
// Browsers have both; Node has them from version 19 on.
globalThis.crypto ??= webcrypto;
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, options = {}) {
    super(type, options);
    this.detail = options.detail ?? null;
  }
};

/** Run classic scripts of the reports, one after the other; what they share with each other. */
export function reportScripts(...names) {
  for (const name of names) {
    const file = new URL(name, PRESENTATION);
    vm.runInThisContext(readFileSync(file, "utf8"), { filename: file.pathname });
  }
  return window.earmark;
}

/**
 * Numbers of 0 to 1 that are the same in every run (mulberry32).
 * @param {number} seed @returns {() => number}
 */
export function chance(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A key press with nothing else held. @param {string} key @param {object} [held] */
export function press(key, held = {}) {
  return { key, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...held };
}
