/** Places in time, in frames: where a key leads, and the region between two marks. */

/** @typedef {import("../audio/engine.js").Loop} Loop */

const SEEK_SECONDS = 1;
const SEEK_BIG_SECONDS = 5;

/**
 * Where a key press on the timeline leads, or null where the key means nothing to it.
 * @param {Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">} event
 * @param {{length: number, rate: number, position: number}} sound
 */
export function sought(event, { length, rate, position }) {
  const step = (event.shiftKey ? SEEK_BIG_SECONDS : SEEK_SECONDS) * rate;
  /** @type {Record<string, number>} */
  const targets = {
    ArrowRight: position + step,
    ArrowUp: position + step,
    ArrowLeft: position - step,
    ArrowDown: position - step,
    PageUp: position + SEEK_BIG_SECONDS * rate,
    PageDown: position - SEEK_BIG_SECONDS * rate,
    Home: 0,
    End: length - rate,
  };
  if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(targets, event.key)) return null;
  return Math.min(length - 1, Math.max(0, targets[event.key]));
}

/**
 * The region (null is the whole) with one edge put where the ear is; an edge that would pass the
 * other one frees it.
 * @param {Loop | null} region @param {"start" | "end"} edge
 * @param {{position: number, length: number}} sound @returns {Loop}
 */
export function marked(region, edge, { position, length }) {
  const next = { ...(region ?? { start: 0, end: length }), [edge]: position };
  if (edge === "start" && next.end <= next.start) next.end = length;
  if (edge === "end" && next.start >= next.end) next.start = 0;
  return next;
}
