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
    const { data, layout } = earmark.figures.themed(figure, { colours, narrow, family, zero: "line" });
    if (narrow) {
      const title = layout.xaxis.title;
      if (title && title.text) title.text = title.text.replace(": ", "<br>");
      if (layout.meta && layout.meta.short) layout.yaxis.ticktext = layout.meta.short;
      if (layout.meta && layout.meta.narrow) layout.xaxis.ticktext = layout.meta.narrow;
      for (const trace of data) {
        if (!trace.colorbar) continue;
        trace.colorbar = {
          ...trace.colorbar,
          orientation: "h",
          y: 1.02,
          yanchor: "bottom",
          thickness: 10,
          title: undefined,
        };
        layout.margin = { ...layout.margin, t: 48 };
        layout.height += 40;
      }
    }
    for (const trace of data) {
      if (trace.type !== "heatmap") continue;
      // Numbers only where each cell has room for one.
      if (width / (trace.x.length + 4) < 48) delete trace.texttemplate;
    }
    if (layout.showlegend) {
      // A long legend above the plot takes its own room, not the plot's.
      const named = data.filter((trace) => trace.name && trace.showlegend !== false).length;
      const rows = Math.ceil(named / (narrow ? 1.5 : 4));
      layout.height += 20 * Math.max(0, rows - 1);
      layout.legend = { ...layout.legend, maxheight: 24 * named + 24 };
    }
    if ("simulated" in document.documentElement.dataset) {
      layout.margin = { ...layout.margin, t: Math.max(layout.margin.t, 22) };
      const label = earmark.figures.label("SIMULATED", colours);
      layout.annotations = [...(layout.annotations || []), label];
    }
    return { data, layout };
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
    const { data, layout } = styled(chart.figure, place.clientWidth);
    await window.Plotly.react(figure, data, layout, CONFIG);
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
    const svg = tool("SVG", () => {
      const figure = earmark.one(".plotly-figure", HTMLElement, place);
      window.Plotly.downloadImage(figure, {
        format: "svg",
        width: place.clientWidth,
        height: figure.clientHeight,
        filename: name.replace(/[^A-Za-z0-9]+/g, "-"),
      });
    });
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

  earmark.charts = { draw, onChange };
})();
