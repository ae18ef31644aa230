/* Figures in the colours of the page, light or dark: from Plotly's form to Plotly's form. */
(function () {
  "use strict";

  const LETTER = 0.56; // how wide a letter is, about, in sizes of its type
  const UPRIGHT = 0.9; // and how wide one that lies on its side is
  const KEY = 46; // pixels of a legend's line or symbol and the gaps beside it
  const NAMES = ["ink", "muted", "line", "paper", "accent", "amber"];

  /** The theme's colours by their names. */
  function palette() {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(
      NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    );
  }

  /**
   * A copy with the names of theme colours replaced, only under keys that hold colours: a song or
   * a system may be called "ink".
   * @template T @param {T} value @param {Earmark.Colours} colours @returns {T}
   */
  function coloured(value, colours, key = "") {
    /** @type {any} */
    let copy = value;
    if (Array.isArray(value)) copy = value.map((item) => coloured(item, colours, key));
    else if (value && typeof value === "object") {
      copy = Object.fromEntries(Object.entries(value).map(([k, item]) => [k, coloured(item, colours, k)]));
    } else if (/color$/i.test(key) && typeof value === "string" && Object.hasOwn(colours, value)) {
      copy = colours[value];
    }
    return copy;
  }

  /** Text that Plotly shows as it is: it reads a few HTML tags in labels. @param {string} text */
  function escaped(text) {
    return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  }

  /**
   * A copy in the theme's colours and the page's type, without what a report does not want.
   * @param {Earmark.Figure} figure
   * @param {{colours: Earmark.Colours, narrow: boolean, family: string}} look
   */
  function themed(figure, { colours, narrow, family }) {
    const { data, layout } = coloured(figure, colours);
    const axis = {
      gridcolor: colours.line,
      linecolor: colours.line,
      zerolinecolor: colours.muted,
    };
    layout.xaxis = { ...axis, ...layout.xaxis };
    layout.yaxis = { ...axis, ...layout.yaxis };
    layout.paper_bgcolor = "rgba(0,0,0,0)";
    layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.dragmode = false;
    for (const trace of data) {
      const { rows, columns, says } = trace.meta ?? {};
      if (!rows || !columns) continue;
      trace.customdata = rows.map((/** @type {string} */ row, /** @type {number} */ i) =>
        columns.map((/** @type {string} */ column, /** @type {number} */ j) =>
          [row, column, says?.[i][j]].filter(Boolean).map(escaped).join("<br>"),
        ),
      );
    }
    layout.font = { color: colours.ink, size: narrow ? 11 : 13, family };
    layout.hoverlabel = {
      bgcolor: colours.paper,
      bordercolor: colours.muted,
      font: { color: colours.ink },
    };
    return { data, layout };
  }

  /**
   * A word in the corner above a plot, or `under` it: what the numbers are not.
   * @param {string} text @param {Earmark.Colours} colours
   */
  function label(text, colours, { under } = { under: false }) {
    return {
      text,
      xref: "paper",
      yref: "paper",
      x: 1,
      y: under ? 0 : 1,
      xanchor: "right",
      yanchor: under ? "top" : "bottom",
      showarrow: false,
      font: { size: 10, color: colours.muted },
    };
  }

  /**
   * The rows of a legend above a plot, which stands in columns as wide as its longest name.
   * @param {string[]} names @param {number} room in pixels @param {number} size of the type
   */
  function legendRows(names, room, size) {
    const letters = Math.max(...names.map((name) => name.length));
    const columns = Math.max(1, Math.floor(room / (letters * size * LETTER + KEY)));
    return Math.ceil(names.length / columns);
  }

  /**
   * An axis with as many of its ticks as have room side by side, upright: all, every second, …
   * @param {Earmark.Form} axis @param {number} room in pixels @param {number} size of the type
   */
  function thinned(axis, room, size) {
    if (!axis.ticktext) return axis;
    const step = Math.max(1, Math.ceil((axis.tickvals.length * size * UPRIGHT) / room));
    /** @param {any[]} ticks */
    const kept = (ticks) => ticks.filter((_, at) => at % step === 0);
    return { ...axis, tickvals: kept(axis.tickvals), ticktext: kept(axis.ticktext) };
  }

  window.earmark.figures = { palette, themed, label, legendRows, thinned };
})();
