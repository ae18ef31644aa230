/* The players of a song's page: the audio engine of the listening test, on one clock. */
(function () {
  "use strict";

  const { earmark } = window;
  /**
   * @typedef {object} Row
   * @property {HTMLElement} element
   * @property {HTMLElement} choose
   * @property {HTMLElement} head
   * @property {string} id
   */
  /** @type {Row[]} */
  let rows = [];
  /** @type {InstanceType<typeof earmark.audio.Engine> | null} */
  let engine = null;
  let current = -1;
  let asked = 0;
  let resting = 0; // seconds of the song where playback stands before there is an engine
  /** Which sounds were heard, the latest last: the first is let go when memory is full. @type {string[]} */
  let recent = [];

  const part = (/** @type {string} */ id) => earmark.one(`#${id}`, HTMLElement);
  const field = (/** @type {string} */ id) => earmark.one(`#${id}`, HTMLInputElement);
  const clock = (/** @type {number} */ seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const song = () => earmark.get("song");
  const sound = () => /** @type {Earmark.Sound} */ (song().sound);
  const playing = () => engine?.playing ?? false;
  const position = () => (engine ? sound().start + engine.position / engine.rate : resting);
  const end = () => Number(field("position").max);
  /** What a row says of how it is heard. @param {Row} row @param {string} words */
  const say = (row, words) => (earmark.one(".gain", HTMLElement, row.element).textContent = words);

  const TROUBLE = {
    blocked: "The browser did not start the sound. Press Play again.",
    stopped: "The sound device stopped. Press Play to go on.",
    stalled: "The sound device stopped. Press Play to go on.",
    rate: "This device plays at a rate of its own: the browser converts all systems alike.",
    unsupported: "This browser has no Web Audio, so nothing can be played here.",
    load: "",
  };

  /** The bytes of a sound's script: seven bits a character. @param {string} url @returns {Promise<ArrayBuffer>} */
  async function read(url) {
    const name = /audio\/[^./]+/.exec(url)?.[0] ?? "";
    /** @type {string} */
    const text = await earmark.take(name, url);
    const bytes = new Uint8Array(Math.floor((text.length * 7) / 8));
    let held = 0;
    let bits = 0;
    let at = 0;
    for (let k = 0; k < text.length; k += 1) {
      held = (held << 7) | text.charCodeAt(k);
      bits += 7;
      if (bits < 8) continue;
      bits -= 8;
      bytes[at++] = held >> bits;
    }
    return bytes.buffer;
  }

  /** The engine, from the first press on: browsers let no page make sound before. */
  function opened() {
    if (engine) return engine;
    const { rate, frames, start } = sound();
    const fresh = new earmark.audio.Engine(read);
    fresh.addEventListener("notice", (event) => told(/** @type {CustomEvent} */ (event).detail));
    fresh.addEventListener("change", mark);
    fresh.setLevel(1);
    fresh.open(
      { sample_rate: rate, samples: frames, fade_ms: 5, loop: field("loop").checked },
      rows.map(({ id }, at) => ({ id, url: `../${song().players[at].sound}` })),
      levels(),
    );
    engine = fresh;
    fresh.seek((resting - start) * fresh.rate);
    return fresh;
  }

  /** @param {keyof typeof TROUBLE | null} what */
  function told(what) {
    const words = what ? TROUBLE[what] : "";
    part("sound-note").textContent = words;
    part("sound-note").hidden = words === "";
  }

  function mark() {
    rows.forEach((row, at) => {
      row.element.classList.toggle("current", at === current);
      row.element.classList.toggle("playing", at === current && playing());
      row.choose.setAttribute("aria-pressed", String(at === current));
    });
    part("play").textContent = playing() ? "Pause" : "Play";
    part("play").setAttribute("aria-pressed", String(playing()));
    if (playing()) requestAnimationFrame(tick);
    else followed();
  }

  /**
   * Make `next` the one that is heard, at the place where the last one was.
   * @param {number} next @param {boolean} start
   */
  async function choose(next, start) {
    const mine = ++asked;
    const row = rows[next];
    try {
      const deck = opened();
      if (!deck.has(row.id)) say(row, ", loading");
      await deck.bring(row.id);
      if (mine !== asked) return shown();
      current = next;
      recent = [...recent.filter((id) => id !== row.id), row.id];
      deck.choose(row.id);
      document.dispatchEvent(new CustomEvent("earmark:heard", { detail: next }));
      if (start) await deck.play();
    } catch {
      say(row, ", cannot be played");
      return;
    }
    shown();
    mark();
    warm();
  }

  /** Load the others, one after the other, so that the first switch to them is at once. */
  let warming = false;
  async function warm() {
    if (warming || !engine) return;
    warming = true;
    const most = engine.preloaded.budget;
    for (const { id } of rows) {
      const each = engine.bytes / Math.max(1, rows.filter((row) => engine?.has(row.id)).length);
      if (engine.has(id)) continue;
      if (engine.bytes + each > most) break;
      await engine.bring(id).catch(() => undefined);
      if (!recent.includes(id)) recent = [id, ...recent];
    }
    // One that was asked for when memory was full takes the place of the one heard longest ago.
    while (engine.bytes > most && recent.length > 2) {
      const id = recent[0];
      recent = recent.slice(1);
      if (rows[current]?.id !== id) engine.drop(id);
    }
    warming = false;
  }

  function toggle() {
    if (engine && playing()) engine.pause();
    else choose(current < 0 ? 0 : current, true);
  }

  /** @param {number} seconds of the song */
  function seek(seconds) {
    resting = Math.min(Math.max(seconds, sound().start), end());
    engine?.seek((resting - sound().start) * engine.rate);
    followed(resting);
  }

  /** Put slider, clock and playheads where playback is. */
  function followed(at = position()) {
    const words = `${clock(at)} / ${clock(end())}`;
    field("position").value = String(at);
    field("position").setAttribute("aria-valuetext", words.replace("/", "of"));
    part("clock").textContent = words;
    const share = `${(100 * at) / song().seconds}%`;
    rows.forEach((row) => (row.head.style.left = share));
  }

  function tick() {
    if (!playing()) return;
    followed();
    requestAnimationFrame(tick);
  }

  /** Loudness match: everything is turned down to the quietest, so nothing can clip. */
  function gains() {
    const { players } = song();
    const quietest = Math.min(...players.flatMap(({ lufs }) => lufs ?? []));
    const on = field("match").checked;
    return players.map(({ lufs }) => (on && lufs !== null ? quietest - lufs : 0));
  }

  const levels = () => gains().map((decibels) => 10 ** (decibels / 20));

  /** Say in each row by how much it is turned down. */
  function shown() {
    gains().forEach((decibels, at) => {
      rows[at].element.dataset.gain = decibels.toFixed(2);
      const matched = field("match").checked && song().players[at].lufs !== null;
      say(rows[at], matched ? `, played at ${decibels.toFixed(1).replace("-", "−")} dB` : "");
    });
  }

  function level() {
    shown();
    engine?.setLevels(levels());
  }

  function loop() {
    engine?.setLoop(field("loop").checked ? { start: 0, end: engine.length } : null);
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest("select, input[type=text], textarea, summary")) return;
    const key = event.key.toLowerCase();
    if (key === " " && !target.closest("button, a, input[type=checkbox], input[type=radio]")) {
      event.preventDefault();
      toggle();
    } else if ((key === "arrowleft" || key === "arrowright") && !target.closest("input, .scroll")) {
      event.preventDefault();
      seek(position() + (key === "arrowleft" ? -2 : 2));
    } else {
      const at = rows.findIndex((row) => row.element.dataset.key === key);
      if (at < 0) return;
      event.preventDefault();
      if (document.activeElement && document.activeElement.closest(".choose"))
        rows[at].choose.focus({ preventScroll: true });
      choose(at, true);
    }
  }

  /** Where an excerpt can be heard, the rest of the waveform is veiled. @param {HTMLElement} wave */
  function veil(wave) {
    const whole = song().seconds;
    earmark.one(".outside.first", HTMLElement, wave).style.width = `${(100 * sound().start) / whole}%`;
    earmark.one(".outside.last", HTMLElement, wave).style.left = `${(100 * end()) / whole}%`;
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector("#play")) return;
    resting = sound().start;
    rows = earmark.all(".player", HTMLElement).map((element, at) => ({
      element,
      choose: earmark.one(".choose", HTMLElement, element),
      head: earmark.one(".head", HTMLElement, element),
      id: song().players[at].id,
    }));
    rows.forEach((row, at) => {
      row.choose.addEventListener("click", () => (at === current ? toggle() : choose(at, true)));
      const wave = earmark.one(".wave", HTMLElement, row.element);
      veil(wave);
      wave.addEventListener("click", (event) => {
        const box = wave.getBoundingClientRect();
        seek((song().seconds * (event.clientX - box.left)) / box.width);
        choose(at, true);
      });
    });
    part("play").addEventListener("click", toggle);
    field("position").addEventListener("input", () => seek(Number(field("position").value)));
    field("match").addEventListener("change", level);
    field("loop").addEventListener("change", loop);
    document.addEventListener("keydown", onKey);
    shown();
    followed(resting);
  });

  // What tests and curious readers may ask.
  earmark.players = {
    state: () => ({ current, playing: playing(), position: position() }),
    engine: () => engine,
  };
})();
