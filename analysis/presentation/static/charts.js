/* Figures: Plotly in the page's colours, with its table folded under it and an SVG to take away. */
(function () {
  "use strict";

  const { earmark } = window;
  const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false };
  const NARROW = 620;

  function palette() {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(
      ["ink", "muted", "line", "paper"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]),
    );
  }

  /** A copy of a figure with the names of theme colours replaced by the colours. */
  function coloured(value, colours) {
    if (Array.isArray(value)) return value.map((item) => coloured(item, colours));
    if (value && typeof value === "object") {
      return Object.fromEntries(
        Object.entries(value).map(([key, item]) =>
          // Only colours: a song may be called "ink".
          [key, /color$/i.test(key) ? recoloured(item, colours) : coloured(item, colours)],
        ),
      );
    }
    return value;
  }

  function recoloured(value, colours) {
    if (Array.isArray(value)) return value.map((item) => recoloured(item, colours));
    return typeof value === "string" && value in colours ? colours[value] : value;
  }

  function styled(figure, width) {
    const colours = palette();
    const { data, layout } = coloured(structuredClone(figure), colours);
    const axis = { gridcolor: colours.line, linecolor: colours.line, zerolinecolor: colours.line };
    layout.xaxis = { ...axis, ...layout.xaxis };
    layout.yaxis = { ...axis, ...layout.yaxis };
    layout.paper_bgcolor = "rgba(0,0,0,0)";
    layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.font = {
      color: colours.ink,
      size: width < NARROW ? 11 : 13,
      family: getComputedStyle(document.body).fontFamily,
    };
    layout.hoverlabel = {
      bgcolor: colours.paper,
      bordercolor: colours.muted,
      font: { color: colours.ink },
    };
    layout.dragmode = false;
    if (width < NARROW) {
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
      const rows = Math.ceil(named / (width < NARROW ? 1.5 : 4));
      layout.height += 20 * Math.max(0, rows - 1);
      layout.legend = { ...layout.legend, maxheight: 24 * named + 24 };
    }
    if ("simulated" in document.documentElement.dataset) {
      layout.margin = { ...layout.margin, t: Math.max(layout.margin.t, 22) };
      layout.annotations = [
        ...(layout.annotations || []),
        {
          text: "SIMULATED",
          xref: "paper",
          yref: "paper",
          x: 1,
          y: 1,
          xanchor: "right",
          yanchor: "bottom",
          showarrow: false,
          font: { size: 10, color: colours.muted },
        },
      ];
    }
    return { data, layout };
  }

  /** Draw a chart `{figure, table}` into its place, or say that there is nothing to draw. */
  async function draw(place, chart, name) {
    if (!chart) {
      const figure = place.querySelector(".plotly-figure");
      if (figure) window.Plotly.purge(figure);
      const empty = document.createElement("p");
      empty.className = "empty";
      empty.textContent = place.dataset.empty || "This metric has no value that could be drawn here.";
      place.replaceChildren(empty);
      return;
    }
    let figure = place.querySelector(".plotly-figure");
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
      figure.on("plotly_click", (event) => visit(event.points[0].customdata));
    }
    underneath(place, chart, name);
  }

  function visit(song) {
    const index = earmark.get("index");
    const page = index && index.songs && index.songs[song];
    if (page) location.href = page;
  }

  let folds = 0;

  /** Under a chart: its table, folded, and what a reader may take away. */
  function underneath(place, chart, name) {
    const before = place.querySelector("[aria-expanded]");
    const region = document.createElement("div");
    region.id = `table-${++folds}`;
    const fold = tool("Table", () => open(fold.getAttribute("aria-expanded") !== "true"));
    fold.setAttribute("aria-controls", region.id);
    const open = (on) => {
      fold.setAttribute("aria-expanded", String(on));
      region.hidden = !on;
      if (on && !region.firstChild) region.append(earmark.tables.drawn(chart.table));
    };
    const svg = tool("SVG", () =>
      window.Plotly.downloadImage(place.querySelector(".plotly-figure"), {
        format: "svg",
        width: place.clientWidth,
        height: place.querySelector(".plotly-figure").clientHeight,
        filename: name.replace(/[^A-Za-z0-9]+/g, "-"),
      }),
    );
    const tools = document.createElement("p");
    tools.className = "tools";
    tools.append(fold, earmark.tables.copyButton(chart.table), svg);
    place.querySelectorAll(".tools, .tools + div").forEach((old) => old.remove());
    place.append(tools, region);
    open(Boolean(before && before.getAttribute("aria-expanded") === "true"));
  }

  function tool(words, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = words;
    button.addEventListener("click", act);
    return button;
  }

  /** Calls back with every width class that the window passes through, and on a new theme. */
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
