/**
 * APE: every version is a marker on one rail per attribute (De Man & Reiss 2014).
 *
 * A marker's centre is at its value, whatever the width; where markers would cover each other they
 * rise to a higher row and keep a stem to their true place. Hollow means: not moved, not rated.
 */

import { element } from "../widgets/dom.js";
import { Icon } from "../widgets/icons.js";
import { playButton } from "../widgets/play.js";
import { afterKey, at, middle, percent, smallStep } from "../widgets/scale.js";
import { described } from "../widgets/slider.js";
import { t } from "../widgets/texts.js";
import { undoButton, undoes } from "../widgets/undo.js";
import { Rail } from "./rail.js";

/** @typedef {import("../session/store.js").Store} Store */
/** @typedef {import("../session/store.js").Question} Question */
/** @typedef {import("../session/page.js").View} View */
/** @typedef {import("../session/page.js").Player} Player */

/** A press that moves less than this is a press, not a drag. */
const STILL = 3;

/** @param {Store} store @param {Player} player @returns {View} */
export function view(store, player) {
  const questions = store.step.questions;
  const axes = questions.map((question) => new Axis(question, store, player, questions.length > 1));
  let active = axes[0];
  for (const axis of axes) {
    axis.element.addEventListener("focusin", () => {
      active = axis;
    });
  }
  const reference = store.reference && playButton(store.reference, store, player);
  const watcher = new ResizeObserver(() => axes.forEach((axis) => axis.place()));
  for (const axis of axes) watcher.observe(axis.rail);
  return {
    element: element(
      "div",
      { class: "ape" },
      reference && element("div", { class: "reference" }, reference.element),
      ...axes.map((axis) => axis.element),
    ),
    update: () => {
      reference?.update();
      for (const axis of axes) axis.update();
    },
    focus: (stimulus) => {
      if (stimulus === store.reference?.id) reference?.element.focus();
      else active.focus(stimulus);
    },
    step: (event) => active.step(event),
    clear: () => active.clear(),
    close: () => watcher.disconnect(),
  };
}

class Axis {
  /** @param {Question} question @param {Store} store @param {Player} player @param {boolean} named */
  constructor(question, store, player, named) {
    this.question = question;
    this.store = store;
    const count = store.rated.length;
    this.markers = store.rated.map((one, index) => {
      const start = one.start?.[question.id] ?? ((index + 0.5) / count) * 100;
      return new Marker(this, one, start, player);
    });
    this.rail = element("div", { class: "rail" }, ...this.markers.map((marker) => marker.element));
    this.unrated = element("p", { class: "unrated" });
    this.undo = undoButton(() => this.clear());
    this.element = element(
      "section",
      { class: "axis", role: "group", "aria-label": question.name },
      named && element("h2", { text: question.name }),
      element(
        "div",
        { class: "board", dir: "ltr" },
        this.rail,
        element("div", { class: "line" }, ...ticks(question)),
        element(
          "div",
          { class: "ends", "aria-hidden": "true" },
          element("span", { text: question.left, dir: "auto" }),
          element("span", { text: question.right, dir: "auto" }),
        ),
      ),
      element("div", { class: "under" }, this.unrated, this.undo.element),
    );
    this.places = new Rail({ spare: store.step.questions.length > 1 ? 0 : 1 });
  }

  update() {
    for (const marker of this.markers) marker.update();
    this.place();
    const left = this.store.rated.filter((one) => this.store.value(one.id, this.question.id) === null);
    const labels = left.map((one) => one.label).join(", ");
    this.unrated.textContent = labels ? t("page.unrated", { labels }) : t("page.all_rated");
    this.unrated.dataset.done = String(labels === "");
    this.undo.update(this.chosen?.rated ? this.chosen.stimulus.label : null);
  }

  /** Give every marker its row. The one that is dragged comes last, so that no other jumps. */
  place() {
    const width = this.rail.getBoundingClientRect().width;
    if (width === 0) return;
    const scale = this.rail.offsetWidth ? width / this.rail.offsetWidth : 1;
    const order = [...this.markers].sort(
      (a, b) => Number(a.dragged) - Number(b.dragged) || a.part - b.part,
    );
    const { height, heights } = this.places.arrange(
      order.map((marker) => marker.part),
      { width, scale },
    );
    this.rail.style.height = `${height}px`;
    for (const [index, marker] of order.entries()) marker.raise(heights[index]);
  }

  /** @param {string} stimulus */
  focus(stimulus) {
    this.markers.find((marker) => marker.stimulus.id === stimulus)?.element.focus();
  }

  /** The marker of the version that is heard. */
  get chosen() {
    return this.markers.find((one) => one.stimulus.id === this.store.selected);
  }

  /** @param {KeyboardEvent} event */
  step(event) {
    this.chosen?.key(event);
    this.chosen?.element.focus();
  }

  /** Take back what is heard. */
  clear() {
    this.chosen?.clear();
    this.chosen?.element.focus();
  }
}

