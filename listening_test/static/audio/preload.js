/**
 * The next page's sounds, fetched and decoded while a page is rated, within a memory budget.
 *
 * The budget counts what sounds take once they are decoded, four bytes for each sample of each
 * channel, for the open page and the next one together: a file itself is smaller. How large it
 * will be stands in its header, so that nothing is decoded that has no room. A file without room
 * is kept as it came, if the file itself has room, and is otherwise left until its page opens:
 * what was done is told.
 */

import { pause, wait } from "../session/api.js";

export class LoadError extends Error {}

/**
 * @typedef {object} Held what became of the next page's files
 * @property {number} files
 * @property {number} decoded ready to play
 * @property {number} compressed fetched, to be decoded when the page opens
 * @property {number} left not fetched: no room, or the network failed
 * @property {number} page_bytes decoded bytes of the open page
 * @property {number} held_bytes bytes that wait, decoded or not
 * @property {number} budget_bytes
 */
/** @typedef {{sound: AudioBuffer | ArrayBuffer, bytes: number}} Waiting */

export class Preloaded {
  /** @param {number} budget bytes @param {(url: string) => Promise<ArrayBuffer>} [read] how a file comes */
  constructor(budget, read = download) {
    this.budget = budget;
    this.read = read;
    /** @type {Map<string, Waiting>} */
    this.waiting = new Map();
  }

  /** Counts wishes, so that an older one ends when a newer one, or a page, comes. */
  #wish = 0;
  /** @type {Set<string>} */
  #wanted = new Set();
  /** @type {Map<string, Promise<void>>} */
  #coming = new Map();

