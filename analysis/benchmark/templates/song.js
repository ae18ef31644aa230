/* A song's page: players that switch without losing their place, waveforms, spectrograms. */
(function () {
  "use strict";

  const { earmark } = window;
  /**
   * @typedef {object} Player one row of the page
   * @property {HTMLElement} element
   * @property {HTMLAudioElement} audio
   * @property {HTMLElement} choose
   * @property {HTMLElement} head
   * @property {Promise<void> | undefined} ready
   */
  const song = () => earmark.get("song");
  /** @type {Player[]} */
  let players = [];
  let current = -1;
  let playing = false;
  let asked = 0;
  let resting = 0; // where playback stands while nothing plays

  const part = (/** @type {string} */ id) => earmark.one(`#${id}`, HTMLElement);
  const field = (/** @type {string} */ id) => earmark.one(`#${id}`, HTMLInputElement);
  const system = () => earmark.one("#shown", HTMLSelectElement);
  const clock = (/** @type {number} */ seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const position = () => (playing && current >= 0 ? players[current].audio.currentTime : resting);
  const length = () => Number(field("position").max);

  /**
   * Give an audio element its file. From a server the whole file is fetched first, so that the
   * place can be kept even where the server answers no range requests.
   * @param {Player} player
   */
  function ready(player) {
    player.ready ??= (async () => {
      const url = player.audio.dataset.src ?? "";
      if (location.protocol.startsWith("http")) {
        const answer = await fetch(url);
        if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
        player.audio.src = URL.createObjectURL(await answer.blob());
      } else {
        player.audio.src = url;
      }
      player.audio.preload = "auto";
      player.audio.load();
      if (player.audio.readyState < 1) {
        await new Promise((resolve, reject) => {
          player.audio.addEventListener("loadedmetadata", resolve, { once: true });
          player.audio.addEventListener("error", () => reject(new Error(url)), { once: true });
        });
      }
    })().catch((error) => {
      player.ready = undefined; // another try may succeed
      gainOf(player).textContent = ", cannot be played";
      throw error;
    });
    return player.ready;
  }

  /** Where a row says how much its sound is turned down. @param {Player} player */
  const gainOf = (player) => earmark.one(".gain", HTMLElement, player.element);

  function mark() {
    players.forEach((player, at) => {
      player.element.classList.toggle("current", at === current);
      player.element.classList.toggle("playing", at === current && playing);
      player.choose.setAttribute("aria-pressed", String(at === current));
    });
    part("play").textContent = playing ? "Pause" : "Play";
    part("play").setAttribute("aria-pressed", String(playing));
  }

  /**
   * Make `next` the one that is heard, at the place where the last one was.
   * @param {number} next @param {boolean} start
   */
  async function choose(next, start) {
    const mine = ++asked;
    const before = current;
    try {
      await ready(players[next]);
    } catch {
      return;
    }
    if (mine !== asked) return;
    const place = position();
    current = next;
    resting = place;
    const { audio } = players[next];
    audio.currentTime = Math.min(place, Math.max(0, audio.duration - 0.01));
    if (start || playing) {
      try {
        await audio.play();
        playing = true;
      } catch {
        playing = false;
      }
    }
    players.forEach((player, at) => {
      if (at !== current) player.audio.pause();
    });
    mark();
    followed();
    if (before !== next) showTiles(next);
    warm();
    if (playing) requestAnimationFrame(tick);
  }

  /** Load the others, one after the other, so that the first switch to them is as quick. */
  let warming = false;
  async function warm() {
    if (warming) return;
    warming = true;
    for (const player of players) await ready(player).catch(() => undefined);
  }

  function pause() {
    resting = position();
    playing = false;
    players.forEach((player) => player.audio.pause());
    mark();
    followed();
  }

  function toggle() {
    if (playing) pause();
    else choose(Math.max(current, 0), true);
  }

  /** @param {number} seconds */
  function seek(seconds) {
    resting = Math.min(Math.max(seconds, 0), length());
    if (current >= 0 && players[current].ready) players[current].audio.currentTime = resting;
    followed(resting);
  }

  /** Put slider, clock and playheads where playback is. */
  function followed(at = position()) {
    field("position").value = String(at);
    field("position").setAttribute("aria-valuetext", `${clock(at)} of ${clock(length())}`);
    part("clock").textContent = `${clock(at)} / ${clock(length())}`;
    const share = `${(100 * at) / length()}%`;
    players.forEach((player) => (player.head.style.left = share));
  }

  function tick() {
    if (!playing) return;
    followed();
    requestAnimationFrame(tick);
  }

  /** @param {Player} player */
  function ended(player) {
    if (players[current] !== player || !playing) return;
    if (field("loop").checked) {
      player.audio.currentTime = 0;
      player.audio.play();
    } else {
      playing = false;
      resting = 0;
      mark();
      followed();
    }
  }

  /** Loudness match: everything is turned down to the quietest, so nothing can clip. */
  function level() {
    const known = song().players.flatMap(({ lufs }) => lufs ?? []);
    const quietest = Math.min(...known);
    const on = field("match").checked;
    players.forEach((player, at) => {
      const lufs = song().players[at].lufs;
      const gain = on && lufs !== null ? quietest - lufs : 0;
      player.audio.volume = 10 ** (gain / 20);
      player.element.dataset.gain = gain.toFixed(2);
      gainOf(player).textContent =
        on && lufs !== null ? `, played at ${gain.toFixed(1).replace("-", "−")} dB` : "";
    });
  }

  function canSetVolume() {
    const probe = document.createElement("audio");
    probe.volume = 0.5;
    return probe.volume === 0.5; // phones of one make leave it to their buttons
  }

  /** The drawing of a waveform's lowest and highest samples. @param {number[]} low @param {number[]} high */
  function outline(low, high) {
    const at = (/** @type {number} */ value, /** @type {number} */ index) => `${index} ${(30 - value * 0.029).toFixed(1)}`;
    const top = high.map((value, index) => at(value, index));
    const bottom = low.map((value, index) => at(Math.min(value, high[index] - 8), index)).reverse();
    return `M${top.join("L")}L${bottom.join("L")}Z`;
  }

  function drawWaves() {
    const mix = song().players.find((player) => player.mix);
    players.forEach((player, at) => {
      const { low, high } = song().players[at];
      const { mix: isMix, system } = song().players[at];
      const before = earmark.one(".before", SVGElement, player.element);
      const after = earmark.one(".after", SVGElement, player.element);
      if (mix && !(isMix && system)) before.setAttribute("d", outline(mix.low, mix.high));
      if (!isMix || system) after.setAttribute("d", outline(low, high));
    });
  }

  /** The pictures of a player's system, beside those of the mix and the reference. @param {number} index */
  function showTiles(index) {
    const { mix, reference } = song();
    const chosen = song().players[index];
    const shown = chosen.system ? index : Number(system().value || index);
    const seen = song().players[shown];
    if (seen.system) system().value = String(shown);
    /** @type {Record<string, [picture: string, words: string] | null>} */
    const tiles = {
      mix: mix === null ? null : [song().players[mix].spectrogram, "Mix"],
      system: [seen.spectrogram, seen.name],
      reference: reference === null ? null : [song().players[reference].spectrogram, "Reference"],
      difference: seen.difference ? [seen.difference, `${seen.name} less the reference`] : null,
    };
    earmark.all("[data-tile]", HTMLElement).forEach((tile) => {
      const found = tiles[tile.dataset.tile ?? ""];
      tile.hidden = !found;
      if (!found) return;
      const image = earmark.one("img", HTMLImageElement, tile);
      if (image.getAttribute("src") !== `../${found[0]}`) image.src = `../${found[0]}`;
      image.alt = `Spectrogram: ${found[1]}`;
      earmark.one("figcaption", HTMLElement, tile).textContent = found[1];
    });
    spectra(shown);
  }

  function drawTicks() {
    /** @type {["x" | "y", "left" | "top"][]} */
    const sides = [["y", "top"], ["x", "left"]];
    earmark.all(".plot", HTMLElement).forEach((plot) => {
      for (const [axis, side] of sides) {
        const labels = song().ticks[axis].map(([text, share]) => {
          const label = document.createElement("span");
          label.textContent = text;
          label.style[side] = `${100 * share}%`;
          return label;
        });
        earmark.one(`.ticks.${axis}`, HTMLElement, plot).replaceChildren(...labels);
      }
    });
  }

  let drawnFor = 0;
  function spectra(index = drawnFor) {
    drawnFor = index;
    const [place] = earmark.all("[data-chart=spectra]", HTMLElement);
    if (!place) return;
    const { chart, players: all } = song();
    const every = field("every").checked;
    const wanted = new Set(
      all.filter((player, at) => every || at === index || player.mix || player.reference).map((p) => p.id),
    );
    const aligned = earmark.variant() === "aligned";
    const figure = structuredClone(chart.figure);
    figure.data = figure.data
      .filter((trace) => wanted.has(trace.uid))
      .map((trace) => {
        const gain = aligned ? (all.find((player) => player.id === trace.uid)?.align ?? 0) : 0;
        const raised = (/** @type {number | null} */ value) => (value === null ? null : value + gain);
        return { ...trace, y: trace.y.map(raised) };
      });
    earmark.charts.draw(place, { figure, table: chart.table }, "Average spectra");
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
      const at = players.findIndex((player) => player.element.dataset.key === key);
      if (at < 0) return;
      event.preventDefault();
      if (document.activeElement && document.activeElement.closest(".choose"))
        players[at].choose.focus({ preventScroll: true });
      choose(at, true);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    if (!document.querySelector("#play")) return;
    players = earmark.all(".player", HTMLElement).map((element) => ({
      element,
      audio: earmark.one("audio", HTMLAudioElement, element),
      choose: earmark.one(".choose", HTMLElement, element),
      head: earmark.one(".head", HTMLElement, element),
      ready: undefined,
    }));
    players.forEach((player, at) => {
      player.choose.addEventListener("click", () => (at === current ? toggle() : choose(at, true)));
      player.audio.addEventListener("ended", () => ended(player));
      const wave = earmark.one(".wave", HTMLElement, player.element);
      wave.addEventListener("click", (event) => {
        const box = wave.getBoundingClientRect();
        seek((length() * (event.clientX - box.left)) / box.width);
        choose(at, true);
      });
    });
    part("play").addEventListener("click", toggle);
    field("position").addEventListener("input", () => seek(Number(field("position").value)));
    field("match").addEventListener("change", level);
    if (!canSetVolume()) {
      field("match").checked = false;
      field("match").disabled = true;
      part("match-note").textContent =
        "This browser does not let a page set the volume, so loudness is not matched.";
    }
    system().addEventListener("change", () => showTiles(Number(system().value)));
    field("every").addEventListener("change", () => spectra());
    document.querySelectorAll("form").forEach((form) =>
      form.addEventListener("submit", (event) => event.preventDefault()),
    );
    document.addEventListener("keydown", onKey);
    document.addEventListener("earmark:choice", () => spectra());
    level();
    drawWaves();
    drawTicks();
    followed(0);
    mark();
    showTiles(song().first);
  });

  // What tests and curious readers may ask.
  earmark.players = {
    state: () => ({ current, playing, position: position() }),
  };
})();
