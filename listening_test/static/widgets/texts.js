/** The words of the pages in the listener's language, from the server's catalogue. */

/** Until the catalogue is there: what to say if it never comes. @type {Record<string, string>} */
let words = {
  "error.unreachable": document.body.dataset.unreachable ?? "",
  "error.again": document.body.dataset.again ?? "",
};
let language = "en";

/** @param {string} code */
export async function useLanguage(code) {
  // With its hash in the address, a browser asks for a catalogue once.
  const version = document.body.dataset.words;
  const answer = await fetch(`/languages/${encodeURIComponent(code)}.json${version ? `?${version}` : ""}`);
  if (answer.ok) {
    words = await answer.json();
    language = code;
  }
}

/** The text of a key with its `{names}` filled in. @param {string} key @param {Record<string, string | number>} [values] */
export function t(key, values = {}) {
  return filled(words[key] ?? key, values);
}

/** A text with its `{names}` filled in, once: a value is never read again. @param {string} text @param {Record<string, string | number>} values */
export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** A number as the language writes it, with at most one decimal. @param {number} value */
export function number(value) {
  return value.toLocaleString(language, { maximumFractionDigits: 1 });
}

/** Hours and minutes. @param {Date} date */
export function timeOfDay(date) {
  return date.toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}
