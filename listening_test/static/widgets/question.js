/** One question about one version or about the page: a scale, a choice of words, or a rank. */

import { element, uniqueId } from "./dom.js";
import { middle, percent, smallStep } from "./scale.js";
import { Slider, described } from "./slider.js";
import { t } from "./texts.js";
import { undoButton, undoes } from "./undo.js";

/** @typedef {import("../session/store.js").Question} Question */
/** @typedef {import("../session/store.js").Store} Store */
/** @typedef {import("../session/page.js").Player} Player */
/** @typedef {{element: HTMLElement, update: () => void, step: (event: KeyboardEvent) => void, clear: () => void, focus: () => void}} Input */

/**
 * @param {Question} question @param {string | null} stimulus @param {Store} store
 * @param {Player} player @param {{named: boolean}} look whether the question's name is shown
 * @returns {Input}
 */
export function input(question, stimulus, store, player, look) {
  return question.input === "scale"
    ? scale(question, stimulus, store, player, look)
    : choice(question, stimulus, store, player, look);
}

/** @param {string | null} stimulus @param {Question} question @param {Store} store */
function nameOf(question, stimulus, store) {
  const label = store.labelOf(stimulus);
  return label ? t("rate.question_of", { label, question: question.name }) : question.name;
}

/** @param {Question} question @param {string | null} stimulus @param {Store} store @param {Player} player @param {{named: boolean}} look @returns {Input} */
function scale(question, stimulus, store, player, look) {
  const { minimum, maximum, labels } = question.scale;
  const value = element("output", { class: "value" });
  const slider = new Slider({
    name: nameOf(question, stimulus, store),
    minimum,
    maximum,
    small: smallStep(question.scale),
    round: (raw) => store.rounded(question, raw),
    describe: (given) => described(question, given),
    moving: (given) => {
      store.moving(stimulus, question.id, given);
      value.textContent = said(given);
    },
    done: (given) => store.rate(stimulus, question.id, given),
    clear: () => store.rate(stimulus, question.id, null),
    refused: () => player.hint(stimulus),
  });
  const undo = undoButton(() => {
    slider.clear();
    slider.element.focus();
  });
  // On a scale between two versions the number says nothing to a listener.
  const between = question.per === "page";
  const said = (/** @type {number} */ given) => (between ? "" : described(question, given));
  const start =
    store.step.stimuli.find((one) => one.id === stimulus)?.start?.[question.id] ??
    (minimum + maximum) / 2;
  const words = labels.map((label) => {
    const word = element("span", { class: "word", text: label.text, dir: "auto" });
    word.style.left = `${percent(question.scale, middle(question.scale, label))}%`;
    return word;
  });
  const ends = [question.left, question.right].map((text) => element("span", { text, dir: "auto" }));
  return {
    element: element(
      "div",
      { class: "question scale", data: { question: question.id } },
      element(
        "div",
        { class: "asked" },
        look.named && element("span", { class: "name", text: question.name }),
        value,
        undo.element,
      ),
      slider.element,
      words.length > 0
        ? element("div", { class: "words", dir: "ltr", "aria-hidden": "true" }, ...words)
        : element("div", { class: "ends", dir: "ltr", "aria-hidden": "true" }, ...ends),
    ),
    update: () => {
      const given = store.value(stimulus, question.id);
      slider.update({ value: given, start, enabled: store.enabled(stimulus), upright: false });
      value.textContent = given === null ? t("rate.unrated") : said(given);
      const can = given !== null && store.enabled(stimulus);
      undo.update(can ? nameOf(question, stimulus, store) : null, { short: true });
    },
    step: (event) => slider.step(event),
    clear: () => slider.clear(),
    focus: () => slider.element.focus(),
  };
}

/** @param {Question} question @param {string | null} stimulus @param {Store} store @param {Player} player @param {{named: boolean}} look @returns {Input} */
function choice(question, stimulus, store, player, look) {
  const name = uniqueId("choice");
  const options =
    question.input === "rank"
      ? Array.from({ length: question.scale.maximum }, (_, index) => ({
          value: index + 1,
          label: String(index + 1),
        }))
      : question.options;
  const radios = options.map((option) => {
    const radio = element("input", {
      type: "radio",
      name,
      value: String(option.value),
      on: { change: () => give(option.value) },
    });
    // The scale runs from left to right in every language, as its versions stand; words do not.
    const label = element(
      "label",
      { dir: document.documentElement.dir },
      radio,
      element("span", { text: option.label, dir: "auto" }),
    );
    return { option, radio, label };
  });
  const give = (/** @type {number} */ value) => {
    if (store.enabled(stimulus)) store.rate(stimulus, question.id, value);
    else player.hint(stimulus);
    update();
  };
  const clear = () => {
    if (store.enabled(stimulus)) store.rate(stimulus, question.id, null);
    else player.hint(stimulus);
  };
  const undo = undoButton(() => {
    clear();
    radios[0]?.radio.focus();
  });
  const update = () => {
    const given = store.value(stimulus, question.id);
    for (const { option, radio } of radios) radio.checked = option.value === given;
    undo.update(given === null ? null : nameOf(question, stimulus, store), { short: true });
  };
  return {
    element: element(
      "fieldset",
      {
        class: `question ${question.input}`,
        data: { question: question.id, count: options.length },
        on: {
          keydown: (/** @type {KeyboardEvent} */ event) => {
            if (!undoes(event)) return;
            event.preventDefault();
            if (store.value(stimulus, question.id) !== null) clear();
          },
        },
      },
      element("legend", {
        class: look.named ? "name" : "name unseen",
        text: look.named ? question.name : nameOf(question, stimulus, store),
      }),
      element(
        "div",
        { class: look.named ? "answers" : "answers beside" },
        element("div", { class: "options", dir: "ltr" }, ...radios.map((one) => one.label)),
        undo.element,
      ),
    ),
    update,
    clear,
    step: (event) => {
      const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 };
      const by = steps[/** @type {keyof typeof steps} */ (event.key)];
      if (!by) return;
      event.preventDefault();
      const given = store.value(stimulus, question.id);
      const from = options.findIndex((option) => option.value === given);
      const to = from < 0 ? (by > 0 ? 0 : options.length - 1) : from + by;
      if (options[to]) give(options[to].value);
    },
    focus: () => (radios.find(({ radio }) => radio.checked) ?? radios[0])?.radio.focus(),
  };
}
