/** The quiet steps: texts, consent, the way into practice, breaks, thanks and farewell. */

import { element, uniqueId } from "../widgets/dom.js";
import { t } from "../widgets/texts.js";

/** @typedef {import("./store.js").Missing} Missing */
/**
 * @typedef {object} Frame what a step may use of the page around it
 * @property {import("../audio/engine.js").Engine} engine
 * @property {import("./queue.js").Queue} queue
 * @property {(text: string) => void} say a short word at the foot of the page
 * @property {() => void} preload fetch the next page's sounds
 * @property {(level: number) => void} keepLevel remember the volume that was set
 * @property {{get: (name: string) => any, set: (name: string, value: any) => void}} drafts
 */
/**
 * @typedef {object} Shown a step on the screen
 * @property {HTMLElement} element
 * @property {(event: KeyboardEvent) => boolean} [key]
 * @property {() => Missing[]} [missing]
 * @property {(missing: any[]) => string[]} [explain]
 * @property {EventTarget} [check] says when what is missing may have changed
 * @property {() => Record<string, any> | null} [answers] null if they were given before
 * @property {(step: any) => any} [after] the step to show instead of going on, or null
 * @property {string} [next] words of the button; without it "Next"
 * @property {boolean} [last] there is nothing after this
 * @property {() => void} close
 */

/** Text that the server has made safe. @param {any} step */
export function text(step) {
  return element("div", { class: "prose", html: step.html ?? "", dir: "auto" });
}

/** @param {any} step @returns {Shown} */
export function plain(step) {
  return { element: text(step), next: t("next.continue"), close: () => {} };
}

/** @param {any} step @returns {Shown} */
export function training(step) {
  return { element: text(step), next: t("next.practice"), close: () => {} };
}

/** @param {any} step @returns {Shown} */
export function consent(step) {
  const id = uniqueId("agree");
  const box = element("input", { type: "checkbox", id, checked: Boolean(step.answers?.agree) });
  return {
    element: element(
      "div",
      {},
      text(step),
      element("div", { class: "tick-row" }, box, element("label", { htmlFor: id, text: t("consent.agree") })),
      step.version && element("p", { class: "small", text: t("consent.version", { version: step.version }) }),
    ),
    missing: () => (box.checked ? [] : [{ stimulus: null, question: "agree", why: "not_agreed" }]),
    explain: () => [t("missing.not_agreed")],
    check: box,
    answers: () => ({ agree: box.checked }),
    next: t("next.continue"),
    close: () => {},
  };
}

/** @param {any} step @returns {Shown} */
export function thanks(step) {
  const copied = element("span", { role: "status", class: "small" });
  const copy = element("button", {
    type: "button",
    text: t("thanks.copy"),
    on: {
      click: async () => {
        await navigator.clipboard?.writeText(step.completion_code).catch(() => {});
        copied.textContent = t("thanks.copied");
      },
    },
  });
  return {
    element: element(
      "div",
      {},
      text(step),
      step.completion_code &&
        element(
          "p",
          { class: "completion" },
          element("span", { class: "small", text: t("thanks.code") }),
          element("code", { text: step.completion_code }),
          copy,
          copied,
        ),
      step.redirect && element("p", {}, element("a", { class: "button primary", href: step.redirect, text: t("thanks.back") })),
    ),
    last: true,
    close: () => {},
  };
}

/** @param {any} step @returns {Shown} */
export function farewell(step) {
  return { element: text(step), last: true, close: () => {} };
}
