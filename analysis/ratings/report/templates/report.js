/* The listening test's report: figures in the page's colours, tables that sort and copy. */
(function () {
  "use strict";

  const { earmark } = window;
  const root = document.documentElement;
  const NARROW = 620;
  const CONFIG = { displayModeBar: false, responsive: true, doubleClick: false };

  /** @type {Record<string, Earmark.Figure>} */
  const figures = JSON.parse(earmark.one("#figures", HTMLElement).textContent ?? "{}");

  /** @param {HTMLElement} place */
  function draw(place) {
    const colours = earmark.figures.palette();
    const narrow = place.clientWidth < NARROW;
    const family = getComputedStyle(document.body).fontFamily;
    const look = { colours, narrow, family, zero: "muted" };
    const { data, layout } = earmark.figures.themed(figures[place.dataset.figure ?? ""], look);
    if (root.dataset.label) {
      const under = layout.xaxis.side === "top";
      const label = earmark.figures.label(root.dataset.label, colours, { under });
      layout.annotations = [...(layout.annotations || []), label];
    }
    return window.Plotly.react(place, data, layout, CONFIG);
  }

  const plots = earmark.all(".plot", HTMLElement);
  const drawAll = () => plots.forEach(draw);

  /** The plot that a control of its figure is about. @param {Element} control */
  const plotOf = (control) =>
    earmark.one(".plot", HTMLElement, control.closest("figure") ?? document);

  document.addEventListener("earmark:theme", drawAll);
  window.addEventListener("beforeprint", () => {
    earmark.all("details", HTMLDetailsElement).forEach((fold) => (fold.open = true));
    plots.forEach((place) => window.Plotly.Plots.resize(place));
  });

  earmark.all("[data-svg]", HTMLElement).forEach((button) =>
    button.addEventListener("click", () => {
      const place = plotOf(button);
      window.Plotly.downloadImage(place, {
        format: "svg",
        width: place.clientWidth,
        height: place.clientHeight,
        filename: place.dataset.figure,
      });
    }),
  );

  earmark.all("[data-figures]", HTMLSelectElement).forEach((choice) =>
    choice.addEventListener("change", () => {
      const place = plotOf(choice);
      place.dataset.figure = choice.value;
      draw(place);
    }),
  );

  earmark.all("[data-copy]", HTMLElement).forEach((button) =>
    button.addEventListener("click", () => {
      const sheet = earmark.one("script", HTMLScriptElement, button.closest(".sheet") ?? document);
      earmark.copy(JSON.parse(sheet.textContent ?? '""'), button);
    }),
  );

  /** What a cell stands for: its number, else its text. @param {HTMLTableCellElement} cell */
  function valueOf(cell) {
    if (cell.dataset.key) return Number(cell.dataset.key);
    return cell.textContent === "–" ? null : cell.textContent;
  }

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("thead button") : null;
    const heading = button?.closest("th");
    const body = button?.closest("table")?.tBodies[0];
    if (!heading || !body) return;
    const falling = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentElement?.children ?? []) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const rows = [...body.rows];
    const values = rows.map((row) => valueOf(row.cells[heading.cellIndex]));
    body.append(...earmark.cells.order(values, { falling }).map((at) => rows[at]));
  });

  drawAll();
  root.dataset.ready = "yes";
})();
