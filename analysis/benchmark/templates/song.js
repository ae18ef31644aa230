/* A song's page: waveforms, spectrograms and spectra of its players. */
(function () {
  "use strict";

  const { earmark } = window;
  const song = () => earmark.get("song");
  /** @type {HTMLElement[]} */
  let players = [];

  const field = (/** @type {string} */ id) => earmark.one(`#${id}`, HTMLInputElement);
  const system = () => earmark.one("#shown", HTMLSelectElement);

  /** The drawing of a waveform's lowest and highest samples. @param {number[]} low @param {number[]} high */
  function outline(low, high) {
    const at = (/** @type {number} */ value, /** @type {number} */ index) => `${index} ${(30 - value * 0.029).toFixed(1)}`;
    const top = high.map((value, index) => at(value, index));
    const bottom = low.map((value, index) => at(Math.min(value, high[index] - 8), index)).reverse();
    return `M${top.join("L")}L${bottom.join("L")}Z`;
  }

  function drawWaves() {
    const mix = song().players.find((player) => player.mix);
    players.forEach((element, at) => {
      const { low, high } = song().players[at];
      const { mix: isMix, system } = song().players[at];
      const before = earmark.one(".before", SVGElement, element);
      const after = earmark.one(".after", SVGElement, element);
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
  let near = false;
  /** Drawn while it is in view, or nearly so; else when it comes. @param {number} [index] */
  function spectra(index = drawnFor) {
    drawnFor = index;
    const [place] = earmark.all("[data-chart=spectra]", HTMLElement);
    if (!place || !near) return;
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
    earmark.charts.draw(place, { figure, table: chart.table }, "Average spectra").catch((error) => {
      place.textContent = String(error);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    players = earmark.all(".player", HTMLElement);
    if (players.length === 0) return;
    system().addEventListener("change", () => showTiles(Number(system().value)));
    field("every").addEventListener("change", () => spectra());
    document.querySelectorAll("form").forEach((form) =>
      form.addEventListener("submit", (event) => event.preventDefault()),
    );
    document.addEventListener("earmark:choice", () => spectra());
    document.addEventListener("earmark:heard", (event) => {
      const heard = /** @type {CustomEvent} */ (event).detail;
      if (heard !== drawnFor) showTiles(heard);
    });
    drawWaves();
    drawTicks();
    showTiles(song().first);
    const charts = earmark.all("[data-chart=spectra]", HTMLElement);
    for (const place of charts) earmark.charts.reserve(place, song().chart);
    earmark.watch(charts, (_, isNear) => {
      near = isNear;
      if (isNear) spectra();
    });
    window.addEventListener("beforeprint", () => {
      near = true;
      spectra();
    });
  });
})();
