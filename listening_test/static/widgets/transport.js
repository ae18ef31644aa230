/** Play, time and loop: a neutral timeline that shows where one is and nothing of the sound. */

import { clock, element } from "./dom.js";
import { Icon } from "./icons.js";
import { marked, sought } from "./timeline.js";
import { t } from "./texts.js";

/** @typedef {import("../audio/engine.js").Engine} Engine */
/** @typedef {import("../session/store.js").Store} Store */

/** A press that moves less than this (CSS pixels) seeks; more draws a loop. */
const STILL = 6;

export class Transport {
  /** @param {Engine} engine @param {Store} store @param {{toggle: () => void, looping: boolean}} options */
  constructor(engine, store, options) {
    this.engine = engine;
    this.store = store;
    this.playIcon = new Icon("play");
    this.playText = element("span", { text: t("transport.play") });
    this.play = button("primary", [this.playIcon.element, this.playText], options.toggle);
    this.restart = button("quiet", [new Icon("restart").element], () => this.seek(0), t("transport.restart"));
    this.now = element("span", { class: "time", text: clock(0) });
    this.end = element("span", { class: "time", text: clock(0) });
    this.region = element("div", { class: "region" });
    this.head = element("div", { class: "head" });
    this.line = element("div", { class: "timeline-line" }, this.region, this.head);
    this.timeline = element(
      "div",
      {
        class: "timeline",
        role: "slider",
        tabindex: 0,
        dir: "ltr",
        "aria-label": t(options.looping ? "transport.position" : "transport.place"),
        "aria-valuemin": 0,
        "aria-valuenow": 0,
        "aria-valuetext": clock(0),
        on: {
          pointerdown: (/** @type {PointerEvent} */ event) => this.#down(event),
          pointermove: (/** @type {PointerEvent} */ event) => this.#move(event),
          pointerup: (/** @type {PointerEvent} */ event) => this.#up(event),
          pointercancel: () => this.#cancel(),
          keydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
        },
      },
      this.line,
    );
    this.loopText = element("span", { text: t("transport.loop") });
    this.loop = button("quiet toggle", [new Icon("loop").element, this.loopText], () => this.toggleLoop());
    this.whole = button("quiet", [t("transport.whole")], () => this.setLoop(null, true));
    this.element = element(
      "div",
      { class: "transport", role: "group", "aria-label": t("transport.name") },
      this.play,
      this.restart,
      element("div", { class: "times", dir: "ltr" }, this.now, this.timeline, this.end),
      options.looping ? element("div", { class: "loops" }, this.loop, this.whole) : null,
    );
    /** The last region chosen, so that the loop can be switched off and on. @type {import("../audio/engine.js").Loop | null} */
    this.chosen = null;
    /** @type {{from: number, x: number, region: import("../audio/engine.js").Loop | null} | null} */
    this.drag = null;
    /** Whether the study lets excerpts be looped. */
    this.allowed = options.looping;
    this.looping = options.looping;
    this.#frame = 0;
    this.update();
  }

  #frame;

  /** @param {number} frame */
  seek(frame) {
    this.engine.seek(frame);
    this.store.log("seek", { value: this.#seconds(this.engine.position) });
    this.#draw();
  }

  toggleLoop() {
    if (!this.allowed) return;
    this.looping = !this.looping;
    this.#apply();
  }

  /** Loop from here, or up to here: the keyboard's way to a region. @param {"start" | "end"} edge */
  mark(edge) {
    if (!this.allowed) return;
    const { position, length } = this.engine;
    this.setLoop(marked(this.chosen, edge, { position, length }), true);
  }

  /** @param {import("../audio/engine.js").Loop | null} region null is the whole @param {boolean} looping */
  setLoop(region, looping) {
    this.chosen = region ? (this.engine.deck?.allowed(region) ?? null) : null;
    this.looping = looping;
    this.#apply();
  }

  #apply() {
    const whole = { start: 0, end: this.engine.length };
    const loop = this.looping ? (this.chosen ?? whole) : null;
    this.engine.setLoop(loop);
    const value = loop ? [this.#seconds(loop.start), this.#seconds(loop.end)] : null;
    this.store.log("loop", { value: value ? value.map((one) => one.toFixed(3)).join("-") : "off" });
    this.update();
  }

  update() {
    const { playing, length, rate } = this.engine;
    this.playIcon.set(playing ? "pause" : "play");
    // Which version it is stands there in words: its mark alone would be shape and colour.
    const label = this.store.labelOf(this.store.selected);
    const words = playing ? t("play.pause", { label }) : t("play.play", { label });
    this.playText.textContent = label ? words : t("transport.play");
    this.play.disabled = length === 0;
    this.restart.disabled = length === 0;
    this.loop.disabled = length === 0;
    this.loop.setAttribute("aria-pressed", String(this.looping));
    this.whole.disabled = this.chosen === null;
    this.end.textContent = clock(length / rate);
    this.timeline.setAttribute("aria-valuemax", String(Math.round(length / rate)));
    this.#draw();
    if (playing && !this.#frame) this.#tick();
  }

  close() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
  }

  #tick() {
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
      if (this.engine.playing && this.element.isConnected) this.#tick();
    });
  }

  #draw() {
    const { length, rate, position } = this.engine;
    const part = length ? position / length : 0;
    this.head.style.left = `${part * 100}%`;
    const text = clock(position / rate);
    if (this.now.textContent !== text) {
      this.now.textContent = text;
      this.timeline.setAttribute("aria-valuenow", String(Math.floor(position / rate)));
      this.timeline.setAttribute("aria-valuetext", text);
    }
    const region = this.drag?.region ?? this.chosen;
    this.region.hidden = !region || length === 0;
    this.region.dataset.on = String(this.looping || this.drag?.region != null);
    if (region && length) {
      this.region.style.left = `${(region.start / length) * 100}%`;
      this.region.style.width = `${((region.end - region.start) / length) * 100}%`;
    }
  }

  /** @param {PointerEvent} event */
  #at(event) {
    const box = this.line.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return Math.round(part * this.engine.length);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0 || this.engine.length === 0) return;
    this.timeline.setPointerCapture(event.pointerId);
    this.drag = { from: this.#at(event), x: event.clientX, region: null };
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.drag || !this.allowed) return;
    if (!this.drag.region && Math.abs(event.clientX - this.drag.x) < STILL) return;
    const to = this.#at(event);
    const region = { start: Math.min(this.drag.from, to), end: Math.max(this.drag.from, to) };
    this.drag.region = this.engine.deck?.allowed(region) ?? region;
    this.#draw();
  }

  /** @param {PointerEvent} event */
  #up(event) {
    if (!this.drag) return;
    const { region } = this.drag;
    this.drag = null;
    if (region) return this.setLoop(region, true);
    const frame = this.#at(event);
    // A press beside the region means: there, and no longer in the region.
    if (this.chosen && (frame < this.chosen.start || frame >= this.chosen.end)) {
      this.setLoop(null, this.looping);
    }
    this.seek(frame);
  }

  #cancel() {
    this.drag = null;
    this.#draw();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const target = sought(event, this.engine);
    if (target === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.seek(target);
  }

  /** @param {number} frames */
  #seconds(frames) {
    return Math.round((frames / this.engine.rate) * 1e4) / 1e4;
  }
}

/** @param {string} kind @param {(Node | string)[]} content @param {() => void} press @param {string} [name] */
function button(kind, content, press, name) {
  const attributes = { class: kind, type: "button", "aria-label": name, title: name, on: { click: press } };
  return element("button", attributes, ...content);
}
