/* Draws every figure of the page as an image, and leaves all of them as text at its end. */
(async function () {
  "use strict";

  // What Plotly draws by chance is drawn alike each time (a linear congruential generator).
  let state = 1;
  Math.random = () => (state = (state * 48271) % 2147483647) / 2147483647;

  /** @type {{figures: Earmark.Figure[], width: number, dots: number, marks: string[]}} */
  const asked = JSON.parse(document.getElementById("asked")?.textContent ?? "{}");
  const made = [];
  for (const figure of asked.figures) {
    const { data, layout } = window.earmark.charts.styled(figure, asked.width);
    const size = { width: asked.width, height: Math.round(layout.height) };
    const whole = { data, layout: { ...layout, ...size, paper_bgcolor: "#ffffff" } };
    const svg = await window.Plotly.toImage(whole, { format: "svg", ...size });
    const png = asked.dots && (await window.Plotly.toImage(whole, { format: "png", scale: asked.dots, ...size }));
    made.push({ svg, png: png || "", ...size });
  }
  const text = document.createElement("pre");
  text.textContent = asked.marks[0] + encodeURIComponent(JSON.stringify(made)) + asked.marks[1];
  document.body.append(text);
})();
