/* The report's page: the metric and variant that its reader chose, in every figure. */
(function () {
  "use strict";

  const { earmark } = window;
  let latest = 0;

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
    for (const place of earmark.all("[data-chart]", HTMLElement)) {
      const name = place.dataset.chart ?? "";
      await earmark.charts.draw(
        place,
        part.variants[variant][name],
        `${part.heading} ${paired ? variant : ""} ${name}`.replace(/\s+/g, " "),
      );
    }
    document.documentElement.dataset.drawn = `${select.value}/${variant}`;
  }

  document.addEventListener("DOMContentLoaded", () => {
    const [select] = earmark.all("#metric", HTMLSelectElement);
    if (!select) return;
    select.addEventListener("change", show);
    earmark.one(".controls", HTMLElement).addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("earmark:choice", show);
    show();
  });
})();
