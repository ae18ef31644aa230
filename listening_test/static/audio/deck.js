/**
 * The signal graph of one page: all stimuli on one clock, exactly one of them heard.
 *
 * Every stimulus has its own source; all sources of a run start at the same frame and the same
 * offset and loop over the same frames, so that they can never drift apart. A switch moves a gain
 * of 0 or 1 by raised cosines, first out and then in, and leaves the sources alone: that is why
 * the position is kept to the sample. A seek or a new loop ends the run by a fade and starts the
 * next one. The fades at a loop's seam are a buffer that loops on the same clock and drives a gain.
 *
 *     source ─► its level ─► chosen 0|1 ─┐
 *     source ─► its level ─► chosen 0|1 ─┼─► seam (looped envelope) ─► run's fade ─► destination
 *     source ─► its level ─► chosen 0|1 ─┘
 *
 * A stimulus may come later, and go: one that comes joins the run at the place where it stands.
 *
 * Nothing here knows of pages or of wall time: the same code renders on an OfflineAudioContext.
 * All positions are frames at the context's rate; `at` is a time of the context in seconds.
 *
 * Source of the fades and of the shortest loop: ITU-R BS.1534-3, raised cosine of 5 ms, 500 ms.
 */

/** @typedef {{start: number, end: number}} Loop frames; `end` is the first frame outside */
/**
 * @typedef {object} DeckOptions
 * @property {number} [fadeMs] length of each fade; 5 by default
 * @property {boolean} [crossfade] switch by an equal-power cross-fade (never in MUSHRA)
 * @property {number} [minimumLoopMs] the shortest loop; 500 by default
 * @property {number} [length] frames of each stimulus, where those come later
 * @property {number[]} [levels] gain of each stimulus; 1 by default
 */
/**
 * @typedef {object} Run sources that started together
 * @property {number} frame first frame of the context at which it sounds
 * @property {number} offset position in the stimuli at that frame
 * @property {Loop | null} loop
 * @property {Voice[]} voices by place of the stimulus; none for one that is not there
 * @property {AudioBufferSourceNode[]} others sources that are no stimulus
 * @property {GainNode} seam
 * @property {GainNode} out
 * @property {number} settled no fade of the run is scheduled past this frame
 */
/** @typedef {{source: AudioBufferSourceNode, level: GainNode, chosen: GainNode}} Voice */

/**
 * Gains of a fade, one per frame and one more, so that the last is reached.
 * @param {number} frames @param {"cosine" | "power"} shape @param {boolean} rising
 */
export function fade(frames, shape, rising) {
  const curve = new Float32Array(frames + 1);
  for (let k = 0; k <= frames; k += 1) {
    const x = (rising ? k : frames - k) / frames;
    curve[k] = shape === "cosine" ? 0.5 - 0.5 * Math.cos(Math.PI * x) : Math.sin((Math.PI / 2) * x);
  }
  return curve;
}

/**
 * Where a run's playback stands at a frame, and whether it has reached its end.
 * @param {{frame: number, offset: number, loop: Loop | null}} run
 * @param {number} frame @param {number} length
 */
export function positionIn(run, frame, length) {
  const position = run.offset + Math.max(0, frame - run.frame);
  if (!run.loop) return Math.min(position, length);
  if (position < run.loop.end) return position;
  return run.loop.start + ((position - run.loop.start) % (run.loop.end - run.loop.start));
}

export class Deck {
  /**
   * @param {BaseAudioContext} context
   * @param {(AudioBuffer | null)[]} buffers all of one length and of the context's rate
   * @param {AudioNode} destination
   * @param {DeckOptions} [options]
   */
  constructor(context, buffers, destination, options = {}) {
    const { fadeMs = 5, crossfade = false, minimumLoopMs = 500 } = options;
    this.context = context;
    this.buffers = buffers;
    this.destination = destination;
    this.rate = context.sampleRate;
    this.length = options.length ?? Math.min(...buffers.flatMap((buffer) => buffer?.length ?? []));
    this.levels = options.levels ?? buffers.map(() => 1);
    this.fadeFrames = Math.max(1, Math.round((this.rate * fadeMs) / 1000));
    this.crossfade = crossfade;
    this.minimumLoop = Math.ceil((this.rate * minimumLoopMs) / 1000);
    /** @type {Loop | null} */
    this.loop = { start: 0, end: this.length };
    this.selected = 0;
    this.position = 0;
    /** @type {Run | null} */
    this.run = null;
    /** Called when a run without loop has come to its end. */
    this.ended = () => {};
  }

