/** What stays around every step: heading, progress, the corner's buttons, the foot with Back and Next. */

import { element } from "../widgets/dom.js";
import { t, timeOfDay } from "../widgets/texts.js";

/**
 * @typedef {object} Wishes
 * @property {() => void} next
 * @property {() => void} back
 * @property {() => void} pause
 * @property {() => void} help
 * @property {() => void} withdraw
 * @property {(code: string) => void} language
 */

const THEMES = ["auto", "light", "dark"];

export class Surround {
  /** @param {Wishes} wishes */
  constructor(wishes) {
    this.wishes = wishes;
    this.band = element("p", { class: "band", hidden: true });
    this.study = element("p", { class: "study", dir: "auto" });
    this.page = element("span", { class: "count" });
    this.bar = element("progress", {});
    this.progress = element("div", { class: "progress" }, this.page, this.bar);
    this.pause = element("button", { type: "button", class: "quiet", on: { click: wishes.pause } });
    this.help = element("button", { type: "button", class: "quiet round", text: "?", on: { click: wishes.help } });
    this.title = element("h1", { tabIndex: -1, dir: "auto" });
    this.instructions = element("div", { class: "instructions" });
    this.notice = element("div", { class: "notice", role: "alert", hidden: true });
    this.content = element("div", { class: "content" });
    this.missing = element("div", { class: "missing", role: "alert", tabIndex: -1, hidden: true });
    this.saved = element("p", { class: "saved" });
    this.said = element("p", { class: "said", role: "status" });
    this.back = element("button", { type: "button", class: "back", on: { click: wishes.back } });
    this.next = element("button", { type: "button", class: "primary next", on: { click: wishes.next } });
    this.small = element("footer", { class: "colophon" });
    this.element = element(
      "div",
      { class: "surround" },
      this.band,
      element(
        "header",
        { class: "top" },
        element("div", { class: "where" }, this.study, this.progress),
        element("div", { class: "corner" }, this.pause, this.help),
      ),
      element(
        "main",
        {},
        element("div", { class: "heading" }, this.title, this.instructions),
        this.notice,
        this.content,
        this.missing,
        element(
          "div",
          { class: "foot" },
          element("div", { class: "status" }, this.saved, this.said),
          element("div", { class: "buttons" }, this.back, this.next),
        ),
      ),
      this.small,
    );
    // Words that confirm go away by themselves; what must be done stays.
    this.#timer = 0;
  }

  #timer;

  /** @param {any} state */
  update(state) {
    const { study, progress, step } = state;
    document.documentElement.lang = state.language;
    document.documentElement.dir = state.direction;
    const marks = { preview: "band.preview", pilot: "band.pilot", SIMULATED: "band.simulated" };
    const mark = marks[/** @type {keyof typeof marks} */ (study.marked)];
    this.band.hidden = !study.marked;
    this.band.textContent = mark ? t(mark) : study.marked;
    this.study.textContent = study.title;
    const started = progress.page > 0 && step.type === "page" && !step.practice;
    this.page.textContent = step.practice
      ? t("frame.practice")
      : started
        ? t("frame.page", { page: progress.page, pages: progress.pages })
        : "";
    this.bar.max = Math.max(1, progress.pages);
    this.bar.value = progress.page;
    this.bar.setAttribute("aria-label", t("frame.progress"));
    this.progress.hidden = progress.page === 0 && !step.practice;
    this.progress.dataset.practice = String(Boolean(step.practice));
    this.pause.textContent = t("frame.pause");
    this.help.setAttribute("aria-label", t("frame.help"));
    this.help.title = t("frame.help");
    this.back.textContent = t("frame.back");
    const over = ["withdrawn", "thanks"].includes(step.type);
    this.pause.hidden = over;
    this.help.hidden = over;
    this.#colophon(state, over);
  }

  /** @param {any} state @param {boolean} over */
  #colophon(state, over) {
    const { study } = state;
    const language = element(
      "select",
      {
        "aria-label": t("frame.language"),
        on: { change: () => this.wishes.language(language.value) },
      },
      ...study.languages.map((/** @type {any} */ one) =>
        element("option", { value: one.code, text: one.name, selected: one.code === state.language }),
      ),
    );
    const theme = element("button", { type: "button", class: "link", text: themeWords() });
    theme.addEventListener("click", () => {
      const now = document.documentElement.dataset.theme ?? "auto";
      setTheme(THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
      theme.textContent = themeWords();
    });
    const withdraw = element("button", {
      type: "button",
      class: "link",
      text: t("frame.withdraw"),
      on: { click: this.wishes.withdraw },
    });
    this.small.replaceChildren(
      ...[
        study.languages.length > 1 && language,
        theme,
        study.contact && contact(study.contact),
        !over && withdraw,
      ].filter((one) => one instanceof Node),
    );
  }

  /** @param {import("./queue.js").Queue} queue */
  saving(queue) {
    const { saving, savedAt } = queue;
    this.saved.dataset.state = saving;
    if (saving === "waiting") this.saved.textContent = t("saved.waiting");
    else if (saving === "saved" && savedAt) this.saved.textContent = t("saved.at", { time: timeOfDay(savedAt) });
    else if (saving === "idle") this.saved.textContent = "";
  }

  /** @param {string} text */
  say(text) {
    this.said.textContent = text;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.said.textContent = "";
    }, 6000);
  }

  /** What is wrong with the device or the network, with a way out. @param {string | null} text @param {{words: string, press: () => void} | null} [way] */
  warn(text, way = null) {
    this.notice.hidden = text === null;
    this.notice.replaceChildren(
      ...(text === null ? [] : [element("p", { text })]),
      ...(way ? [element("button", { type: "button", text: way.words, on: { click: way.press } })] : []),
    );
  }

  /** What is missing, each sentence once. @param {string[]} said @param {boolean} focus */
  lacks(said, focus) {
    const sentences = [...new Set(said)];
    this.missing.hidden = sentences.length === 0;
    this.missing.replaceChildren(
      ...(sentences.length > 0 ? [element("p", { class: "name", text: t("missing.title") })] : []),
      element("ul", {}, ...sentences.map((text) => element("li", { text }))),
    );
    if (focus && sentences.length > 0) {
      this.missing.focus({ preventScroll: true });
      this.missing.scrollIntoView({ block: "nearest" });
    }
  }
}

/** @param {string} text an address, a link or words */
function contact(text) {
  const words = t("frame.contact");
  if (/^[^\s@]+@[^\s@]+$/.test(text)) return element("a", { href: `mailto:${text}`, text: words, title: text });
  if (/^https?:\/\//.test(text)) return element("a", { href: text, text: words, rel: "noopener noreferrer" });
  return element("span", { text: `${words}: ${text}` });
}

function themeWords() {
  return t(`frame.theme_${document.documentElement.dataset.theme ?? "auto"}`);
}

/** @param {string} theme */
function setTheme(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("earmark.theme", theme);
  } catch {
    return; // it holds until the page closes
  }
}
