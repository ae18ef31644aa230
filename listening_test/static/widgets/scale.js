/** What a scale makes of a key press, a position and a value: numbers alone, nothing of the page. */

/** @typedef {{minimum: number, maximum: number}} Range */
/** @typedef {Range & {step?: number | null}} Stepped */

/** Steps of the keyboard, in parts of the whole scale of 100 parts. */
const SMALL = 1;
const BIG = 10;
/** A scale without steps of its own is kept to a tenth: finer than any pixel. */
const FINEST = 0.1;

/** @param {Range} scale @param {number} value */
function within({ minimum, maximum }, value) {
  return Math.min(maximum, Math.max(minimum, value));
}

/**
 * The value after a key press on a slider, or null where the key means nothing to it.
 * @param {Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">} event
 * @param {number} value @param {Range & {small: number}} scale
 */
export function afterKey(event, value, scale) {
  const big = Math.max(scale.small, ((scale.maximum - scale.minimum) / 100) * BIG);
  const step = event.shiftKey ? big : scale.small;
  /** @type {Record<string, number>} */
  const steps = {
    ArrowRight: value + step,
    ArrowUp: value + step,
    ArrowLeft: value - step,
    ArrowDown: value - step,
    PageUp: value + big,
    PageDown: value - big,
    Home: scale.minimum,
    End: scale.maximum,
  };
  if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(steps, event.key)) return null;
  return within(scale, steps[event.key]);
}

/** One arrow key on this scale. @param {Stepped} scale */
export function smallStep(scale) {
  const part = ((scale.maximum - scale.minimum) / 100) * SMALL;
  return scale.step ? Math.max(scale.step, Math.round(part / scale.step) * scale.step) : part;
}

/** The nearest value that the scale has. @param {Stepped} scale @param {number} value @param {number} decimals */
export function nearest(scale, value, decimals = 4) {
  const step = scale.step || FINEST;
  const found = scale.minimum + Math.round((value - scale.minimum) / step) * step;
  return within(scale, Math.round(found * 10 ** decimals) / 10 ** decimals);
}

/** Where a value stands, in percent of the scale's length. @param {Range} scale @param {number} value */
export function percent({ minimum, maximum }, value) {
  return ((value - minimum) / (maximum - minimum)) * 100;
}

/** The value at a part of the scale's length, 0 to 1. @param {Range} scale @param {number} part */
export function at({ minimum, maximum }, part) {
  return minimum + part * (maximum - minimum);
}

/**
 * The word for a value: of the band that it lies in, or of the nearest mark.
 * @param {Range & {labels: import("../session/store.js").Label[]}} scale @param {number} value
 */
export function wordFor({ labels, maximum }, value) {
  const band = labels.find(
    ({ from, to }) =>
      from !== undefined && to !== undefined && value >= from && (value < to || to >= maximum),
  );
  if (band) return band.text;
  const points = labels.filter((label) => label.value !== undefined);
  const far = (/** @type {{value?: number}} */ label) => Math.abs((label.value ?? 0) - value);
  points.sort((a, b) => far(a) - far(b));
  return points[0]?.text ?? "";
}

/**
 * The middle of a label: its mark, or the middle of its band.
 * @param {Range} scale @param {import("../session/store.js").Label} label
 */
export function middle({ minimum, maximum }, label) {
  return label.value ?? ((label.from ?? minimum) + (label.to ?? maximum)) / 2;
}