  get playing() {
    return this.run !== null;
  }

  /** @param {number} at */
  positionAt(at) {
    return this.run ? positionIn(this.run, Math.round(at * this.rate), this.length) : this.position;
  }

  /** @param {number} at */
  play(at) {
    if (!this.run) this.#start(this.#frame(at));
  }

  /** Fades out; playing on repeats the fade, so that nothing is skipped. @param {number} at */
  pause(at) {
    if (!this.run) return;
    const frame = Math.max(this.#frame(at), this.run.settled);
    this.position = positionIn(this.run, frame, this.length);
    this.#stop(this.run, frame);
    this.run = null;
  }

  /** Hear another stimulus, which is there, at the same position. @param {number} index @param {number} at */
  select(index, at) {
    const before = this.selected;
    this.selected = index;
    const run = this.run;
    if (!run || before === index) return;
    const frame = Math.max(this.#frame(at), run.settled);
    const shape = this.crossfade ? "power" : "cosine";
    const second = this.crossfade ? frame : frame + this.fadeFrames;
    this.#ramp(run.voices[before].chosen.gain, frame, shape, false);
    this.#ramp(run.voices[index].chosen.gain, second, shape, true);
    run.settled = second + this.fadeFrames + 1;
  }

  /** A stimulus that comes later is silent in the run until it is selected. @param {number} index @param {AudioBuffer} buffer @param {number} at */
  put(index, buffer, at) {
    this.buffers[index] = buffer;
    const { run } = this;
    if (!run || run.voices[index]) return;
    const frame = Math.max(this.#frame(at), run.frame);
    const offset = positionIn(run, frame, this.length);
    if (offset >= this.length) return;
    run.voices[index] = this.#voice(index, buffer, run);
    run.voices[index].source.start(frame / this.rate, offset / this.rate);
  }

  /** Let a stimulus go that is not selected: its memory is wanted. @param {number} index */
  drop(index) {
    if (index === this.selected) return;
    this.buffers[index] = null;
    const { run } = this;
    const voice = run?.voices[index];
    if (!run || !voice) return;
    delete run.voices[index];
    voice.source.onended = null;
    voice.source.stop();
    for (const node of [voice.source, voice.level, voice.chosen]) node.disconnect();
    this.#watchEnd(run);
  }

  /** How loud each stimulus is, as a gain; moved without a click. @param {number[]} levels @param {number} at */
  setLevels(levels, at) {
    this.levels = levels;
    this.run?.voices.forEach((voice, index) => {
      voice.level.gain.setTargetAtTime(levels[index], at, this.fadeFrames / this.rate);
    });
  }

  /** Jump to a frame; outside the loop region that means its start. @param {number} position @param {number} at */
  seek(position, at) {
    const target = this.#within(Math.round(position));
    if (this.run) this.#restart(target, at);
    else this.position = target;
  }

  /**
   * Loop over a region (lengthened to the shortest allowed), or play to the end.
   * @param {Loop | null} loop @param {number} at
   */
  setLoop(loop, at) {
    this.loop = loop ? this.allowed(loop) : null;
    if (this.run) this.#restart(null, at);
    else this.position = this.#within(this.position);
  }

  /** The region as it would loop: whole frames, inside the stimuli, long enough. @param {Loop} loop @returns {Loop} */
  allowed(loop) {
    const shortest = Math.min(this.minimumLoop, this.length);
    let start = Math.min(Math.max(0, Math.round(Math.min(loop.start, loop.end))), this.length);
    let end = Math.min(Math.max(0, Math.round(Math.max(loop.start, loop.end))), this.length);
    if (end - start < shortest) {
      start = Math.min(start, this.length - shortest);
      end = start + shortest;
    }
    return { start, end };
  }

  /** @param {number | null} target frame to go on from; null keeps the position @param {number} at */
  #restart(target, at) {
    const run = /** @type {Run} */ (this.run);
    const frame = Math.max(this.#frame(at), run.settled);
    const position = target ?? positionIn(run, frame + this.fadeFrames, this.length);
    this.#stop(run, frame);
    this.run = null;
    this.position = this.#within(position);
    this.#start(frame + this.fadeFrames);
  }

  /** @param {number} frame */
  #start(frame) {
    if (this.position >= this.length) this.position = 0;
    const { context, rate, loop } = this;
    const offset = this.#within(this.position);
    const out = gain(context, 0);
    const seam = gain(context, loop ? 0 : 1);
    seam.connect(out).connect(this.destination);
    const settled = frame + this.fadeFrames + 1;
    /** @type {Run} */
    const run = { frame, offset, loop, voices: [], others: [], seam, out, settled };
    this.buffers.forEach((buffer, index) => {
      if (buffer) run.voices[index] = this.#voice(index, buffer, run);
    });
    if (loop) {
      const envelope = this.#source(this.#seam(loop), loop);
      envelope.connect(seam.gain);
      run.others.push(envelope);
    }
    for (const source of sourcesOf(run)) source.start(frame / rate, offset / rate);
    this.#ramp(out.gain, frame, "cosine", true);
    this.#watchEnd(run);
    this.run = run;
  }

  /** @param {number} index @param {AudioBuffer} buffer @param {Run} run @returns {Voice} */
  #voice(index, buffer, run) {
    const source = this.#source(buffer, run.loop);
    const level = gain(this.context, this.levels[index]);
    const chosen = gain(this.context, index === this.selected ? 1 : 0);
    source.connect(level).connect(chosen).connect(run.seam);
    return { source, level, chosen };
  }

  /** One source, whichever is there, says when a run is over. @param {Run} run */
  #watchEnd(run) {
    const [first] = sourcesOf(run);
    if (first) first.onended = () => this.#over(run);
  }

