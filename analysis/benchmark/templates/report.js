/* The report's page: the metric and variant that its reader chose, in every figure. */
(function () {
  "use strict";

  const { earmark } = window;
  let latest = 0;
  /** What the figures show. @type {{part: Earmark.Metric, variant: string, key: string} | null} */
  let shown = null;
  /** @type {HTMLElement[]} */
  let places = [];
  /** Those in view, or nearly so: the others are drawn when they come. @type {Set<HTMLElement>} */
  const near = new Set();

  /** @param {unknown} error */
  const said = (error) => (error instanceof Error ? error.message : String(error));

  async function show() {
    const [select] = earmark.all("#metric", HTMLSelectElement);
    if (!select) return;
    const mine = ++latest;
    const abouts = earmark.all("[data-about]", HTMLElement);
    const entry = earmark.get("index")?.metrics[select.value] ?? "";
    /** @type {Earmark.Metric} */
    let part;
    try {
      part = await earmark.load(`metric/${select.value}`, entry);
    } catch (error) {
      for (const about of abouts) about.textContent = said(error);
      return;
    }
    if (mine !== latest) return; // the reader has chosen again meanwhile
    const variants = Object.keys(part.variants);
    const variant = variants.includes(earmark.variant()) ? earmark.variant() : variants[0];
    const paired = variants.length > 1;
    abouts.forEach((about) => {
      const kind = paired ? `, ${variant}` : "";
      const direction = part.direction ? `; ${part.direction}` : "";
      about.textContent = `${part.heading}${kind}: ${part.summary || "a metric of a plug-in"}`
        .replace(/\.$/, "")
        .concat(`${direction}.`);
    });
    shown = { part, variant, key: `${select.value}/${variant}` };
    for (const place of places) earmark.charts.reserve(place, chartOf(place));
    for (const place of places) if (near.has(place)) await draw(place);
    if (mine === latest) document.documentElement.dataset.drawn = shown.key;
  }

  /** @param {HTMLElement} place */
  const chartOf = (place) => shown?.part.variants[shown.variant][place.dataset.chart ?? ""];

  /** Draw a chart for what is chosen, unless it is drawn for that. @param {HTMLElement} place */
  async function draw(place) {
    if (!shown || place.dataset.shows === shown.key) return;
    const { part, variant, key } = shown;
    const kind = Object.keys(part.variants).length > 1 ? variant : "";
    place.dataset.shows = key;
    const name = `${part.heading} ${kind} ${place.dataset.chart}`.replace(/\s+/g, " ");
    await earmark.charts.draw(place, chartOf(place), name).catch((error) => {
      place.textContent = said(error);
    });
  }

  document.addEventListener("DOMContentLoaded", () => {
    const [select] = earmark.all("#metric", HTMLSelectElement);
    if (!select) return;
    select.addEventListener("change", show);
    earmark.one(".controls", HTMLElement).addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("earmark:choice", show);
    places = earmark.all("[data-chart]", HTMLElement);
    earmark.watch(places, (place, isNear) => {
      if (!isNear) near.delete(place);
      else if (near.add(place)) draw(place);
    });
    window.addEventListener("beforeprint", () => places.forEach(draw));
    show();
  });
})();
