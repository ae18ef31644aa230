/** Grades, ranks and attributes: one card per version with its questions, those of the page below. */

import { element } from "../widgets/dom.js";
import { playButton } from "../widgets/play.js";
import { input } from "../widgets/question.js";

/** @param {import("../session/store.js").Store} store @param {import("../session/page.js").Player} player @returns {import("../session/page.js").View} */
export function view(store, player) {
  const own = store.step.questions.filter((question) => question.per === "stimulus");
  const cards = store.step.stimuli.map((one) => {
    const button = playButton(one, store, player);
    const asked = one.role === "reference" ? [] : own;
    const inputs = asked.map((question) =>
      input(question, one.id, store, player, { named: own.length > 1 }),
    );
    const card = element(
      "section",
      { class: "card", "aria-label": one.label, data: { role: one.role } },
      button.element,
      ...inputs.map((each) => each.element),
    );
    return { one, button, inputs, card };
  });
  const below = store.step.questions
    .filter((question) => question.per === "page")
    .map((question) => input(question, null, store, player, { named: true }));
  const current = () => {
    const inputs =
      cards.find(({ one }) => one.id === store.selected)?.inputs ??
      cards.find((card) => card.inputs.length > 0)?.inputs ??
      [];
    const inside = inputs.find((each) => each.element.contains(document.activeElement));
    return inside ?? inputs[0] ?? below[0];
  };
  return {
    element: element(
      "div",
      { class: "grades", data: { questions: own.length } },
      ...cards.map(({ card }) => card),
      ...below.map((each) => each.element),
    ),
    update: () => {
      for (const { one, button, inputs, card } of cards) {
        button.update();
        for (const each of inputs) each.update();
        card.dataset.heard = String(store.selected === one.id);
      }
      for (const each of below) each.update();
    },
    focus: (stimulus) => cards.find(({ one }) => one.id === stimulus)?.button.element.focus(),
    step: (event) => current()?.step(event),
    clear: () => current()?.clear(),
    close: () => {},
  };
}
