/** Where the markers of a rail stand: none covers another, and nothing jumps while one rates. */

/** Side of a marker and the least distance of two centres in one row, in CSS pixels. */
const SIDE = 44;
const APART = SIDE + 2;
/** Length of the shortest stem. */
const STEM = 20;
/** So many rows are drawn in full; a worse crowd overlaps, letters still to be seen. */
const FULL_ROWS = 6;

/**
 * Rows of markers at these places, so that none covers another of its row; earlier markers sit low.
 * @param {number[]} places centres in pixels @param {number} apart @returns {number[]}
 */
export function rows(places, apart) {
  /** @type {number[][]} */
  const taken = [];
  return places.map((place) => {
    let row = 0;
    while (taken[row]?.some((other) => Math.abs(other - place) < apart)) row += 1;
    (taken[row] ??= []).push(place);
    return row;
  });
}

export class Rail {
  /** @param {{spare: number}} options `spare`: rows kept free beyond those of an even crowd */
  constructor({ spare }) {
    this.spare = spare;
    this.width = 0;
    this.rows = 1;
  }

  /**
   * Room for the usual crowd is kept free from the start, and the rail never shrinks again at one
   * width, so that nothing jumps while one rates.
   * @param {number[]} parts where the markers stand, in percent of the rail
   * @param {{width: number, scale: number}} rail its width, and its pixels per CSS pixel
   * @returns {{height: number, heights: number[]}} of the rail, and of each marker's lower edge
   */
  arrange(parts, { width, scale }) {
    const apart = APART * scale;
    const found = rows(
      parts.map((part) => (part / 100) * width),
      apart,
    );
    const usual = Math.min(parts.length, Math.ceil((parts.length * apart) / width) + this.spare);
    const most = Math.max(...found) + 1;
    if (Math.abs(width - this.width) > 1) this.rows = usual;
    this.width = width;
    this.rows = Math.min(FULL_ROWS, Math.max(this.rows, most));
    const rise = most <= this.rows ? APART : ((this.rows - 1) * APART) / (most - 1);
    return {
      height: (this.rows - 1) * APART + SIDE + STEM,
      heights: found.map((row) => row * rise + STEM),
    };
  }
}
