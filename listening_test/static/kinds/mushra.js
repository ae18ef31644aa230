/** MUSHRA: one slider per version beside the open reference, over five labelled bands (BS.1534). */

import { element } from "../widgets/dom.js";
import { playButton } from "../widgets/play.js";
import { smallStep } from "../widgets/scale.js";
import { Slider, described } from "../widgets/slider.js";
import { number, t } from "../widgets/texts.js";
import { undoButton } from "../widgets/undo.js";

/** @typedef {import("../session/page.js").View} View */

/** Least widths in CSS pixels: an upright slider's column, the bands' words, the reference. */
const COLUMN = 60;
const WORDS = 140;
const REFERENCE = 160;

/** @param {import("../session/store.js").Store} store @param {import("../session/page.js").Player} player @returns {View} */
export function view(store, player) {
  const question = store.step.questions[0];
  const { labels, minimum, maximum } = question.scale;
  const columns = store.rated.map((one) => {
    const button = playButton(one, store, player);
    const value = element("output", { class: "value" });
    const slider = new Slider({
      name: t("mushra.slider", { label: one.label }),
      minimum,
      maximum,
      small: smallStep(question.scale),
      round: (raw) => store.rounded(question, raw),
      describe: (given) => described(question, given),
      moving: (given) => {
        store.moving(one.id, question.id, given);
        value.textContent = number(given);
      },
      done: (given) => store.rate(one.id, question.id, given),
      clear: () => store.rate(one.id, question.id, null),
      refused: () => player.hint(one.id),
    });
    const undo = undoButton(() => {
      slider.clear();
      slider.element.focus();
    });
    const part = element(
      "div",
      { class: "version" },
      button.element,
      slider.element,
      element("div", { class: "given" }, value, undo.element),
    );
    return { one, button, slider, value, undo, part };
  });
  const reference = store.reference && playButton(store.reference, store, player);
  const bands = element(
    "div",
    { class: "bands", "aria-hidden": "true" },
    ...[...labels].reverse().map((label) => element("span", { text: label.text })),
  );
  // Upright sliders leave no room for a button each: one, for what is heard, stands below the words.
  const undoHeard = undoButton(() => {
    heard()?.slider.clear();
    heard()?.slider.element.focus();
  });
  const heard = () => columns.find(({ one }) => one.id === store.selected);
  const root = element(
    "div",
    { class: "mushra", data: { layout: "columns" } },
    reference && element("div", { class: "reference" }, reference.element),
    bands,
    element("div", { class: "undo-heard" }, undoHeard.element),
    element(
      "div",
      { class: "ends", dir: "ltr", "aria-hidden": "true" },
      element("span", { text: labels.at(0)?.text ?? question.left, dir: "auto" }),
      element("span", { text: labels.at(-1)?.text ?? question.right, dir: "auto" }),
    ),
    element("div", { class: "versions" }, ...columns.map((column) => column.part)),
  );
  const draw = () => {
    const upright = root.dataset.layout === "columns";
    for (const { one, button, slider, value, undo, part } of columns) {
      const given = store.value(one.id, question.id);
      const enabled = store.enabled(one.id);
      button.update();
      slider.update({ value: given, start: one.start?.[question.id] ?? minimum, enabled, upright });
      value.textContent = given === null ? "–" : upright ? number(given) : described(question, given);
      undo.update(given !== null && enabled ? one.label : null, { short: true });
      part.dataset.heard = String(store.selected === one.id);
    }
    const current = heard()?.one;
    const can = current && store.enabled(current.id) && store.value(current.id, question.id) !== null;
    undoHeard.update(can ? current.label : null);
    reference?.update();
  };
  const watcher = new ResizeObserver(([entry]) => {
    const needed = WORDS + (reference ? REFERENCE : 0) + COLUMN * columns.length;
    const layout = entry.contentRect.width >= needed ? "columns" : "rows";
    if (root.dataset.layout === layout) return;
    root.dataset.layout = layout;
    draw();
  });
  watcher.observe(root);
  return {
    element: root,
    update: draw,
    focus: (stimulus) => {
      if (stimulus === store.reference?.id) reference?.element.focus();
      columns.find(({ one }) => one.id === stimulus)?.slider.element.focus();
    },
    step: (event) => heard()?.slider.step(event),
    clear: () => heard()?.slider.clear(),
    close: () => watcher.disconnect(),
  };
}
