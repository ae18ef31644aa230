/** Before the test: a comfortable level that is then locked, left and right, and headphones. */

import { element, uniqueId } from "../widgets/dom.js";
import { Icon } from "../widgets/icons.js";
import { Slider } from "../widgets/slider.js";
import { text } from "./steps.js";
import { t } from "../widgets/texts.js";

/** @typedef {import("../audio/engine.js").Engine} Engine */
/** @typedef {import("./steps.js").Frame} Frame */
/** @typedef {import("./steps.js").Shown} Shown */
/** @typedef {import("../audio/engine.js").Audio} Audio */

const USUAL_RATE = 48000;

/** One sound at a time, loaded when it is first wanted. */
class Player {
  /** @param {Engine} engine @param {Frame} frame */
  constructor(engine, frame) {
    this.engine = engine;
    this.frame = frame;
    /** @type {string | null} */
    this.current = null;
    /** @type {Map<string, {button: HTMLButtonElement, icon: Icon, words: HTMLElement, name: string}>} */
    this.buttons = new Map();
    this.heard = new Set();
    this.changed = () => this.#draw();
    engine.addEventListener("change", this.changed);
  }

  /** @param {string} url @param {string} name @param {Partial<Audio>} audio */
  button(url, name, audio) {
    const icon = new Icon("play");
    const words = element("span", { class: "letter", text: name });
    const button = element(
      "button",
      { type: "button", class: "play", "aria-label": name, on: { click: () => this.toggle(url, audio) } },
      icon.element,
      words,
    );
    this.buttons.set(url, { button, icon, words, name });
    return button;
  }

  /** @param {string} url @param {Partial<Audio>} audio */
  async toggle(url, audio) {
    if (this.current === url && this.engine.playing) return this.engine.pause();
    try {
      if (this.current !== url || this.engine.length === 0) {
        this.current = url;
        // Asked for at once, while the press still counts as the listener's wish for sound.
        const rate = audio.sample_rate ?? this.engine.context?.sampleRate ?? USUAL_RATE;
        const whole = { samples: 0, ...audio, sample_rate: rate };
        if (!(await this.engine.load(whole, [{ id: url, url }]))) return;
      }
      if (await this.engine.play(url)) this.heard.add(url);
    } catch {
      this.current = null;
      this.frame.say(t("setup.load_failed"));
    }
  }

  #draw() {
    for (const [url, { button, icon, words, name }] of this.buttons) {
      const playing = this.engine.playing && this.current === url;
      // Shorter words must not move what stands beside them.
      button.style.minWidth = `${button.offsetWidth}px`;
      button.dataset.heard = playing ? "playing" : "no";
      button.setAttribute("aria-label", playing ? `${t("setup.pause")}: ${name}` : name);
      words.textContent = playing ? t("setup.pause") : name;
      icon.set(playing ? "pause" : "play");
    }
  }

  close() {
    this.engine.removeEventListener("change", this.changed);
    this.engine.unload();
  }
}

/** @param {any} step @param {Frame} frame @returns {Shown} */
export function volume(step, frame) {
  const { engine } = frame;
  const player = new Player(engine, frame);
  const given = step.answers ?? {};
  if (typeof given.level === "number") engine.setLevel(given.level);
  const shown = element("output", { class: "value" });
  const slider = new Slider({
    name: t("volume.level"),
    minimum: 0,
    maximum: 100,
    small: 1,
    round: Math.round,
    describe: (value) => `${value} %`,
    moving: (value) => set(value),
    done: (value) => set(value),
    refused: () => {},
  });
  const set = (/** @type {number} */ value) => {
    engine.setLevel(value / 100);
    draw();
  };
  const draw = () => {
    const value = Math.round(engine.level * 100);
    slider.update({ value, start: value, enabled: true, upright: false });
    shown.textContent = `${value} %`;
  };
  draw();
  const sides = (step.sides ?? []).map((/** @type {any} */ side, /** @type {number} */ index) => {
    const ears = [
      ["left", t("volume.left")],
      ["right", t("volume.right")],
    ];
    // The left ear's answer stands on the left in every language.
    const asked = choices(t("volume.side", { number: index + 1 }), ears, "ltr");
    asked.set(given[side.id]);
    const button = player.button(side.url, t("volume.play_side"), { ...step.audio, ...side, samples: 0, loop: false });
    return { id: side.id, asked, element: element("div", { class: "trial" }, button, asked.element) };
  });
  return {
    element: element(
      "div",
      {},
      text(step),
      element(
        "div",
        { class: "panel" },
        player.button(step.audio.url, t("volume.play"), step.audio),
        element(
          "div",
          { class: "question scale" },
          element("div", { class: "asked" }, element("span", { class: "name", text: t("volume.level") }), shown),
          slider.element,
        ),
      ),
      element("p", { class: "small", text: t("volume.locked") }),
      sides.length > 0 && element("h2", { text: t("volume.sides") }),
      ...sides.map((/** @type {any} */ side) => side.element),
    ),
    missing: () => [
      ...(player.heard.has(step.audio.url) || step.answers ? [] : [{ stimulus: null, question: "level", why: "unplayed" }]),
      ...sides
        .filter((/** @type {any} */ side) => side.asked.get() === null)
        .map((/** @type {any} */ side) => ({ stimulus: null, question: side.id, why: "unanswered" })),
    ],
    explain: (missing) =>
      missing.map(({ question }) => (question === "level" ? t("volume.missing_level") : t("volume.missing_side"))),
    answers: () => {
      frame.keepLevel(engine.level);
      return {
        level: Math.round(engine.level * 1000) / 1000,
        ...Object.fromEntries(sides.map((/** @type {any} */ side) => [side.id, side.asked.get()])),
      };
    },
    next: t("next.continue"),
    close: () => player.close(),
  };
}

