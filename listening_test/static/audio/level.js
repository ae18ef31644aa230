/** The level slider. */

/** Range of the level slider: full is 0 dB, none is this far below. */
const LEVEL_RANGE_DB = 40;

/** The gain of a level of 0 to 1: even steps in dB. @param {number} level */
export function gainOf(level) {
  return 10 ** ((LEVEL_RANGE_DB * (Math.min(1, Math.max(0, level)) - 1)) / 20);
}
