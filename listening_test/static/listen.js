/** The listener's page: shows the step at which the session stands and takes it to the next. */

import { Api, Refused, Unreachable } from "./session/api.js";
import * as dialogs from "./widgets/dialogs.js";
import { element, writes } from "./widgets/dom.js";
import { Engine } from "./audio/engine.js";
import { Surround } from "./session/frame.js";
import { page } from "./session/page.js";
import { questionnaire } from "./session/questionnaire.js";
import { Queue, browserStorage } from "./session/queue.js";
import { headphone, volume } from "./session/setup.js";
import { consent, farewell, plain, text, thanks, training } from "./session/steps.js";
import { t, useLanguage } from "./widgets/texts.js";

/** @typedef {import("./session/steps.js").Shown} Shown */

/** @type {Record<string, (step: any, frame: import("./session/steps.js").Frame) => Shown>} */
const STEPS = {
  consent,
  volume,
  headphone,
  questionnaire,
  training,
  text: plain,
  page,
  break: plain,
  thanks,
  withdrawn: farewell,
};
/** Device facts that settle a while after the sound has begun. */
const LATER_MS = 3000;

class Listening {
  /** @param {string} session */
  constructor(session) {
    this.session = session;
    this.storage = browserStorage();
    this.api = new Api(session);
    this.engine = new Engine();
    // Registered before the queue's own: that the sound ends is among what the queue then sends.
    addEventListener("pagehide", () => this.engine.pause());
    this.queue = new Queue(this.api, session, this.storage);
    this.engine.level = this.remembered("level") ?? this.engine.level;
    this.shortcuts = this.remembered("shortcuts") !== false;
    this.surround = new Surround({
      next: () => this.next(),
      back: () => this.back(),
      pause: () => this.pause(),
      help: () => this.help(),
      withdraw: () => dialogs.withdrawal((erase) => this.withdraw(erase)),
      language: (code) => this.speak(code),
    });
    /** @type {any} */
    this.state = null;
    /** @type {Shown | null} */
    this.shown = null;
    this.busy = false;
    this.asked = false;
    this.#listen();
  }

  async start() {
    document.body.replaceChildren(this.surround.element);
    try {
      // What an earlier load could not send goes first: the state then knows of it.
      await this.queue.flush();
      const state = await this.api.get("state");
      await useLanguage(state.language);
      this.queue.sequence = Math.max(this.queue.sequence, state.next_seq ?? 0);
      this.queue.add("load", this.#browser());
      const elsewhere = this.#useLevel(state.level);
      this.show(state);
      if (elsewhere) this.surround.say(t("volume.elsewhere"));
    } catch (error) {
      await useLanguage(document.documentElement.lang).catch(() => {});
      this.unreached(error, () => this.start());
    }
  }

  /** @param {any} state @param {{quiet?: boolean}} [how] */
  show(state, how = {}) {
    this.state = { ...this.state, ...state };
    const { step } = this.state;
    this.shown?.close();
    this.asked = false;
    this.surround.warn(null);
    this.surround.say("");
    this.surround.lacks([], false);
    this.surround.update(this.state);
    this.surround.saving(this.queue);
    const title = step.title || t(`title.${step.type}`);
    document.title = `${title} – ${this.state.study.title}`;
    this.surround.title.textContent = title;
    this.surround.instructions.replaceChildren(...(step.type === "page" ? [text(step)] : []));
    this.shown = (STEPS[step.type] ?? farewell)(step, {
      engine: this.engine,
      queue: this.queue,
      say: (words) => this.surround.say(words),
      preload: () => this.#preload(),
      keepLevel: (level) => this.remember("level", level),
      drafts: {
        get: (name) => this.remembered(`draft.${name}`),
        set: (name, value) => this.remember(`draft.${name}`, value),
      },
    });
    this.surround.element.dataset.step = step.type;
    this.surround.content.replaceChildren(this.shown.element);
    this.surround.back.hidden = !step.back;
    this.surround.next.hidden = Boolean(this.shown.last);
    this.surround.next.textContent = this.shown.next ?? t("next.page");
    for (const event of ["change", "input"]) {
      this.shown.check?.addEventListener(event, () => this.#recheck());
    }
    if (!how.quiet) {
      scrollTo(0, 0);
      this.surround.title.focus({ preventScroll: true });
    }
    if (this.state.session?.state === "paused") this.pause();
  }

  async next() {
    const { shown } = this;
    const { step } = this.state;
    if (!shown || shown.last || this.busy) return;
    const missing = shown.missing?.() ?? [];
    if (missing.length > 0) {
      this.asked = true;
      this.surround.lacks(shown.explain?.(missing) ?? [], true);
      return;
    }
    await this.#work(async () => {
      const answers = shown.answers?.() ?? null;
      if (answers !== null) {
        // How many attempts were left tells a second sending from a second attempt.
        const reply = await this.api.post("answers", { step: step.id, answers, left: step.attempts_left });
        this.remember(`draft.${step.id}`, null);
        const instead = shown.after?.(reply.step) ?? null;
        if (instead) return this.show({ step: instead });
      }
      await this.#move("next", step);
    }, () => this.next());
  }

