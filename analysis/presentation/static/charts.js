/* Figures: Plotly in the page's colours, with its table folded under it and an SVG to take away. */
(function () {
  "use strict";

  const { earmark } = window;
  // Not `responsive`: Plotly then forgets the height of a figure when its room first changes, and
  // collapses it when that changes again.
  const CONFIG = { displayModeBar: false, doubleClick: false };
  const NARROW = 620;
  const BESIDE = 70; // pixels beside a plot, about, for what its vertical axis says
  const LEGEND_ROW = 1.7; // height of a legend's row in sizes of its type
  const TOOLS = 60; // pixels under a figure, for its buttons
  const CALM = 100; // milliseconds without a change of room, after which figures are drawn anew

  /** What each place shows, and for which width. @type {WeakMap<Element, {figure: Earmark.Figure, width: number}>} */
  const drawn = new WeakMap();

  /**
   * A figure in the page's colours, for the room that it has.
   * @param {Earmark.Figure} figure @param {number} width of its place in pixels
   */
  function styled(figure, width) {
    const narrow = width < NARROW;
    const colours = earmark.figures.palette();
    const family = getComputedStyle(document.body).fontFamily;
    const { data, layout } = earmark.figures.themed(figure, { colours, narrow, family });
    const above = layout.xaxis.side === "top"; // where the names of columns stand
    if (narrow) {
      const { title, short, columns, height } = layout.meta || {};
      if (height) layout.height = height;
      if (title && layout.xaxis.title) layout.xaxis.title.text = title;
      if (short) layout.yaxis.ticktext = short;
      if (columns) layout.xaxis.ticktext = columns;
      for (const trace of data) {
        if (!trace.colorbar) continue;
        trace.colorbar = {
          ...trace.colorbar,
          orientation: "h",
          y: above ? -0.02 : 1.02,
          yanchor: above ? "top" : "bottom",
          thickness: 10,
          title: undefined,
        };
        layout.margin = { ...layout.margin, [above ? "b" : "t"]: 48 };
        layout.height += 40;
      }
    }
    for (const trace of data) {
      if (trace.type !== "heatmap") continue;
      // Numbers only where each cell has room for one.
      const cell = width / (trace.x.length + 4);
      if (cell < (layout.meta?.cell ?? 48)) delete trace.texttemplate;
    }
    layout.xaxis = earmark.figures.thinned(layout.xaxis, width - BESIDE, layout.font.size);
    if (layout.showlegend) {
      // A long legend above the plot takes its own room, not the plot's.
      const named = data.filter((trace) => trace.name && trace.showlegend !== false);
      const names = named.map((trace) => trace.name);
      const rows = earmark.figures.legendRows(names, width - BESIDE, layout.font.size);
      layout.height += Math.round(LEGEND_ROW * layout.font.size * Math.max(0, rows - 1));
      layout.legend = { ...layout.legend, maxheight: 24 * names.length + 24 };
    }
    const words = document.documentElement.dataset.label;
    if (words) {
      if (!above) layout.margin = { ...layout.margin, t: Math.max(layout.margin.t, 22) };
      const label = earmark.figures.label(words, colours, { under: above });
      layout.annotations = [...(layout.annotations || []), label];
    }
    return { data, layout };
  }

  /**
   * Plot a figure for the room that its place has; it follows that room and the theme from then on.
   * @param {HTMLElement} place @param {Earmark.Figure} figure @param {number} [width]
   */
  function plot(place, figure, width = place.clientWidth) {
    const { data, layout } = styled(figure, width);
    if (width) layout.width = width; // none while the place is hidden
    drawn.set(place, { figure, width });
    rooms.observe(place);
    return window.Plotly.react(place, data, layout, CONFIG);
  }

  const plots = () => earmark.all(".js-plotly-plot", HTMLElement);

  /** Draw anew what `stale` says. @param {(width: number, before: number) => boolean} stale */
  function redraw(stale) {
    for (const place of plots()) {
      const before = drawn.get(place);
      if (!before || !place.clientWidth || !stale(place.clientWidth, before.width)) continue;
      plot(place, before.figure);
    }
  }

  let printing = false;
  const fit = () => printing || redraw((width, before) => width !== before);

  let calm = 0;
  const rooms = new ResizeObserver(() => {
    window.clearTimeout(calm);
    calm = window.setTimeout(fit, CALM);
  });
  document.addEventListener("earmark:theme", () => redraw(() => true));

  // Pages are laid out for paper after this event, when no script can follow: so the page takes the
  // width of paper now, whatever the window's, and each figure that of its place there.
  window.addEventListener("beforeprint", () => {
    printing = true;
    document.documentElement.classList.add("printing");
    redraw(() => true);
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    document.documentElement.classList.remove("printing");
    fit();
  });

  /** Offer a plot as an SVG file. @param {HTMLElement} place @param {string} name */
  function download(place, name) {
    return window.Plotly.downloadImage(place, {
      format: "svg",
      width: place.clientWidth,
      height: place.clientHeight,
      filename: name.replace(/[^A-Za-z0-9]+/g, "-"),
    });
  }

  /** @type {Promise<void> | undefined} */
  let coming;
  /** Plotly, for the first figure that comes into view: it costs more than all else on a page. */
  function plotly() {
    coming ??= new Promise((tell, fail) => {
      const script = document.createElement("script");
      script.src = document.documentElement.dataset.plotly ?? "";
      script.onload = () => tell();
      script.onerror = () => fail(new Error("plotly.min.js could not be loaded"));
      document.head.append(script);
    });
    return coming;
  }

  /** Keep the room of a chart that is not drawn yet. @param {HTMLElement} place @param {Earmark.Chart | undefined} chart */
  function reserve(place, chart) {
    if (chart && !place.firstChild) place.style.minHeight = `${chart.figure.layout.height + TOOLS}px`;
  }

  /**
   * Draw a chart into its place, or say that there is nothing to draw.
   * @param {HTMLElement} place @param {Earmark.Chart | undefined} chart @param {string} name
   */
  async function draw(place, chart, name) {
    if (chart && !window.Plotly) await plotly();
    place.style.minHeight = "";
    if (!chart) {
      const [figure] = earmark.all(".plotly-figure", HTMLElement, place);
      if (figure) window.Plotly.purge(figure);
      const empty = document.createElement("p");
      empty.className = "empty";
      empty.textContent = place.dataset.empty || "This metric has no value that could be drawn here.";
      place.replaceChildren(empty);
      return;
    }
    let [figure] = earmark.all(".plotly-figure", HTMLElement, place);
    if (!figure) {
      figure = document.createElement("div");
      figure.className = "plotly-figure";
      figure.setAttribute("role", "img");
      place.replaceChildren(figure);
    }
    figure.setAttribute("aria-label", `${name}; the same numbers stand in the table below`);
    await plot(figure, chart.figure, place.clientWidth);
    if (!figure.dataset.wired) {
      figure.dataset.wired = "yes";
      /** @type {any} */ (figure).on("plotly_click", (/** @type {any} */ event) =>
        visit(songOf(event.points[0])),
      );
    }
    underneath(place, chart, name);
  }

  /** What a point is of: a cell's column, or what its trace says. @param {any} point */
  const songOf = (point) => point.data.meta?.columns?.[point.x] ?? point.customdata;

  /** @param {string} song */
  function visit(song) {
    const page = earmark.get("index")?.songs?.[song];
    if (page) location.href = page;
  }

  let folds = 0;

  /**
   * Under a chart: its table, folded, and what a reader may take away.
   * @param {HTMLElement} place @param {Earmark.Chart} chart @param {string} name
   */
  function underneath(place, chart, name) {
    const before = place.querySelector("[aria-expanded]");
    const region = document.createElement("div");
    region.id = `table-${++folds}`;
    const fold = tool("Table", () => open(fold.getAttribute("aria-expanded") !== "true"));
    fold.setAttribute("aria-controls", region.id);
    const open = (/** @type {boolean} */ on) => {
      fold.setAttribute("aria-expanded", String(on));
      region.hidden = !on;
      if (on && !region.firstChild) region.append(earmark.tables.drawn(chart.table));
    };
    const svg = tool("SVG", () => download(earmark.one(".plotly-figure", HTMLElement, place), name));
    const tools = document.createElement("p");
    tools.className = "tools";
    tools.append(fold, earmark.tables.copyButton(chart.table), svg);
    place.querySelectorAll(".said, .tools, .tools + div").forEach((old) => old.remove());
    if (chart.note) {
      const said = document.createElement("p");
      said.className = "said";
      said.textContent = chart.note;
      place.append(said);
    }
    place.append(tools, region);
    open(Boolean(before && before.getAttribute("aria-expanded") === "true"));
  }

  /** @param {string} words @param {() => void} act */
  function tool(words, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.addEventListener("click", act);
    return button;
  }

  earmark.charts = { draw, reserve, plot, download, styled };
})();
