/** Questions about the listener or the test; what is written is kept as a draft until it is sent. */

import { element, uniqueId } from "../widgets/dom.js";
import { lack, numberOr } from "./answers.js";
import { choices } from "./setup.js";
import { text } from "./steps.js";
import { nearest } from "../widgets/scale.js";
import { Slider } from "../widgets/slider.js";
import { number, t } from "../widgets/texts.js";
import { undoButton, undoes } from "../widgets/undo.js";

/** @typedef {import("./answers.js").Asked} Asked */
/** @typedef {{element: HTMLElement, get: () => any, set: (value: any) => void}} Field */

/** @param {any} step @param {import("./steps.js").Frame} frame @returns {import("./steps.js").Shown} */
export function questionnaire(step, frame) {
  const draft = frame.drafts.get(step.id) ?? {};
  const fields = step.questions.map((/** @type {Asked} */ asked) => {
    const field = fieldOf(asked);
    const given = step.answers?.[asked.id] ?? draft[asked.id];
    if (given !== undefined && given !== null) field.set(given);
    return { asked, field };
  });
  /** @returns {Record<string, any>} */
  const answers = () =>
    Object.fromEntries(
      fields
        .filter((/** @type {any} */ { asked }) => asked.type !== "statement")
        .map((/** @type {any} */ { asked, field }) => [asked.id, field.get()]),
    );
  const form = element(
    "form",
    { class: "questionnaire", noValidate: true },
    ...fields.map((/** @type {any} */ { field }) => field.element),
  );
  const keep = () => frame.drafts.set(step.id, answers());
  form.addEventListener("input", keep);
  form.addEventListener("change", keep);
  form.addEventListener("submit", (event) => event.preventDefault());
  const nameOf = (/** @type {string} */ id) =>
    fields.find((/** @type {any} */ { asked }) => asked.id === id)?.asked.label ?? id;
  return {
    element: element("div", {}, text(step), form),
    missing: () =>
      fields
        .map((/** @type {{asked: Asked, field: Field}} */ { asked, field }) => ({
          stimulus: null,
          question: asked.id,
          why: lack(asked, field.get()),
        }))
        .filter((/** @type {{why: string | null}} */ { why }) => why !== null),
    explain: (missing) => {
      const of = (/** @type {boolean} */ invalid) =>
        missing.filter(({ why }) => (why === "invalid") === invalid).map(({ question }) => nameOf(question));
      return [
        ...of(false).map((question) => t("missing.unanswered", { question })),
        ...of(true).map((question) => t("missing.invalid", { question })),
      ];
    },
    check: form,
    answers,
    next: t("next.continue"),
    close: () => {},
  };
}

/** @param {Asked} asked @returns {Field} */
function fieldOf(asked) {
  const makers = { text: written, long_text: written, number: written, choices: several, slider: sliding };
  if (asked.type === "statement") {
    return { element: element("p", { class: "statement", text: asked.label }), get: () => null, set: () => {} };
  }
  const maker = makers[/** @type {keyof typeof makers} */ (asked.type)];
  return maker ? maker(asked) : oneOf(asked);
}

/** @param {Asked} asked */
function labelOf(asked) {
  return asked.required ? asked.label : t("question.optional", { label: asked.label });
}

/** @param {Asked} asked @returns {Field} */
function written(asked) {
  const id = uniqueId("answer");
  const box =
    asked.type === "long_text"
      ? element("textarea", { id, rows: 4, maxLength: 20000, dir: "auto" })
      : element("input", { id, type: "text", maxLength: 2000, dir: "auto" });
  // Kept as text: a number field would drop what it cannot read, and tell nobody.
  if (asked.type === "number") box.inputMode = "decimal";
  if (asked.required) box.setAttribute("aria-required", "true");
  return {
    element: element("div", { class: "field" }, element("label", { htmlFor: id, text: labelOf(asked) }), box),
    get: () => {
      const text = box.value.trim();
      if (asked.type !== "number" || text === "") return text === "" ? null : text;
      return numberOr(text);
    },
    set: (value) => {
      box.value = String(value);
    },
  };
}

/** @param {Asked} asked @returns {Field} */
function oneOf(asked) {
  const options = (asked.options ?? []).map(({ value, label }) => [String(value), label]);
  const field = choices(labelOf(asked), options);
  field.element.classList.add(asked.type);
  const own = new Map((asked.options ?? []).map(({ value }) => [String(value), value]));
  const undo = undoButton(() => {
    field.element.querySelector("input")?.focus();
    clear();
  });
  const draw = () => undo.update(field.get() === null ? null : asked.label, { short: true });
  const clear = () => {
    field.set(null);
    draw();
    field.element.dispatchEvent(new Event("input", { bubbles: true }));
  };
  field.element.addEventListener("change", draw);
  field.element.addEventListener("keydown", (event) => {
    if (!undoes(event)) return;
    event.preventDefault();
    clear();
  });
  field.element.querySelector(".answers")?.append(undo.element);
  draw();
  return {
    ...field,
    get: () => own.get(field.get() ?? "\n") ?? null,
    set: (value) => {
      field.set(value);
      draw();
    },
  };
}

/** @param {Asked} asked @returns {Field} */
function several(asked) {
  const boxes = (asked.options ?? []).map(({ value, label }) => {
    const box = element("input", { type: "checkbox" });
    return { value, box, label: element("label", {}, box, element("span", { text: label, dir: "auto" })) };
  });
  return {
    element: element(
      "fieldset",
      { class: "question choice", data: { count: boxes.length } },
      element("legend", { class: "name", text: labelOf(asked) }),
      element("div", { class: "options" }, ...boxes.map(({ label }) => label)),
    ),
    get: () => boxes.filter(({ box }) => box.checked).map(({ value }) => value),
    set: (values) => {
      for (const { value, box } of boxes) box.checked = Array.isArray(values) && values.includes(value);
    },
  };
}

/** @param {Asked} asked @returns {Field} */
function sliding(asked) {
  const minimum = asked.minimum ?? 0;
  const maximum = asked.maximum ?? 100;
  const step = asked.step || 1;
  /** @type {number | null} */
  let value = null;
  const shown = element("output", { class: "value" });
  const draw = () => {
    slider.update({ value, start: (minimum + maximum) / 2, enabled: true, upright: false });
    undo.update(value === null ? null : asked.label, { short: true });
    shown.textContent = value === null ? t("rate.unanswered") : number(value);
  };
  const give = (/** @type {number | null} */ given) => {
    value = given;
    draw();
    slider.element.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const undo = undoButton(() => {
    slider.clear();
    slider.element.focus();
  });
  const slider = new Slider({
    name: asked.label,
    minimum,
    maximum,
    small: step,
    round: (raw) => nearest({ minimum, maximum, step }, raw, 6),
    describe: number,
    moving: (given) => {
      shown.textContent = number(given);
    },
    done: (given) => give(given),
    clear: () => give(null),
    refused: () => {},
  });
  draw();
  return {
    element: element(
      "div",
      { class: "question scale" },
      element(
        "div",
        { class: "asked" },
        element("span", { class: "name", text: labelOf(asked), dir: "auto" }),
        shown,
        undo.element,
      ),
      slider.element,
    ),
    get: () => value,
    set: (given) => {
      value = Number(given);
      draw();
    },
  };
}
