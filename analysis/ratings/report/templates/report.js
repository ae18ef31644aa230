/* The listening test's report: its figures, and what a reader chooses of them. */
(function () {
  "use strict";

  const { earmark } = window;

  /** @type {Record<string, Earmark.Figure>} */
  const figures = JSON.parse(earmark.one("#figures", HTMLElement).textContent ?? "{}");

  const plots = earmark.all(".plot", HTMLElement);
  /** @param {HTMLElement} place */
  const draw = (place) => earmark.charts.plot(place, figures[place.dataset.figure ?? ""]);

  /** The plot that a control of its figure is about. @param {Element} control */
  const plotOf = (control) =>
    earmark.one(".plot", HTMLElement, control.closest("figure") ?? document);

  window.addEventListener("beforeprint", () =>
    earmark.all("details", HTMLDetailsElement).forEach((fold) => (fold.open = true)),
  );

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

  plots.forEach(draw);
  document.documentElement.dataset.ready = "yes";
})();
