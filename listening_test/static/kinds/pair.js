/** AB, pairs, ABX and comparisons: large equal buttons to hear, and one question about the page. */

import { element } from "../widgets/dom.js";
import { playButton } from "../widgets/play.js";
import { input } from "../widgets/question.js";

/** @param {import("../session/store.js").Store} store @param {import("../session/page.js").Player} player @returns {import("../session/page.js").View} */
export function view(store, player) {
  const order = arranged(store.step.stimuli);
  const pads = order.map((one) => ({ one, button: playButton(one, store, player, { large: true }) }));
  const questions = store.step.questions.map((question) =>
    input(question, null, store, player, { named: true }),
  );
  return {
    element: element(
      "div",
      { class: "pair" },
      element(
        "div",
        { class: "pads", dir: "ltr", data: { count: pads.length } },
        ...pads.map(({ button }) => button.element),
      ),
      ...questions.map((question) => question.element),
    ),
    update: () => {
      for (const { button } of pads) button.update();
      for (const question of questions) question.update();
    },
    focus: (stimulus) => pads.find(({ one }) => one.id === stimulus)?.button.element.focus(),
    step: (event) => questions[0]?.step(event),
    clear: () => questions[0]?.clear(),
    close: () => {},
  };
}

/** X stands between A and B; a reference stands before them. @param {import("../session/store.js").Stimulus[]} stimuli */
export function arranged(stimuli) {
  const x = stimuli.find((one) => one.label === "X");
  if (!x || stimuli.length !== 3) return stimuli;
  const [first, second] = stimuli.filter((one) => one !== x);
  return [first, x, second];
}