  async back() {
    if (this.busy) return;
    await this.#work(() => this.#move("back", this.state.step), () => this.back());
  }

  /** @param {"next" | "back"} way @param {any} step */
  async #move(way, step) {
    // A comment that is being written is an event too.
    if (document.activeElement instanceof HTMLTextAreaElement) document.activeElement.blur();
    this.engine.pause();
    if (!(await this.queue.flush())) throw new Unreachable("events");
    const revision = this.queue.revisions.get(step.number) ?? step.revision;
    this.show(await this.api.post(way, { step: step.id, page: step.number, revision }));
  }

  async pause() {
    this.engine.pause();
    this.queue.add("pause_session");
    const link = new URL(this.state.session?.link ?? `/l/${this.session}/`, location.href).href;
    const known = this.state.session?.state === "paused";
    const told = known ? Promise.resolve() : this.#tellPause();
    dialogs.paused(link, () => this.#resume(told));
    await told;
  }

  async #tellPause() {
    await this.queue.flush();
    await this.api.post("pause", {}).catch(() => {});
  }

  /** Saying anything opens a paused session again, once the pause itself has been said. @param {Promise<void>} told */
  async #resume(told) {
    this.state.session = { ...this.state.session, state: "open" };
    await told;
    this.queue.add("resume_session");
  }

  help() {
    const shortcuts = {
      enabled: this.shortcuts,
      /** @param {boolean} enabled */
      set: (enabled) => {
        this.shortcuts = enabled;
        this.remember("shortcuts", enabled);
      },
    };
    dialogs.help(shortcuts, this.state.step.audio?.loop !== false);
  }

  /** @param {boolean} erase */
  async withdraw(erase) {
    await this.#work(async () => {
      const reply = await this.api.post("withdraw", { erase });
      this.queue.forget();
      this.show({ step: reply.step, session: { ...this.state.session, state: "withdrawn" } });
    }, () => this.withdraw(erase));
  }

  /** @param {string} code */
  async speak(code) {
    await this.#work(async () => {
      await this.queue.flush();
      const state = await this.api.post("language", { language: code });
      await useLanguage(state.language);
      this.show(state, { quiet: true });
    }, () => this.speak(code));
  }

  /**
   * One thing at a time; a failure says what happened, that nothing is lost, and offers the same again.
   * @param {() => Promise<any>} task @param {() => void} again
   */
  async #work(task, again) {
    if (this.busy) return;
    this.busy = true;
    this.surround.next.setAttribute("aria-busy", "true");
    try {
      await task();
    } catch (error) {
      this.#failed(error, again);
    } finally {
      this.busy = false;
      this.surround.next.removeAttribute("aria-busy");
    }
  }

  /** @param {unknown} error @param {() => void} again */
  #failed(error, again) {
    if (!(error instanceof Refused)) return this.unreached(error, again);
    if (error.status === 422) {
      const missing = error.body.missing ?? [];
      this.surround.lacks(this.shown?.explain?.(missing) ?? [t("missing.title")], true);
    } else if (error.status === 409 && error.body.step) {
      this.show(error.body);
      this.surround.say(t("error.elsewhere"));
    } else this.surround.warn(t("error.refused", { code: error.status }));
  }

  /** @param {unknown} error @param {() => void} again */
  unreached(error, again) {
    if (error instanceof Refused && error.status === 404) return this.surround.warn(t("error.gone"));
    if (!(error instanceof Unreachable || error instanceof Refused)) console.warn(error);
    this.surround.warn(t("error.unreachable"), {
      words: t("error.again"),
      press: () => {
        this.surround.warn(null);
        again();
      },
    });
  }

  /** Once the listener has asked to go on, the list of what is missing follows what they do. */
  #recheck() {
    if (!this.asked || !this.shown) return;
    const missing = this.shown.missing?.() ?? [];
    this.surround.lacks(this.shown.explain?.(missing) ?? [], false);
  }

  #listen() {
    const { engine, queue } = this;
    queue.addEventListener("change", () => this.surround.saving(queue));
    engine.addEventListener("notice", (event) => this.#noticed(/** @type {CustomEvent} */ (event).detail));
    engine.addEventListener("device", () => {
      this.#log("device", engine.facts());
      setTimeout(() => this.#log("device", engine.facts()), LATER_MS);
    });
    engine.addEventListener("underrun", (event) => {
      this.#log("underrun", { value: /** @type {CustomEvent} */ (event).detail });
    });
    document.addEventListener("visibilitychange", () => {
      this.#log("visibility", { value: document.visibilityState === "visible" ? 1 : 0 });
    });
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("go", () => this.next());
    addEventListener("beforeunload", (event) => {
      // Storage keeps what waits; only where there is none would closing lose it.
      if (queue.pending > 0 && !this.storage) event.preventDefault();
    });
  }

  /**
   * Go on at the level that was locked at the volume step.
   * @param {number | null} level @returns {boolean} whether that was on another device
   */
  #useLevel(level) {
    if (typeof level !== "number") return false;
    this.engine.setLevel(level);
    const elsewhere = this.remembered("level") !== level;
    this.remember("level", level);
    return elsewhere;
  }

  /** Get the next page's sounds; what memory allowed is put on record. */
  async #preload() {
    const { step, preload } = this.state;
    const held = await this.engine.preload(preload ?? []);
    if (held && held.files > 0 && step === this.state.step) this.#log("preload", held);
  }

  /** @param {string} type @param {Record<string, any>} details */
  #log(type, details) {
    const { step } = this.state ?? {};
    this.queue.add(type, { page: step?.type === "page" ? step.number : undefined, ...details });
  }

  /** @param {import("./audio/engine.js").Notice | null} what */
  #noticed(what) {
    if (what === null) return this.surround.warn(null);
    this.#log("device", { state: what, ...this.engine.facts() });
    const wait = ["blocked", "stopped", "stalled"].includes(what);
    const press = () => this.engine.play();
    const facts = this.engine.facts();
    const words = t(`audio.${what}`, { rate: facts.rate ?? "?" });
    if (what === "rate") this.surround.say(words);
    else this.surround.warn(words, wait ? { words: t("audio.resume"), press } : null);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]") || writes(event.target)) return;
    const target = event.target instanceof HTMLElement ? event.target : document.body;
    if (event.key === "Enter") {
      if (target.closest("button, a, summary")) return;
      event.preventDefault();
      this.next();
      return;
    }
    const character = event.key.length === 1 && event.key !== " ";
    if (character && !this.shortcuts) return;
    if (event.key === "?") this.help();
    else if (!this.shown?.key?.(event)) return;
    event.preventDefault();
  }

  #browser() {
    return {
      agent: navigator.userAgent,
      width: innerWidth,
      height: innerHeight,
      pixel_ratio: devicePixelRatio,
      touch: navigator.maxTouchPoints > 0,
    };
  }

  /** @param {string} name */
  remembered(name) {
    try {
      return JSON.parse(this.storage?.getItem(`earmark.${name}.${this.session}`) ?? "null");
    } catch {
      return null;
    }
  }

  /** @param {string} name @param {any} value */
  remember(name, value) {
    try {
      if (value === null) this.storage?.removeItem(`earmark.${name}.${this.session}`);
      else this.storage?.setItem(`earmark.${name}.${this.session}`, JSON.stringify(value));
    } catch {
      return; // a full storage forgets a draft, never a rating: those are sent
    }
  }
}

const { session, begun } = document.body.dataset;
// A plug-in's script asks for modules of ours; after an update of the server that is another copy.
if (begun) console.warn("the pages were updated: reload this one");
else if (session) {
  document.body.dataset.begun = "true";
  new Listening(session).start();
} else document.body.append(element("p", { text: "?" }));
