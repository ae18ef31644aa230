/** Builds elements: the pages' only way to make markup, so that no text is ever read as HTML. */

/**
 * @typedef {Record<string, any>} Attributes `class`, `text`, `html` (safe, from the server), `on`
 *   (handlers), `data`; any other is a property if the element has it, else an attribute
 */

/**
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag @param {Attributes} [attributes] @param {...(Node | string | null | undefined | false)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name === "html") node.innerHTML = value;
    else if (name === "data") Object.assign(node.dataset, value);
    else if (name === "on") {
      for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    } else if (name in node && !name.startsWith("aria")) /** @type {any} */ (node)[name] = value;
    else node.setAttribute(name, String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Whether a key press belongs to a text the listener is writing. @param {EventTarget | null} target */
export function writes(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  const quiet = ["radio", "checkbox", "range", "button", "submit"];
  return target instanceof HTMLInputElement && !quiet.includes(target.type);
}

let last = 0;
/** An id for `for`, `aria-labelledby` and the like. @param {string} stem */
export function uniqueId(stem) {
  last += 1;
  return `${stem}-${last}`;
}

/** @param {number} seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds + 1e-6);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