class Marker {
  /** @param {Axis} axis @param {import("../session/store.js").Stimulus} stimulus @param {number} start @param {Player} player */
  constructor(axis, stimulus, start, player) {
    this.axis = axis;
    this.stimulus = stimulus;
    this.start = start;
    this.player = player;
    this.dragged = false;
    this.part = start;
    this.stem = element("span", { class: "stem", "aria-hidden": "true" });
    this.element = element(
      "div",
      {
        class: "marker",
        role: "slider",
        tabindex: 0,
        "aria-label": t("ape.marker", { label: stimulus.label, axis: axis.question.name }),
        "aria-valuemin": axis.question.scale.minimum,
        "aria-valuemax": axis.question.scale.maximum,
        data: { label: stimulus.label },
        on: {
          pointerdown: (/** @type {PointerEvent} */ event) => this.#down(event),
          pointermove: (/** @type {PointerEvent} */ event) => this.#move(event),
          pointerup: () => this.#up(true),
          pointercancel: () => this.#up(false),
          lostpointercapture: () => this.#up(false),
          keydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
        },
      },
      element("span", { class: "letter", text: stimulus.label }),
      element("span", { class: "sounding" }, new Icon("play").element),
      this.stem,
    );
  }

  #grab = 0;
  #from = 0;
  /** @type {number | null} */
  #value = null;

  get #scale() {
    return this.axis.question.scale;
  }

  update() {
    const { store, question } = this.axis;
    const value = this.dragged ? this.#value : store.value(this.stimulus.id, question.id);
    this.part = value === null ? this.start : percent(this.#scale, value);
    const heard = store.selected === this.stimulus.id;
    this.element.style.left = `${this.part}%`;
    this.element.dataset.state = value === null ? "unrated" : "rated";
    this.element.dataset.heard = heard ? (store.playing ? "playing" : "chosen") : "no";
    this.element.setAttribute("aria-valuenow", String(Math.round(this.#or(value) * 10) / 10));
    const words = value === null ? t("rate.unrated") : described(question, value);
    const spoken = heard && store.playing ? t("rate.playing", { value: words }) : words;
    this.element.setAttribute("aria-valuetext", spoken);
  }

  /** @param {number} height of the marker's lower edge above the line */
  raise(height) {
    this.element.style.bottom = `${height}px`;
    this.stem.style.height = `${height}px`;
    this.element.style.zIndex = this.dragged ? "200" : String(100 - Math.round(height / 8));
  }

  get rated() {
    return this.axis.store.value(this.stimulus.id, this.axis.question.id) !== null;
  }

  /** Unrated again: hollow, at the place where it began. */
  clear() {
    const { store, question } = this.axis;
    if (!store.enabled(this.stimulus.id)) this.player.hint(this.stimulus.id);
    else store.rate(this.stimulus.id, question.id, null);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const { store, question } = this.axis;
    if (undoes(event)) {
      event.preventDefault();
      event.stopPropagation();
      if (this.rated) this.clear();
      return;
    }
    const scale = { ...this.#scale, small: smallStep(this.#scale) };
    const value = afterKey(event, this.#or(store.value(this.stimulus.id, question.id)), scale);
    if (value === null) return;
    event.preventDefault();
    event.stopPropagation();
    if (!store.enabled(this.stimulus.id)) return this.player.hint(this.stimulus.id);
    store.rate(this.stimulus.id, question.id, store.rounded(question, value));
  }

  /** @param {number | null} value */
  #or(value) {
    return value ?? at(this.#scale, this.start / 100);
  }

  /** Where on the scale the pointer is. @param {PointerEvent} event */
  #at(event) {
    const box = this.axis.rail.getBoundingClientRect();
    return at(this.#scale, (event.clientX - box.left) / box.width);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (event.button !== 0) return;
    this.player.play(this.stimulus.id);
    this.element.setPointerCapture(event.pointerId);
    const { store, question } = this.axis;
    this.#value = store.value(this.stimulus.id, question.id);
    this.#grab = this.#or(this.#value) - this.#at(event);
    this.#from = event.clientX;
    this.dragged = true;
    this.element.dataset.dragged = "true";
    this.axis.update();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    if (!this.dragged) return;
    const { store, question } = this.axis;
    if (this.element.dataset.dragged !== "moved" && Math.abs(event.clientX - this.#from) < STILL) return;
    this.element.dataset.dragged = "moved";
    this.#value = store.rounded(question, this.#at(event) + this.#grab);
    store.moving(this.stimulus.id, question.id, this.#value);
    this.axis.update();
  }

  /** @param {boolean} meant false where the browser took the pointer away */
  #up(meant) {
    if (!this.dragged) return;
    const moved = this.element.dataset.dragged === "moved";
    this.dragged = false;
    delete this.element.dataset.dragged;
    const { store, question } = this.axis;
    if (meant && moved && this.#value !== null) {
      store.rate(this.stimulus.id, question.id, this.#value);
    }
    // A finger counts as a gesture for the browser's sound only when it lifts.
    if (meant && !store.playing) this.player.play(this.stimulus.id);
    this.axis.update();
  }
}

/** Words along the rail, where the study has some. @param {Question} question */
function ticks(question) {
  return question.scale.labels.map((label) => {
    const tick = element("span", { class: "tick" }, element("span", { text: label.text }));
    tick.style.left = `${percent(question.scale, middle(question.scale, label))}%`;
    return tick;
  });
}
