/** Whether an answer to a questionnaire will do; the server checks the same. */

/**
 * @typedef {object} Asked
 * @property {string} id
 * @property {string} type
 * @property {string} label
 * @property {{value: any, label: string}[]} [options]
 * @property {boolean} [required]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [step]
 */

/** Why an answer does not do, or null. @param {Asked} asked @param {any} value */
export function lack(asked, value) {
  if (empty(value)) return asked.required ? "unanswered" : null;
  return asked.type === "number" && !isNumber(asked, value) ? "invalid" : null;
}

/** The number that is written, with a point or a comma; else the text itself. @param {string} text */
export function numberOr(text) {
  const value = Number(text.replace(",", "."));
  return Number.isFinite(value) ? value : text;
}

/** @param {Asked} asked @param {any} value */
function isNumber({ minimum, maximum, step }, value) {
  if (typeof value !== "number" || value < (minimum ?? -1e12) || value > (maximum ?? 1e12)) return false;
  const steps = step ? (value - (minimum ?? 0)) / step : 0;
  return Math.abs(steps - Math.round(steps)) < 1e-6;
}

/** @param {any} value */
function empty(value) {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}
