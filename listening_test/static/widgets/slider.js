/**
 * A slider that knows "unrated": hollow until it is moved, upright or lying, by pointer and keys.
 *
 * The value comes from the track's own rectangle, so that it is the same at every width, zoom and
 * pixel ratio. The native range input has no unrated state and no dependable upright form.
 */

import { element } from "./dom.js";
import { afterKey, at, percent, wordFor } from "./scale.js";
import { number, t } from "./texts.js";
import { undoes } from "./undo.js";

/**
 * @typedef {object} SliderOptions
 * @property {string} name what it rates, for people who do not see it
 * @property {number} minimum
 * @property {number} maximum
 * @property {number} small step of an arrow key
 * @property {(value: number) => number} round
 * @property {(value: number) => string} describe the value in words
 * @property {(value: number) => void} moving while it is dragged
 * @property {(value: number) => void} done when it is let go, or by a key
 * @property {() => void} [clear] takes the value back; without it that cannot be done
 * @property {() => void} refused when it is touched while disabled
 */

export class Slider {
  /** @param {SliderOptions} options */
  constructor(options) {
    this.options = options;
    this.upright = false;
    this.enabled = true;
    /** @type {number | null} */
    this.value = null;
    this.start = options.minimum;
    this.thumb = element("div", { class: "thumb" });
    this.fill = element("div", { class: "fill" });
    this.track = element("div", { class: "track" }, this.fill, this.thumb);
    this.element = element(
      "div",
      {
        class: "slider",
        role: "slider",
        tabindex: 0,
        dir: "ltr",
        "aria-label": options.name,
        "aria-valuemin": options.minimum,
        "aria-valuemax": options.maximum,
        on: {
          keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
          pointerdown: (/** @type {PointerEvent} */ event) => this.#down(event),
          pointermove: (/** @type {PointerEvent} */ event) => this.#move(event),
          pointerup: () => this.#up(),
          pointercancel: () => this.#cancel(),
          lostpointercapture: () => this.#cancel(),
        },
      },
      this.track,
    );
    // A finger that moves along the slider is ours from its first move: else the browser may take
    // it for a swipe, and swallow the tap that comes next. Across the slider it scrolls the page.
    const touch = (/** @type {TouchEvent} */ event) => this.#touch(event);
    this.element.addEventListener("touchstart", touch, { passive: true });
    this.element.addEventListener("touchmove", touch, { passive: false });
  }

  /** @type {{grab: number, value: number | null} | null} */
  #drag = null;
  /** @type {{x: number, y: number, ours: boolean | null}} */
  #finger = { x: 0, y: 0, ours: null };

  /** @param {{value: number | null, start: number, enabled: boolean, upright: boolean}} state */
  update({ value, start, enabled, upright }) {
    this.enabled = enabled;
    this.upright = upright;
    this.start = start;
    if (!this.#drag) this.value = value;
    this.#draw();
  }

  /** Move by keyboard steps from anywhere on the page. @param {KeyboardEvent} event */
  step(event) {
    this.#key(event);
  }

  /** Unrated again. */
  clear() {
    if (!this.enabled) this.options.refused();
    else this.options.clear?.();
  }

  #draw() {
    const shown = this.#drag?.value ?? this.value;
    const part = percent(this.options, shown ?? this.start);
    this.element.dataset.state = shown === null ? "unrated" : "rated";
    this.element.dataset.upright = String(this.upright);
    this.element.setAttribute("aria-orientation", this.upright ? "vertical" : "horizontal");
    this.element.setAttribute("aria-valuenow", String(shown ?? this.start));
    this.element.setAttribute(
      "aria-valuetext",
      shown === null ? t("rate.unrated") : this.options.describe(shown),
    );
    this.element.setAttribute("aria-disabled", String(!this.enabled));
    this.thumb.style.left = this.upright ? "" : `${part}%`;
    this.thumb.style.bottom = this.upright ? `${part}%` : "";
    this.fill.style.width = this.upright ? "" : `${part}%`;
    this.fill.style.height = this.upright ? `${part}%` : "";
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (undoes(event) && this.options.clear) {
      event.preventDefault();
      event.stopPropagation();
      if (this.value !== null) this.clear();
      return;
    }
    const value = afterKey(event, this.value ?? this.start, this.options);
    if (value === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (!this.enabled) return this.options.refused();
    this.value = this.options.round(value);
    this.#draw();
    this.options.done(this.value);
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const box = this.track.getBoundingClientRect();
    const part = this.upright
      ? (box.bottom - event.clientY) / box.height
      : (event.clientX - box.left) / box.width;
    return at(this.options, part);
  }

  /** @param {TouchEvent} event */
  #touch(event) {
    const { clientX: x, clientY: y } = event.touches[0];
    if (event.type === "touchstart") this.#finger = { x, y, ours: null };
    const along = Math.abs(this.upright ? y - this.#finger.y : x - this.#finger.x);
    const across = Math.abs(this.upright ? x - this.#finger.x : y - this.#finger.y);
    if (event.type === "touchmove" && along + across > 0) this.#finger.ours ??= along > across;
    if (this.#finger.ours && this.#drag && event.cancelable) event.preventDefault();
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    if (!this.enabled) return this.options.refused();
    this.element.setPointerCapture(event.pointerId);
    // The hollow thumb is no rating yet: a press on it gives one, like a press beside it.
    const held = this.value !== null && this.thumb.contains(/** @type {Node} */ (event.target));
    const grab = held ? (this.value ?? this.start) - this.#at(event) : 0;
    this.#drag = { grab, value: held ? this.value : this.options.round(this.#at(event)) };
    this.#draw();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.#drag) return;
    const value = this.options.round(this.#at(event) + this.#drag.grab);
    if (value === (this.#drag.value ?? this.start)) return;
    this.#drag.value = value;
    this.#draw();
    this.options.moving(value);
  }

  #up() {
    const value = this.#drag?.value ?? null;
    this.#drag = null;
    if (value !== null && value !== this.value) {
      this.value = value;
      this.options.done(value);
    }
    this.#draw();
  }

  /** A scroll took the finger away: as if it had not touched. */
  #cancel() {
    if (!this.#drag) return;
    this.#drag = null;
    this.#draw();
  }
}

/** "72, good": a value and the band it lies in, or the nearest mark. @param {import("../session/store.js").Question} question @param {number} value */
export function described(question, value) {
  const word = wordFor(question.scale, value);
  return word ? t("rate.value_and_word", { value: number(value), word }) : number(value);
}
