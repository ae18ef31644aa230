/** Signs of the pages as drawings: fonts lack them, or show them as coloured emoji. */

const SVG = "http://www.w3.org/2000/svg";
/** Paths in a square of 16 units. */
const PATHS = {
  play: "M4 2.5v11l9.5-5.5z",
  pause: "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z",
  restart: "M2.5 2.5h2v11h-2zM13.5 2.5v11L5.5 8z",
  undo: "M6.5 2 1.5 6l5 4V7.2h3.6a2.4 2.4 0 0 1 0 4.8H5v2h5.1a4.4 4.4 0 0 0 0-8.8H6.5z",
  loop: "M4.5 4H11V1.5L15 5l-4 3.5V6H4.5A1.5 1.5 0 0 0 3 7.5V9H1V7.5A3.5 3.5 0 0 1 4.5 4zM11.5 12H5v2.5L1 11l4-3.5V10h6.5A1.5 1.5 0 0 0 13 8.5V7h2v1.5a3.5 3.5 0 0 1-3.5 3.5z",
};

/** @typedef {keyof typeof PATHS} Sign */

export class Icon {
  /** @param {Sign} sign */
  constructor(sign) {
    this.element = document.createElementNS(SVG, "svg");
    this.element.setAttribute("viewBox", "0 0 16 16");
    this.element.setAttribute("class", "icon");
    this.element.setAttribute("aria-hidden", "true");
    this.#path = document.createElementNS(SVG, "path");
    this.element.append(this.#path);
    this.set(sign);
  }

  #path;

  /** @param {Sign} sign */
  set(sign) {
    this.#path.setAttribute("d", PATHS[sign]);
  }
}
