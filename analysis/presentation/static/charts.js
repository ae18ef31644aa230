/* Figures: Plotly in the page's colours, with its table folded under it and an SVG to take away. */
(function () {
  "use strict";

  const { earmark } = window;
  const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false };
  const NARROW = 620;

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
      const { title, short, columns } = layout.meta || {};
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
    if (layout.showlegend) {
      // A long legend above the plot takes its own room, not the plot's.
      const named = data.filter((trace) => trace.name && trace.showlegend !== false).length;
      const rows = Math.ceil(named / (narrow ? 1.5 : 4));
      layout.height += 20 * Math.max(0, rows - 1);
      layout.legend = { ...layout.legend, maxheight: 24 * named + 24 };
    }
    const words = document.documentElement.dataset.label;
    if (words) {
      if (!above) layout.margin = { ...layout.margin, t: Math.max(layout.margin.t, 22) };
      const label = earmark.figures.label(words, colours, { under: above });
      layout.annotations = [...(layout.annotations || []), label];
    }
    return { data, layout };
  }

  /** Plot a figure for the room that its place has. @param {HTMLElement} place @param {Earmark.Figure} figure @param {number} [width] */
  function plot(place, figure, width = place.clientWidth) {
    const { data, layout } = styled(figure, width);
    return window.Plotly.react(place, data, layout, CONFIG);
  }

  /** Offer a plot as an SVG file. @param {HTMLElement} place @param {string} name */
  function download(place, name) {
    return window.Plotly.downloadImage(place, {
      format: "svg",
      width: place.clientWidth,
      height: place.clientHeight,
      filename: name.replace(/[^A-Za-z0-9]+/g, "-"),
    });
  }

  /**
   * Draw a chart into its place, or say that there is nothing to draw.
   * @param {HTMLElement} place @param {Earmark.Chart | undefined} chart @param {string} name
   */
  async function draw(place, chart, name) {
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
        visit(event.points[0].customdata),
      );
    }
    underneath(place, chart, name);
  }

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
    place.querySelectorAll(".tools, .tools + div").forEach((old) => old.remove());
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

  /** Calls back with every width class that the window passes through, and on a new theme. @param {() => void} redraw */
  function onChange(redraw) {
    let before = document.documentElement.clientWidth < NARROW;
    window.addEventListener("resize", () => {
      const narrow = document.documentElement.clientWidth < NARROW;
      if (narrow !== before) redraw();
      before = narrow;
    });
    document.addEventListener("earmark:theme", redraw);
  }

  window.addEventListener("beforeprint", () =>
    earmark.all(".js-plotly-plot", HTMLElement).forEach((place) => window.Plotly.Plots.resize(place)),
  );

  earmark.charts = { draw, plot, download, onChange };
})();