  /**
   * Fetch these one after the other while there is room; what waits for another page is dropped.
   * @param {string[]} urls @param {BaseAudioContext} context @param {number} used bytes of the open page
   * @returns {Promise<Held | null>} null where a page was opened, or another wish made, meanwhile
   */
  async want(urls, context, used) {
    const wish = ++this.#wish;
    this.#wanted = new Set(urls);
    for (const url of [...this.waiting.keys()]) if (!this.#wanted.has(url)) this.waiting.delete(url);
    for (const url of urls) {
      await Promise.all(this.#coming.values());
      if (wish !== this.#wish) return null;
      if (this.waiting.has(url)) continue;
      const room = this.budget - used - this.bytes;
      if (room <= 0) break;
      const coming = this.#fetch(url, context, room).finally(() => this.#coming.delete(url));
      this.#coming.set(url, coming);
      await coming;
    }
    return wish === this.#wish ? this.#told(urls, used) : null;
  }

  /** @param {string} url @param {BaseAudioContext} context @param {number} room bytes */
  async #fetch(url, context, room) {
    const data = await this.read(url).catch(() => null);
    if (!data) return;
    const size = decodedBytes(data, context.sampleRate);
    /** @type {Waiting | null} */
    let one = data.byteLength <= room ? { sound: data, bytes: data.byteLength } : null;
    if (size !== null && size <= room) {
      const sound = await context.decodeAudioData(data).catch(() => null);
      one = sound && { sound, bytes: bufferBytes(sound) };
    }
    if (one && this.#wanted.has(url)) this.waiting.set(url, one);
  }

  /** What waits, in bytes. */
  get bytes() {
    return [...this.waiting.values()].reduce((sum, one) => sum + one.bytes, 0);
  }

  /** @param {string[]} urls @param {number} used @returns {Held} */
  #told(urls, used) {
    const held = urls.flatMap((url) => this.waiting.get(url) ?? []);
    const decoded = held.filter(({ sound }) => !(sound instanceof ArrayBuffer)).length;
    return {
      files: urls.length,
      decoded,
      compressed: held.length - decoded,
      left: urls.length - held.length,
      page_bytes: used,
      held_bytes: this.bytes,
      budget_bytes: this.budget,
    };
  }

  /**
   * The sound of a page that opens: what waits, or else from the network.
   * @param {string} url @param {BaseAudioContext} context @returns {Promise<AudioBuffer>}
   */
  async take(url, context) {
    this.#wish += 1;
    // What is on its way already is waited for, rather than fetched twice.
    await this.#coming.get(url);
    const sound = this.waiting.get(url)?.sound ?? null;
    this.waiting.delete(url);
    if (sound instanceof AudioBuffer && sound.sampleRate === context.sampleRate) return sound;
    return context.decodeAudioData(sound instanceof ArrayBuffer ? sound : await this.read(url));
  }
}

/** Bytes of a decoded sound. @param {AudioBuffer} buffer */
export function bufferBytes(buffer) {
  return buffer.numberOfChannels * buffer.length * 4;
}

/**
 * What lies between the stretches of noise with which a file is sent.
 * @param {BaseAudioContext} context @param {AudioBuffer} buffer @param {number} lead frames, rounded here
 */
export function withoutLead(context, buffer, lead) {
  const start = Math.round(lead);
  const length = buffer.length - 2 * start;
  if (start === 0 || length <= 0) return buffer;
  const cut = context.createBuffer(buffer.numberOfChannels, length, buffer.sampleRate);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    cut.copyToChannel(buffer.getChannelData(channel).subarray(start, start + length), channel);
  }
  return cut;
}

/**
 * A sound in so many frames: what is longer ends there, what is shorter is silent from its end on.
 * @param {BaseAudioContext} context @param {AudioBuffer} buffer @param {number} length frames
 */
export function fitted(context, buffer, length) {
  if (buffer.length === length) return buffer;
  const exact = context.createBuffer(buffer.numberOfChannels, length, buffer.sampleRate);
  for (let channel = 0; channel < buffer.numberOfChannels; channel += 1) {
    exact.copyToChannel(buffer.getChannelData(channel).subarray(0, length), channel);
  }
  return exact;
}

/**
 * Bytes that a file takes once it is decoded at a rate; null where it does not say.
 * A WAV file has the channels, the rate, the bytes of a frame and those of all frames at 22, 24,
 * 32 and 40.
 * @param {ArrayBuffer} file @param {number} rate
 */
export function decodedBytes(file, rate) {
  if (file.byteLength < 42) return null;
  const view = new DataView(file);
  if (view.getUint32(0) !== 0x52494646) return decodedFlacBytes(view, rate);
  if (file.byteLength < 44) return null;
  const own = view.getUint32(24, true);
  const frame = view.getUint16(32, true);
  const samples = frame === 0 ? 0 : view.getUint32(40, true) / frame;
  if (own === 0 || samples === 0) return null;
  return view.getUint16(22, true) * Math.ceil((samples * rate) / own) * 4;
}

/**
 * The same of a FLAC file, of a study made before stimuli were WAV files. Its first block (RFC
 * 9639, 8.2) holds the rate in 20 bits, channels less one in 3, bits per sample less one in 5, and
 * the number of samples in 36.
 * @param {DataView} view @param {number} rate
 */
function decodedFlacBytes(view, rate) {
  if (view.getUint32(0) !== 0x664c6143 || (view.getUint8(4) & 0x7f) !== 0) return null;
  const word = view.getUint32(18);
  const own = word >>> 12;
  const channels = ((word >>> 9) & 7) + 1;
  const samples = (view.getUint8(21) & 15) * 2 ** 32 + view.getUint32(22);
  if (own === 0 || samples === 0) return null;
  return channels * Math.ceil((samples * rate) / own) * 4;
}

/** @param {string} url @returns {Promise<ArrayBuffer>} */
export async function download(url) {
  let answer = await fetch(url, { credentials: "same-origin" });
  if (answer.status === 429) {
    await pause(wait(answer));
    answer = await fetch(url, { credentials: "same-origin" });
  }
  if (!answer.ok) throw new LoadError(`${answer.status}`);
  return answer.arrayBuffer();
}
