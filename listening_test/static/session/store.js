/** The one store of a rating page: what was played, rated and written; every change goes to the queue. */

import { nearest } from "../widgets/scale.js";

/** @typedef {{from?: number, to?: number, value?: number, text: string}} Label */
/** @typedef {{value: number, label: string, stimulus?: string | null}} Option */
/**
 * @typedef {object} Question
 * @property {string} id
 * @property {string} name
 * @property {"stimulus" | "page"} per
 * @property {"scale" | "choice" | "rank"} input
 * @property {string} left
 * @property {string} right
 * @property {{minimum: number, maximum: number, step?: number | null, labels: Label[]}} scale
 * @property {Option[]} options
 */
/**
 * @typedef {object} Stimulus
 * @property {string} id
 * @property {string} label
 * @property {string} url
 * @property {"stimulus" | "reference"} role
 * @property {Record<string, number | null>} start
 * @property {Record<string, number | null>} rating
 * @property {string} [comment]
 * @property {boolean} [played]
 */
/**
 * @typedef {object} PageStep
 * @property {string} id
 * @property {number} number
 * @property {string} kind
 * @property {string} view where the script of the kind is served
 * @property {string} title
 * @property {string} html
 * @property {boolean} practice
 * @property {boolean} back
 * @property {Question[]} questions
 * @property {Stimulus[]} stimuli
 * @property {Record<string, number | null>} ratings
 * @property {"none" | "per_stimulus" | "per_page"} comments
 * @property {string} [comment]
 * @property {import("../audio/engine.js").Audio} audio
 * @property {Record<string, boolean>} rules
 * @property {any} revision
 */
/** @typedef {{stimulus: string | null, question: string | null, why: string}} Missing */

const MOVE_EVERY_MS = 100;

export class Store extends EventTarget {
  /** @param {PageStep} step @param {import("./queue.js").Queue} queue */
  constructor(step, queue) {
    super();
    this.step = step;
    this.queue = queue;
    this.playing = false;
    /** @type {string | null} */
    this.selected = null;
    this.played = new Set(step.stimuli.filter((one) => one.played).map((one) => one.id));
    /** @type {Map<string, number | null>} */
    this.values = new Map();
    /** @type {Map<string | null, string>} */
    this.comments = new Map([[null, step.comment ?? ""]]);
    for (const one of step.stimuli) {
      this.comments.set(one.id, one.comment ?? "");
      for (const [question, value] of Object.entries(one.rating ?? {})) {
        this.values.set(key(one.id, question), value);
      }
    }
    for (const [question, value] of Object.entries(step.ratings ?? {})) {
      this.values.set(key(null, question), value);
    }
    this.#moved = 0;
  }

  #moved;

  /** Everything that is to be rated. */
  get rated() {
    return this.step.stimuli.filter((one) => one.role !== "reference");
  }

  get reference() {
    return this.step.stimuli.find((one) => one.role === "reference") ?? null;
  }

  /** @param {string | null} stimulus */
  labelOf(stimulus) {
    return this.step.stimuli.find((one) => one.id === stimulus)?.label ?? "";
  }

  /** Null is unrated. @param {string | null} stimulus @param {string} question */
  value(stimulus, question) {
    return this.values.get(key(stimulus, question)) ?? null;
  }

  /** Whether a stimulus may be rated now. @param {string | null} stimulus */
  enabled(stimulus) {
    if (!this.step.rules.only_playing_enabled || stimulus === null) return true;
    return this.playing && this.selected === stimulus;
  }

  /** The nearest value that the scale has. @param {Question} question @param {number} value */
  rounded(question, value) {
    return nearest(question.scale, value);
  }

  /** On the way to a rating: shown and logged, not yet given. @param {string | null} stimulus @param {string} question @param {number} value */
  moving(stimulus, question, value) {
    const now = performance.now();
    if (now - this.#moved < MOVE_EVERY_MS) return;
    this.#moved = now;
    this.log("move", { stimulus, question, value });
  }

  /** Give, change or (null) take back a rating. @param {string | null} stimulus @param {string} question @param {number | null} value */
  rate(stimulus, question, value) {
    if (this.value(stimulus, question) === value) return;
    this.values.set(key(stimulus, question), value);
    this.log("rating", { stimulus, question, value });
    this.changed();
    if (value === null) this.dispatchEvent(new Event("cleared"));
  }

  /** @param {string | null} stimulus @param {string} text */
  write(stimulus, text) {
    if (this.comments.get(stimulus) === text) return;
    this.comments.set(stimulus, text);
    this.log("comment", { stimulus, value: text });
    this.changed();
  }

  /** What the engine does now. @param {boolean} playing @param {string | null} selected */
  heard(playing, selected) {
    if (this.playing === playing && this.selected === selected) return;
    this.playing = playing;
    this.selected = selected;
    if (playing && selected) this.played.add(selected);
    this.changed();
  }

  /** @param {string} type @param {Record<string, any>} [details] */
  log(type, details = {}) {
    this.queue.add(type, { page: this.step.number, ...details });
  }

  /** What keeps this page from being complete; the server checks the same. @returns {Missing[]} */
  missing() {
    const { rules, questions, stimuli } = this.step;
    /** @type {Missing[]} */
    const found = [];
    if (rules.must_play) {
      for (const one of stimuli) {
        if (!this.played.has(one.id)) found.push({ stimulus: one.id, question: null, why: "unplayed" });
      }
    }
    for (const question of questions) found.push(...this.#unanswered(question));
    if (rules.must_comment) {
      for (const one of this.rated) {
        if (!this.comments.get(one.id)?.trim()) {
          found.push({ stimulus: one.id, question: null, why: "uncommented" });
        }
      }
    }
    return found;
  }

  /** @param {Question} question @returns {Missing[]} */
  #unanswered(question) {
    const { rules } = this.step;
    if (question.per === "page") {
      const empty = rules.must_rate && this.value(null, question.id) === null;
      return empty ? [{ stimulus: null, question: question.id, why: "unrated" }] : [];
    }
    const asked = this.rated.filter((one) => this.values.has(key(one.id, question.id)));
    const values = asked.map((one) => this.value(one.id, question.id));
    /** @type {Missing[]} */
    const found = [];
    if (rules.must_rate) {
      for (const [index, one] of asked.entries()) {
        if (values[index] === null) found.push({ stimulus: one.id, question: question.id, why: "unrated" });
      }
    }
    if (rules.one_at_maximum && asked.length > 0 && !values.includes(question.scale.maximum)) {
      found.push({ stimulus: null, question: question.id, why: "none_at_maximum" });
    }
    const given = values.filter((value) => value !== null);
    if (question.input === "rank" && new Set(given).size < given.length) {
      found.push({ stimulus: null, question: question.id, why: "equal_ranks" });
    }
    return found;
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/** @param {string | null} stimulus @param {string} question */
function key(stimulus, question) {
  return `${stimulus ?? ""}\n${question}`;
}
