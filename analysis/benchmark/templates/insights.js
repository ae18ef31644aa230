/* Panels of one system at a time: loaded when they come into view, drawn for the reader's choice. */
(function () {
  "use strict";

  const { earmark } = window;
  /** @type {Set<HTMLElement>} */
  const seen = new Set();
  let latest = 0;

  /** @param {Earmark.Drawing} drawing */
  function titled(drawing) {
    const block = document.createElement("div");
    block.className = "drawing";
    const title = document.createElement("h3");
    title.textContent = drawing.title;
    block.append(title);
    return block;
  }

  /** @param {Earmark.Group} group */
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

  /** The reader's choice of system, or of song. @param {HTMLElement} panel @param {string} what */
  const choice = (panel, what) => earmark.one(what, HTMLSelectElement, panel);

  /** @param {HTMLElement} panel @param {Earmark.Group} group */
  async function draw(panel, group) {
    const mine = String(++latest);
    panel.dataset.asked = mine;
    const place = earmark.one("[data-drawings]", HTMLElement, panel);
    const blocks = group.drawings.map(titled);
    place.replaceChildren(...blocks, ...(group.links.length ? [links(group)] : []));
    for (const [at, drawing] of group.drawings.entries()) {
      if (panel.dataset.asked !== mine) return; // the reader has chosen again meanwhile
      const { figure, table } = drawing;
      if (figure) {
        const chart = document.createElement("div");
        chart.className = "chart";
        blocks[at].append(chart);
        await earmark.charts.draw(chart, { figure, table }, drawing.title);
      } else {
        const tools = document.createElement("p");
        tools.className = "tools";
        tools.append(earmark.tables.copyButton(table));
        blocks[at].append(earmark.tables.drawn(table), tools);
      }
    }
    panel.dataset.drawn = choice(panel, "[data-choice]").value;
  }

  /**
   * The songs of a part, in a list of their own; the one chosen before stays if it is there.
   * @param {HTMLElement} panel @param {Earmark.Group[]} part
   */
  function offer(panel, part) {
    const label = earmark.one("[data-groups]", HTMLElement, panel);
    const select = choice(label, "select");
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

  /** @param {HTMLElement} panel */
  async function show(panel) {
    seen.add(panel);
    const name = choice(panel, "[data-choice]").value;
    try {
      /** @type {Earmark.Group[]} */
      const part = await earmark.load(name, earmark.get("index")?.parts[name] ?? "");
      if (choice(panel, "[data-choice]").value !== name) return;
      await draw(panel, offer(panel, part));
    } catch (error) {
      const empty = document.createElement("p");
      empty.className = "empty";
      empty.textContent = error instanceof Error ? error.message : String(error);
      earmark.one("[data-drawings]", HTMLElement, panel).replaceChildren(empty);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    const panels = earmark.all("[data-insight]", HTMLElement);
    for (const panel of panels) {
      const form = earmark.one("form", HTMLFormElement, panel);
      form.addEventListener("submit", (event) => event.preventDefault());
      choice(panel, "[data-choice]").addEventListener("change", () => show(panel));
      choice(panel, "[data-group]").addEventListener("change", () => show(panel));
    }
    earmark.watch(panels, (panel, near) => {
      if (near && !seen.has(panel)) show(panel);
    });
    window.addEventListener("beforeprint", () =>
      panels.forEach((panel) => seen.has(panel) || show(panel)),
    );
  });
})();
