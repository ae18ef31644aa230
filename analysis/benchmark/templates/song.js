/* A song's page: players that switch without losing their place, waveforms, spectrograms. */
(function () {
  "use strict";

  const { earmark } = window;
  const song = () => earmark.get("song");
  let players = [];
  let current = -1;
  let playing = false;
  let asked = 0;
  let resting = 0; // where playback stands while nothing plays

  const byId = (id) => document.getElementById(id);
  const clock = (seconds) =>
    `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;
  const position = () => (playing && current >= 0 ? players[current].audio.currentTime : resting);
  const length = () => Number(byId("position").max);

  /** Give an audio element its file. From a server the whole file is fetched first, so that the
      place can be kept even where the server answers no range requests. */
  function ready(player) {
    player.ready ??= (async () => {
      const url = player.audio.dataset.src;
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
      player.element.querySelector(".gain").textContent = ", cannot be played";
      throw error;
    });
    return player.ready;
  }

  function mark() {
    players.forEach((player, at) => {
      player.element.classList.toggle("current", at === current);
      player.element.classList.toggle("playing", at === current && playing);
      player.choose.setAttribute("aria-pressed", String(at === current));
    });
    byId("play").textContent = playing ? "Pause" : "Play";
    byId("play").setAttribute("aria-pressed", String(playing));
  }

  /** Make `next` the one that is heard, at the place where the last one was. */
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

  function seek(seconds) {
    resting = Math.min(Math.max(seconds, 0), length());
    if (current >= 0 && players[current].ready) players[current].audio.currentTime = resting;
    followed(resting);
  }

  /** Put slider, clock and playheads where playback is. */
  function followed(at = position()) {
    byId("position").value = String(at);
    byId("position").setAttribute("aria-valuetext", `${clock(at)} of ${clock(length())}`);
    byId("clock").textContent = `${clock(at)} / ${clock(length())}`;
    const share = `${(100 * at) / length()}%`;
    players.forEach((player) => (player.head.style.left = share));
  }

  function tick() {
    if (!playing) return;
    followed();
    requestAnimationFrame(tick);
  }

  function ended(player) {
    if (players[current] !== player || !playing) return;
    if (byId("loop").checked) {
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
    const known = song().players.map((player) => player.lufs).filter((lufs) => lufs !== null);
    const quietest = Math.min(...known);
    const on = byId("match").checked;
    players.forEach((player, at) => {
      const lufs = song().players[at].lufs;
      const gain = on && lufs !== null ? quietest - lufs : 0;
      player.audio.volume = 10 ** (gain / 20);
      player.element.dataset.gain = gain.toFixed(2);
      player.element.querySelector(".gain").textContent =
        on && lufs !== null ? `, played at ${gain.toFixed(1).replace("-", "−")} dB` : "";
    });
  }

  function canSetVolume() {
    const probe = document.createElement("audio");
    probe.volume = 0.5;
    return probe.volume === 0.5; // phones of one make leave it to their buttons
  }

  function outline(low, high) {
    const at = (value, index) => `${index} ${(30 - value * 0.029).toFixed(1)}`;
    const top = high.map((value, index) => at(value, index));
    const bottom = low.map((value, index) => at(Math.min(value, high[index] - 8), index)).reverse();
    return `M${top.join("L")}L${bottom.join("L")}Z`;
  }

  function drawWaves() {
    const mix = song().players.find((player) => player.mix);
    players.forEach((player, at) => {
      const { low, high } = song().players[at];
      const { mix: isMix, system } = song().players[at];
      const before = player.element.querySelector(".before");
      const after = player.element.querySelector(".after");
      if (mix && !(isMix && system)) before.setAttribute("d", outline(mix.low, mix.high));
      if (!isMix || system) after.setAttribute("d", outline(low, high));
    });
  }

  function showTiles(index) {
    const { mix, reference } = song();
    const chosen = song().players[index];
    const shown = chosen.system ? index : Number(byId("shown").value || index);
    const system = song().players[shown];
    if (system.system) byId("shown").value = String(shown);
    const tiles = {
      mix: mix === null ? null : [song().players[mix].spectrogram, "Mix"],
      system: [system.spectrogram, system.name],
      reference: reference === null ? null : [song().players[reference].spectrogram, "Reference"],
      difference: system.difference && [system.difference, `${system.name} less the reference`],
    };
    document.querySelectorAll("[data-tile]").forEach((tile) => {
      const found = tiles[tile.dataset.tile];
      tile.hidden = !found;
      if (!found) return;
      const image = tile.querySelector("img");
      if (image.getAttribute("src") !== `../${found[0]}`) image.src = `../${found[0]}`;
      image.alt = `Spectrogram: ${found[1]}`;
      tile.querySelector("figcaption").textContent = found[1];
    });
    spectra(shown);
  }

  function drawTicks() {
    document.querySelectorAll(".plot").forEach((plot) => {
      for (const [axis, side] of [["y", "top"], ["x", "left"]]) {
        const labels = song().ticks[axis].map(([text, share]) => {
          const label = document.createElement("span");
          label.textContent = text;
          label.style[side] = `${100 * share}%`;
          return label;
        });
        plot.querySelector(`.ticks.${axis}`).replaceChildren(...labels);
      }
    });
  }

  let drawnFor = 0;
  function spectra(index = drawnFor) {
    drawnFor = index;
    const place = document.querySelector("[data-chart=spectra]");
    if (!place) return;
    const { chart, players: all } = song();
    const every = byId("every").checked;
    const wanted = new Set(
      all.filter((player, at) => every || at === index || player.mix || player.reference).map((p) => p.id),
    );
    const aligned = earmark.variant() === "aligned";
    const figure = structuredClone(chart.figure);
    figure.data = figure.data
      .filter((trace) => wanted.has(trace.uid))
      .map((trace) => {
        const gain = aligned ? all.find((player) => player.id === trace.uid).align || 0 : 0;
        return { ...trace, y: trace.y.map((value) => (value === null ? null : value + gain)) };
      });
    earmark.charts.draw(place, { figure, table: chart.table }, "Average spectra");
  }

  function onKey(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { target } = event;
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
    if (!byId("play")) return;
    players = [...document.querySelectorAll(".player")].map((element) => ({
      element,
      audio: element.querySelector("audio"),
      choose: element.querySelector(".choose"),
      head: element.querySelector(".head"),
      ready: undefined,
    }));
    players.forEach((player, at) => {
      player.choose.addEventListener("click", () => (at === current ? toggle() : choose(at, true)));
      player.audio.addEventListener("ended", () => ended(player));
      player.element.querySelector(".wave").addEventListener("click", (event) => {
        const box = event.currentTarget.getBoundingClientRect();
        seek((length() * (event.clientX - box.left)) / box.width);
        choose(at, true);
      });
    });
    byId("play").addEventListener("click", toggle);
    byId("position").addEventListener("input", (event) => seek(Number(event.target.value)));
    byId("match").addEventListener("change", level);
    if (!canSetVolume()) {
      byId("match").checked = false;
      byId("match").disabled = true;
      byId("match-note").textContent =
        "This browser does not let a page set the volume, so loudness is not matched.";
    }
    byId("shown").addEventListener("change", (event) => showTiles(Number(event.target.value)));
    byId("every").addEventListener("change", () => spectra());
    document.querySelectorAll("form").forEach((form) =>
      form.addEventListener("submit", (event) => event.preventDefault()),
    );
    document.addEventListener("keydown", onKey);
    document.addEventListener("earmark:choice", () => spectra());
    earmark.charts.onChange(() => spectra());
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
