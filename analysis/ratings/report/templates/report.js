/* The listening test's report: its figures, and what a reader chooses of them. */
(function () {
  "use strict";

  const { earmark } = window;

  /** @type {Record<string, Earmark.Figure>} */
  const figures = JSON.parse(earmark.one("#figures", HTMLElement).textContent ?? "{}");

  const PAGE = 640; // pixels of a page's height that a figure may have, on A4 across

  const plots = earmark.all(".plot", HTMLElement);
  /** @param {HTMLElement} place */
  const draw = (place) => earmark.charts.plot(place, figures[place.dataset.figure ?? ""]);

  /** The plot that a control of its figure is about. @param {Element} control */
  const plotOf = (control) =>
    earmark.one(".plot", HTMLElement, control.closest("figure") ?? document);

  const openAll = () =>
    earmark.all("details", HTMLDetailsElement).forEach((fold) => (fold.open = true));

  // Before the figures are drawn for paper, which those that are not drawn yet would miss.
  window.addEventListener(
    "beforeprint",
    () => {
      openAll();
      plots.filter((place) => !place.firstChild).forEach(draw);
      for (const place of plots) place.classList.toggle("tall", place.clientHeight > PAGE);
    },
    { capture: true },
  );

  earmark.all("[data-open-all]", HTMLButtonElement).forEach((button) =>
    button.addEventListener("click", openAll),
  );

  /** Open what an address or a link of the page leads to. */
  function openNamed() {
    const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let fold = named?.closest("details"); fold; fold = fold.parentElement?.closest("details"))
      fold.open = true;
    named?.scrollIntoView();
  }
  window.addEventListener("hashchange", openNamed);

  earmark.all("[data-svg]", HTMLElement).forEach((button) =>
    button.addEventListener("click", () => {
      const place = plotOf(button);
      earmark.charts.download(place, place.dataset.figure ?? "figure");
    }),
  );

  earmark.all("[data-figures]", HTMLSelectElement).forEach((choice) =>
    choice.addEventListener("change", () => {
      const place = plotOf(choice);
      place.dataset.figure = choice.value;
      draw(place);
    }),
  );

  earmark.watch(plots, (place, near) => near && !place.firstChild && draw(place));
  openNamed();
  document.documentElement.dataset.ready = "yes";
})();
