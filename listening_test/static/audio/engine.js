/**
 * Plays the stimuli of a page on the listener's device: one AudioContext, decoded before play.
 *
 * The engine owns what can go wrong with a device (blocked, suspended, stalled, another rate) and
 * says so by `notice` events with a word that the page translates. The sound itself is deck.js.
 */

import { Deck } from "./deck.js";
import { lostSeconds, memoryBudget, milliseconds } from "./device.js";
import { gainOf } from "./level.js";
import { LoadError, Preloaded, bufferBytes, download, fitted, withoutLead } from "./preload.js";

/** @typedef {import("./deck.js").Loop} Loop */
/** @typedef {{id: string, url: string}} Sound */
/**
 * @typedef {object} Audio what the server says of a page's stimuli
 * @property {number} sample_rate
 * @property {number} samples 0 where it is not known
 * @property {number} [lead] samples of noise before and after each, that are left out
 * @property {number} [fade_ms]
 * @property {boolean} [crossfade]
 * @property {boolean} [loop]
 * @property {number} [minimum_loop_ms]
 */
/** @typedef {"blocked" | "stopped" | "stalled" | "rate" | "load" | "unsupported"} Notice */

const BLOCKED_AFTER_MS = 2500;
const WATCH_MS = 500;
const AT_ONCE = 3;
export class Engine extends EventTarget {
  /** @param {(url: string) => Promise<ArrayBuffer>} [read] how a file comes; from the server by default */
  constructor(read = download) {
    super();
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {GainNode | null} */
    this.master = null;
    /** @type {Deck | null} */
    this.deck = null;
    /** @type {string[]} */
    this.ids = [];
    this.level = 0.5;
    this.preloaded = new Preloaded(memoryBudget(), read);
    this.audio = /** @type {Audio | null} */ (null);
    this.wanted = false;
    this.#watched = { time: 0, at: 0, lost: 0 };
    setInterval(() => this.#watch(), WATCH_MS);
  }

  #watched;
  #generation = 0;
  /** @type {string[]} */
  #urls = [];

  get playing() {
    return this.deck?.playing ?? false;
  }

  get selected() {
    return this.deck ? (this.ids[this.deck.selected] ?? null) : null;
  }

  get rate() {
    return this.context?.sampleRate ?? this.audio?.sample_rate ?? 48000;
  }

  get length() {
    return this.deck?.length ?? 0;
  }

  /** The looped region in frames. @returns {Loop | null} */
  get loop() {
    return this.deck?.loop ?? null;
  }

  /** Where the ear is, in frames. */
  get position() {
    if (!this.deck || !this.context) return 0;
    const heard = this.context.currentTime - (this.context.outputLatency || 0);
    return this.deck.positionAt(Math.max(0, heard));
  }

  /**
   * Download and decode all sounds of a page; nothing plays before all are there.
   * @param {Audio} audio @param {Sound[]} sounds @param {(done: number, of: number) => void} progress
   * @returns {Promise<boolean>} false if another page was asked for meanwhile
   */
  async load(audio, sounds, progress = () => {}) {
    this.unload();
    const generation = this.#generation;
    this.audio = audio;
    const context = this.#open(audio.sample_rate);
    const buffers = /** @type {AudioBuffer[]} */ (new Array(sounds.length));
    let next = 0;
    let done = 0;
    progress(0, sounds.length);
    const work = async () => {
      while (next < sounds.length && generation === this.#generation) {
        const index = next++;
        buffers[index] = await this.#decoded(context, sounds[index].url, audio);
        progress(++done, sounds.length);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (generation !== this.#generation) return false;
    this.ids = sounds.map((sound) => sound.id);
    this.#build(buffers, optionsOf(audio));
    if (audio.loop === false) this.deck?.setLoop(null, context.currentTime);
    return true;
  }

  /**
   * Open a page whose sounds come one by one, when they are asked for; `samples` is their length.
   * @param {Audio} audio @param {Sound[]} sounds @param {number[]} levels gain of each
   */
  open(audio, sounds, levels) {
    this.unload();
    this.audio = audio;
    const context = this.#open(audio.sample_rate);
    this.ids = sounds.map((sound) => sound.id);
    this.#urls = sounds.map((sound) => sound.url);
    const length = Math.round((audio.samples * context.sampleRate) / audio.sample_rate);
    this.#build(sounds.map(() => null), { ...optionsOf(audio), length, levels });
    if (audio.loop === false) this.deck?.setLoop(null, context.currentTime);
  }

  /**
   * Bring a sound of an open page: from then on it can be chosen, at the sample where all stand.
   * @param {string} id @returns {Promise<boolean>} false if another page was opened meanwhile
   */
  async bring(id) {
    const { deck, context, audio } = this;
    const index = this.ids.indexOf(id);
    if (!deck || !context || !audio || index < 0) return false;
    if (deck.buffers[index]) return true;
    const generation = this.#generation;
    const whole = await this.#decoded(context, this.#urls[index], { ...audio, samples: 0 });
    if (generation !== this.#generation || !this.deck || !this.context) return false;
    this.deck.put(index, fitted(this.context, whole, this.deck.length), this.#soon());
    this.#changed();
    return true;
  }

  /** Whether a sound is there to be heard. @param {string} id */
  has(id) {
    return Boolean(this.deck?.buffers[this.ids.indexOf(id)]);
  }

  /** Let a sound go that is not chosen. @param {string} id */
  drop(id) {
    this.deck?.drop(this.ids.indexOf(id));
  }

  /** How loud each sound is, as a gain. @param {number[]} levels */
  setLevels(levels) {
    this.deck?.setLevels(levels, this.#soon());
  }

  /** Decoded bytes of the open page: four for each sample of each channel of each version. */
  get bytes() {
    const there = (this.deck?.buffers ?? []).filter((buffer) => buffer !== null);
    return there.reduce((sum, buffer) => sum + bufferBytes(buffer), 0);
  }

  /**
   * Get the next page's sounds while this one is rated, as far as memory allows.
   * @param {string[]} urls @returns {Promise<import("./preload.js").Held | null>} what was done; null if there was nothing to do
   */
  async preload(urls) {
    const { context, bytes } = this;
    return context ? this.preloaded.want(urls, context, bytes) : null;
  }

  /** Silence, and room in memory for the next page. */
  unload() {
    this.#generation += 1;
    this.pause();
    this.deck = null;
    this.ids = [];
  }

  /** @param {string | null} [id] hear this one; without it the one chosen before */
  async play(id = null) {
    if (!this.deck || !this.context) return false;
    this.wanted = true;
    if (id !== null) this.choose(id);
    if (!(await this.#running())) return false;
    if (!this.wanted || !this.deck) return false;
    this.deck.play(this.#soon());
    this.#changed();
    return true;
  }

  pause() {
    this.wanted = false;
    if (!this.deck?.playing) return;
    this.deck.pause(this.#soon());
    this.#changed();
  }

  /** @param {string} id */
  choose(id) {
    const index = this.ids.indexOf(id);
    if (!this.deck || index < 0) return;
    this.deck.select(index, this.#soon());
    this.#changed();
  }

  /** @param {number} frame */
  seek(frame) {
    this.deck?.seek(frame, this.#soon());
    this.#changed();
  }

  /** @param {Loop | null} loop */
  setLoop(loop) {
    this.deck?.setLoop(loop, this.#soon());
    this.#changed();
  }

  /** The level of 0 to 1; moved without a click. @param {number} level */
  setLevel(level) {
    this.level = level;
    if (this.master && this.context) {
      this.master.gain.setTargetAtTime(gainOf(level), this.context.currentTime, 0.02);
    }
  }

  /** What the device is, for the record. */
  facts() {
    const { context } = this;
    return {
      rate: context?.sampleRate ?? null,
      wanted: this.audio?.sample_rate ?? null,
      base_latency_ms: milliseconds(context?.baseLatency),
      output_latency_ms: milliseconds(context?.outputLatency),
      channels: context?.destination.maxChannelCount ?? null,
    };
  }

  /** @param {number} rate */
  #open(rate) {
    if (this.context && this.context.state !== "closed" && this.asked === rate) return this.context;
    this.context?.close().catch(() => {});
    if (!window.AudioContext) {
      this.#notice("unsupported");
      throw new LoadError("no AudioContext");
    }
    this.asked = rate;
    try {
      this.context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" });
    } catch {
      // Some devices refuse a rate: the browser then resamples every version in the same way.
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.#notice("rate");
    }
    const { context } = this;
    // Two channels, said explicitly: mono goes to both ears, also on a surround device.
    this.master = new GainNode(context, {
      gain: gainOf(this.level),
      channelCount: 2,
      channelCountMode: "explicit",
      channelInterpretation: "speakers",
    });
    this.master.connect(context.destination);
    context.addEventListener("statechange", () => this.#stateChanged(context));
    this.dispatchEvent(new CustomEvent("device", { detail: this.facts() }));
    return context;
  }

  /** @param {AudioContext} context @param {string} url @param {Audio} audio */
  async #decoded(context, url, audio) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const whole = await this.preloaded.take(url, context);
        const buffer = withoutLead(context, whole, ((audio.lead ?? 0) * context.sampleRate) / audio.sample_rate);
        const known = audio.samples > 0 && context.sampleRate === audio.sample_rate;
        if (known && buffer.length !== audio.samples) {
          throw new LoadError(`${buffer.length} of ${audio.samples} samples`);
        }
        return buffer;
      } catch (error) {
        if (attempt >= 3) throw new LoadError(String(error));
        await new Promise((resolve) => setTimeout(resolve, 400 * 2 ** attempt));
      }
    }
  }

  /** @param {(AudioBuffer | null)[]} buffers @param {import("./deck.js").DeckOptions} options */
  #build(buffers, options) {
    if (!this.context || !this.master) return;
    this.deck = new Deck(this.context, buffers, this.master, options);
    this.deck.ended = () => {
      this.wanted = false;
      this.#changed();
    };
    this.#changed();
  }

  /** A new context on the same sounds: where the old one was lost. */
  #rebuild() {
    const { deck, asked, context } = this;
    if (!deck || !asked || !context) return;
    const position = deck.positionAt(context.currentTime);
    this.context = null;
    context.close().catch(() => {});
    const fresh = this.#open(asked);
    if (fresh.sampleRate !== deck.rate) return;
    const { length, levels } = deck;
    this.#build(deck.buffers, { ...optionsOf(this.audio), length, levels });
    if (!this.deck) return;
    this.deck.loop = deck.loop;
    this.deck.selected = deck.selected;
    this.deck.position = position;
  }

  /** Ask the browser for sound; it may refuse until it sees a gesture. */
  async #running() {
    if (this.context?.state === "closed") this.#rebuild();
    const { context } = this;
    if (!context) return false;
    if (context.state !== "running") {
      const late = new Promise((resolve) => setTimeout(resolve, BLOCKED_AFTER_MS));
      await Promise.race([context.resume().catch(() => {}), late]);
    }
    if (/** @type {string} */ (context.state) !== "running") {
      this.wanted = false;
      this.#notice("blocked");
      return false;
    }
    this.#watched = { ...this.#watched, time: -1, at: 0 };
    this.#notice(null);
    return true;
  }

  /** @param {AudioContext} context */
  #stateChanged(context) {
    if (context !== this.context || context.state === "running" || !this.playing) return;
    this.#halt("stopped");
  }

  /** Keep the place, fall silent, say so: the next press on play goes on. @param {Notice} why */
  #halt(why) {
    const { deck, context } = this;
    if (!deck || !context) return;
    deck.pause(context.currentTime);
    this.wanted = false;
    this.#notice(why);
    this.#changed();
  }

  /** A clock that stands still while it should play is a lost device. */
  #watch() {
    const { context } = this;
    if (!context || !this.playing) return;
    const now = performance.now();
    const watched = this.#watched;
    if (context.currentTime === watched.time) {
      if (now - watched.at < 4 * WATCH_MS) return;
      this.#rebuild();
      this.wanted = false;
      this.#notice("stalled");
      this.#changed();
      return;
    }
    const lost = lostSeconds(context);
    if (lost > watched.lost + 0.001) {
      this.dispatchEvent(new CustomEvent("underrun", { detail: milliseconds(lost - watched.lost) }));
    }
    this.#watched = { time: context.currentTime, at: now, lost };
  }

  /** Late enough that no fade begins in a block the device already has. */
  #soon() {
    const context = /** @type {AudioContext} */ (this.context);
    return context.currentTime + Math.max(0.012, 2 * (context.baseLatency || 0));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /** @param {Notice | null} what */
  #notice(what) {
    this.dispatchEvent(new CustomEvent("notice", { detail: what }));
  }
}

/** @param {Audio | null} audio @returns {import("./deck.js").DeckOptions} */
function optionsOf(audio) {
  return {
    fadeMs: audio?.fade_ms,
    crossfade: audio?.crossfade,
    minimumLoopMs: audio?.minimum_loop_ms,
  };
}
