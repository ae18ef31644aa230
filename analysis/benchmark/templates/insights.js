/* Panels of one system at a time: loaded when they come into view, drawn for the reader's choice. */
(function () {
  "use strict";

  const { earmark } = window;
  const seen = new Set();
  const shown = new Map(); // the group that each panel shows
  let latest = 0;

  function titled(drawing) {
    const block = document.createElement("div");
    block.className = "drawing";
    const title = document.createElement("h3");
    title.textContent = drawing.title;
    block.append(title);
    return block;
  }

  function links(group) {
    const line = document.createElement("p");
    line.className = "tools";
    for (const [words, address] of group.links) {
      const link = document.createElement("a");
      link.href = address;
      link.textContent = words;
      line.append(link);
    }
    return line;
  }

  async function draw(panel, group) {
    const mine = String(++latest);
    panel.dataset.asked = mine;
    shown.set(panel, group);
    const place = panel.querySelector("[data-drawings]");
    const blocks = group.drawings.map(titled);
    place.replaceChildren(...blocks, ...(group.links.length ? [links(group)] : []));
    for (const [at, drawing] of group.drawings.entries()) {
      if (panel.dataset.asked !== mine) return; // the reader has chosen again meanwhile
      if (drawing.figure) {
        const chart = document.createElement("div");
        chart.className = "chart";
        blocks[at].append(chart);
        await earmark.charts.draw(chart, drawing, drawing.title);
      } else {
        const tools = document.createElement("p");
        tools.className = "tools";
        tools.append(earmark.tables.copyButton(drawing.table));
        blocks[at].append(earmark.tables.drawn(drawing.table), tools);
      }
    }
    panel.dataset.drawn = panel.querySelector("[data-choice]").value;
  }

  /** The same figures in another theme or width; what was unfolded stays so. */
  async function redraw(panel) {
    const charts = panel.querySelectorAll(".drawing > .chart");
    const drawings = (shown.get(panel) || { drawings: [] }).drawings.filter((one) => one.figure);
    if (charts.length !== drawings.length) return; // still being drawn
    for (const [at, drawing] of drawings.entries()) {
      await earmark.charts.draw(charts[at], drawing, drawing.title);
    }
  }

  /** The songs of a part, in a list of their own; the one chosen before stays if it is there. */
  function offer(panel, part) {
    const label = panel.querySelector("[data-groups]");
    const select = label.querySelector("select");
    const before = select.value;
    label.hidden = part.length < 2;
    select.replaceChildren(
      ...part.map((group, at) => {
        const option = document.createElement("option");
        option.value = group.label;
        option.textContent = group.label;
        option.selected = group.label === before || (at === 0 && !before);
        return option;
      }),
    );
    return part[Math.max(0, select.selectedIndex)];
  }

  async function show(panel) {
    seen.add(panel);
    const name = panel.querySelector("[data-choice]").value;
    try {
      const part = await earmark.load(name, earmark.get("index").parts[name]);
      if (panel.querySelector("[data-choice]").value !== name) return;
      await draw(panel, offer(panel, part));
    } catch (error) {
      const empty = document.createElement("p");
      empty.className = "empty";
      empty.textContent = error.message;
      panel.querySelector("[data-drawings]").replaceChildren(empty);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const panels = [...document.querySelectorAll("[data-insight]")];
    const near = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          if (isIntersecting && !seen.has(target)) show(target);
        }
      },
      { rootMargin: "600px" },
    );
    for (const panel of panels) {
      panel.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
      panel.querySelector("[data-choice]").addEventListener("change", () => show(panel));
      panel.querySelector("[data-group]").addEventListener("change", () => show(panel));
      near.observe(panel);
    }
    earmark.charts.onChange(() => seen.forEach(redraw));
    window.addEventListener("beforeprint", () =>
      panels.forEach((panel) => seen.has(panel) || show(panel)),
    );
  });
})();