/** @param {any} step @param {Frame} frame @returns {Shown} */
export function headphone(step, frame) {
  const player = new Player(frame.engine, frame);
  const trials = step.trials.map((/** @type {any} */ trial, /** @type {number} */ index) => {
    const numbers = Array.from({ length: trial.intervals ?? 3 }, (_, k) => [String(k + 1), String(k + 1)]);
    const asked = choices(t("headphone.which", { number: index + 1 }), numbers);
    const name = t("headphone.play", { number: index + 1 });
    const button = player.button(trial.url, name, { ...step.audio, ...trial, samples: 0, loop: false });
    return { id: trial.id, asked, element: element("div", { class: "trial" }, button, asked.element) };
  });
  const { last } = step;
  const over = Boolean(last && (last.passed || step.attempts_left <= 0));
  let skipped = false;
  const skip = element("button", {
    type: "button",
    class: "quiet",
    text: t("headphone.skip"),
    on: {
      click: () => {
        skipped = true;
        skip.dispatchEvent(new CustomEvent("go", { bubbles: true }));
      },
    },
  });
  const failed = last && !last.passed;
  const stuck = failed && over && step.required;
  return {
    element: element(
      "div",
      {},
      text(step),
      failed &&
        element(
          "div",
          { class: "note", role: "status" },
          element("p", { text: t("headphone.failed", { correct: last.correct, of: last.of }) }),
          step.attempts_left > 0 && element("p", { text: t("headphone.again", { left: step.attempts_left }) }),
        ),
      last?.passed && element("p", { class: "note good", role: "status", text: t("headphone.passed") }),
      ...(over ? [] : trials.map((/** @type {any} */ trial) => trial.element)),
      !step.required && !over && element("p", {}, skip),
      stuck && element("p", { text: t("headphone.no_way") }),
    ),
    missing: () =>
      skipped || over
        ? []
        : trials
            .filter((/** @type {any} */ trial) => trial.asked.get() === null)
            .map((/** @type {any} */ trial) => ({ stimulus: null, question: trial.id, why: "unanswered" })),
    explain: () => [t("headphone.missing")],
    last: Boolean(stuck),
    answers: () =>
      over ? null : skipped
        ? { skip: true }
        : Object.fromEntries(trials.map((/** @type {any} */ trial) => [trial.id, Number(trial.asked.get())])),
    after: (/** @type {any} */ fresh) => (!skipped && fresh.last && !fresh.last.passed ? fresh : null),
    next: t("next.continue"),
    close: () => player.close(),
  };
}

/**
 * Radio buttons in a row.
 * @param {string} legend @param {string[][]} options value and words
 * @param {string} [direction] of the row, where it is not that of the language
 */
export function choices(legend, options, direction) {
  const name = uniqueId("choice");
  const radios = options.map(([value, words]) => {
    const radio = element("input", { type: "radio", name, value });
    const label = element(
      "label",
      { dir: document.documentElement.dir },
      radio,
      element("span", { text: words, dir: "auto" }),
    );
    return { radio, label };
  });
  const row = element("div", { class: "options" }, ...radios.map(({ label }) => label));
  if (direction) row.dir = direction;
  return {
    element: element(
      "fieldset",
      { class: "question choice", data: { count: options.length } },
      element("legend", { class: "name", text: legend }),
      element("div", { class: "answers" }, row),
    ),
    get: () => radios.find(({ radio }) => radio.checked)?.radio.value ?? null,
    set: (/** @type {any} */ value) => {
      for (const { radio } of radios) radio.checked = String(value) === radio.value;
    },
  };
}