  /** @param {Run} run @param {number} frame */
  #stop(run, frame) {
    this.#ramp(run.out.gain, frame, "cosine", false);
    // One frame more than the fade: a source that stops early would cut the last step of it.
    const end = (frame + this.fadeFrames + 1) / this.rate;
    for (const source of sourcesOf(run)) source.stop(end);
  }

  /** @param {Run} run */
  #over(run) {
    for (const { source, level, chosen } of run.voices.filter(Boolean)) {
      for (const node of [source, level, chosen]) node.disconnect();
    }
    for (const node of [run.seam, run.out, ...run.others]) node.disconnect();
    if (this.run !== run) return;
    this.run = null;
    this.position = 0;
    this.ended();
  }

  /** @param {AudioBuffer} buffer @param {Loop | null} loop */
  #source(buffer, loop) {
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    if (loop) {
      source.loop = true;
      source.loopStart = loop.start / this.rate;
      source.loopEnd = loop.end / this.rate;
    }
    return source;
  }

  /** Gain 1 with a fade at both ends of the loop, so that its seam is silent. @param {Loop} loop */
  #seam(loop) {
    const buffer = this.context.createBuffer(1, this.length, this.rate);
    const gains = buffer.getChannelData(0).fill(1, loop.start, loop.end);
    const frames = Math.min(this.fadeFrames, Math.floor((loop.end - loop.start) / 2));
    gains.set(fade(frames, "cosine", true).subarray(0, frames), loop.start);
    gains.set(fade(frames, "cosine", false).subarray(1), loop.end - frames);
    return buffer;
  }

  /** @param {AudioParam} parameter @param {number} frame @param {"cosine" | "power"} shape @param {boolean} rising */
  #ramp(parameter, frame, shape, rising) {
    const curve = fade(this.fadeFrames, shape, rising);
    parameter.setValueCurveAtTime(curve, frame / this.rate, this.fadeFrames / this.rate);
  }

  /** Whole frames: a source that starts between two of them would be interpolated. @param {number} at */
  #frame(at) {
    return Math.ceil(at * this.rate - 1e-6);
  }

  /** @param {number} position */
  #within(position) {
    const { start, end } = this.loop ?? { start: 0, end: this.length };
    return position < start || position >= end ? start : position;
  }
}

/** @param {BaseAudioContext} context @param {number} value */
function gain(context, value) {
  return new GainNode(context, { gain: value });
}

/** @param {Run} run */
function sourcesOf(run) {
  return [...run.voices.filter(Boolean).map(({ source }) => source), ...run.others];
}
