/** What a device says of itself, where its browser says it. */

/** Decoded bytes of two pages that may be in memory at once: less on a small phone, where known. */
export function memoryBudget() {
  const gigabytes = /** @type {any} */ (navigator).deviceMemory ?? 4;
  return (gigabytes <= 2 ? 192 : 512) * 2 ** 20;
}

/** Seconds of silence that the browser put in for late blocks, where it says so. @param {AudioContext} context */
export function lostSeconds(context) {
  const any = /** @type {any} */ (context);
  const stats = any.playbackStats ?? any.playoutStats;
  const seconds = stats?.underrunDuration ?? (stats?.fallbackFramesDuration ?? 0) / 1000;
  return Number.isFinite(seconds) ? seconds : 0;
}

/** @param {number | undefined} seconds */
export function milliseconds(seconds) {
  return seconds === undefined ? null : Math.round(seconds * 1e4) / 10;
}
