/** Taking a rating back: a button for mouse and finger, two keys, and the way to unrated again. */

import { element } from "./dom.js";
import { Icon } from "./icons.js";
import { t } from "./texts.js";

/** Whether a key press asks to take a rating back. @param {KeyboardEvent} event */
export function undoes(event) {
  const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey;
  return plain && (event.key === "Delete" || event.key === "Backspace");
}

/**
 * A button that keeps its place while there is nothing to take back, so that nothing jumps.
 * @param {() => void} press
 */
export function undoButton(press) {
  const words = element("span", { class: "undo-words" });
  const button = element(
    "button",
    { type: "button", class: "link undo", on: { click: press } },
    new Icon("undo").element,
    words,
  );
  return {
    element: button,
    /** @param {string | null} name whose rating could be taken back; null where there is none @param {{short?: boolean}} [look] */
    update: (name, look = {}) => {
      button.dataset.idle = String(name === null);
      if (name === null) return;
      const text = t("rate.take_back", { name });
      words.textContent = look.short ? "" : text;
      button.setAttribute("aria-label", text);
      button.title = text;
    },
  };
}
