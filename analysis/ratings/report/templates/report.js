/* Figures in the page's colours, tables that sort, and a closer look; a classic script, because
   pages opened from the file system load no modules. */
(function () {
  "use strict";

  const root = document.documentElement;
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const drills = JSON.parse(document.getElementById("drills").textContent);
  const THEMES = ["automatic", "light", "dark"];
  const NAMES = ["ink", "muted", "line", "paper", "accent", "amber"];
  const NARROW = 620;
  let theme = "automatic";

  function palette() {
    const style = getComputedStyle(root);
    return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
  }

  /** A copy with colour names replaced: only under keys that hold colours, as a system may be "ink". */
  function coloured(value, colours, key = "") {
    if (Array.isArray(value)) return value.map((item) => coloured(item, colours, key));
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, coloured(v, colours, k)]));
    }
    return /color$/i.test(key) && typeof value === "string" && value in colours ? colours[value] : value;
  }

  function draw(place) {
    const colours = palette();
    const { data, layout } = coloured(structuredClone(figures[place.dataset.figure]), colours);
    const axis = { gridcolor: colours.line, linecolor: colours.line, zerolinecolor: colours.muted };
    layout.xaxis = { ...axis, ...layout.xaxis };
    layout.yaxis = { ...axis, ...layout.yaxis };
    layout.paper_bgcolor = "rgba(0,0,0,0)";
    layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.dragmode = false;
    layout.font = {
      color: colours.ink,
      size: place.clientWidth < NARROW ? 11 : 13,
      family: getComputedStyle(document.body).fontFamily,
    };
    layout.hoverlabel = { bgcolor: colours.paper, bordercolor: colours.muted, font: { color: colours.ink } };
    if (root.dataset.label) {
      layout.annotations = [
        ...(layout.annotations || []),
        { text: root.dataset.label, xref: "paper", yref: "paper", x: 1, y: layout.xaxis.side === "top" ? 0 : 1, xanchor: "right", yanchor: layout.xaxis.side === "top" ? "top" : "bottom", showarrow: false, font: { size: 10, color: colours.muted } },
      ];
    }
    return window.Plotly.react(place, data, layout, { displayModeBar: false, responsive: true, doubleClick: false });
  }

  const plots = [...document.querySelectorAll(".plot")];
  const drawAll = () => plots.forEach(draw);

  function useTheme(next) {
    theme = next;
    if (theme === "automatic") delete root.dataset.theme;
    else root.dataset.theme = theme;
    document.getElementById("theme").textContent = `Theme: ${theme}`;
    drawAll();
  }

  document.getElementById("theme").addEventListener("click", () =>
    useTheme(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]),
  );
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("details").forEach((fold) => (fold.open = true));
    plots.forEach((place) => window.Plotly.Plots.resize(place));
  });

  document.querySelectorAll("[data-svg]").forEach((button) =>
    button.addEventListener("click", () => {
      const place = button.closest("figure").querySelector(".plot");
      window.Plotly.downloadImage(place, { format: "svg", width: place.clientWidth, height: place.clientHeight, filename: place.dataset.figure });
    }),
  );

  document.querySelectorAll("[data-figures]").forEach((choice) =>
    choice.addEventListener("change", () => {
      const place = choice.closest("figure").querySelector(".plot");
      place.dataset.figure = choice.value;
      draw(place);
    }),
  );

  document.querySelectorAll("[data-copy]").forEach((button) =>
    button.addEventListener("click", async () => {
      const text = JSON.parse(button.closest(".sheet").querySelector("script").textContent);
      const words = button.textContent;
      try {
        await navigator.clipboard.writeText(text);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Could not copy";
      }
      setTimeout(() => (button.textContent = words), 1500);
    }),
  );

  /** Numbers by value, names by their own order; what is missing stays last. */
  function sort(table, column, down) {
    const body = table.tBodies[0];
    const key = (row) => {
      const cell = row.cells[column];
      if (cell.dataset.key) return Number(cell.dataset.key);
      return cell.textContent === "–" ? null : cell.textContent;
    };
    const rows = [...body.rows].map((row) => [key(row), row]);
    rows.sort(([a], [b]) => {
      if (a === null || b === null) return (a === null) - (b === null);
      const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
      return down ? -order : order;
    });
    rows.forEach(([, row]) => body.append(row));
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("thead button");
    if (!button) return;
    const cell = button.parentElement;
    const down = cell.getAttribute("aria-sort") === "ascending";
    cell.parentElement.querySelectorAll("th").forEach((other) => other.removeAttribute("aria-sort"));
    cell.setAttribute("aria-sort", down ? "descending" : "ascending");
    sort(cell.closest("table"), cell.cellIndex, down);
  });

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  /** A player of a file beside or near the report; only one plays at a time. */
  function player([name, address]) {
    const audio = element("audio");
    audio.controls = true;
    audio.preload = "none";
    audio.src = address;
    audio.setAttribute("aria-label", name);
    audio.addEventListener("play", () =>
      document.querySelectorAll("audio").forEach((other) => other !== audio && other.pause()),
    );
    audio.addEventListener("error", () => audio.replaceWith(element("em", "The audio file is not where the report expects it.")), { once: true });
    return audio;
  }

  /** Everything that can be played on a passage, the chosen system first. */
  function heard(drill, passage, system) {
    const place = element("div", undefined, "heard");
    const order = [system, ...drill.systems.keys()].filter((at, index, all) => all.indexOf(at) === index);
    for (const at of order) {
      for (const one of drill.audio[passage][at]) {
        const label = element("label");
        label.append(element("span", one[0]), player(one));
        place.append(label);
      }
    }
    return place;
  }

  /** One row per passage (of a system) or per listener (of a system on a passage). */
  function look(form) {
    const drill = drills[form.dataset.drill];
    const system = Number(form.elements.system.value);
    const passage = form.elements.passage.value;
    const known = (value) => value !== null;
    const mean = (values) => (values.length ? values.reduce((a, b) => a + b, 0) / values.length : null);
    const whole = passage === "";
    const rows = whole
      ? drill.passages.map((name, at) => {
          const values = drill.cells.map((listener) => listener[at][system]).filter(known);
          return [name, mean(values), values.length];
        })
      : drill.listeners.map((name, at) => [name, drill.cells[at][passage][system], null]);
    const table = element("table");
    const head = table.createTHead().insertRow();
    const plays = whole && drill.audio;
    for (const [title, numeric] of [[whole ? "Passage" : "Listener", false], [whole ? "Mean rating" : "Rating", true], ...(whole ? [["Listeners", true]] : []), ...(plays ? [["Audio", false]] : [])]) {
      const cell = element("th", undefined, numeric ? "num" : "");
      cell.append(element("button", title));
      head.append(cell);
    }
    const body = table.createTBody();
    rows.forEach(([name, value, count], at) => {
      const row = body.insertRow();
      const first = element("th");
      if (whole) {
        const button = element("button", name, "link");
        button.type = "button";
        button.addEventListener("click", () => {
          form.elements.passage.value = String(at);
          look(form);
        });
        first.append(button);
      } else first.textContent = name;
      row.append(first);
      for (const [number, digits] of [[value, 1], ...(whole ? [[count, 0]] : [])]) {
        const cell = element("td", number === null ? "–" : number.toFixed(digits).replace("-", "−"), "num");
        if (number !== null) cell.dataset.key = String(number);
        row.append(cell);
      }
      if (plays) row.insertCell().append(...drill.audio[at][system].map(player));
    });
    const place = form.nextElementSibling;
    const scroll = element("div", undefined, "scroll");
    scroll.append(table);
    place.replaceChildren(...(!whole && drill.audio ? [heard(drill, Number(passage), system)] : []), scroll);
  }

  document.querySelectorAll("[data-drill]").forEach((form) => {
    const drill = drills[form.dataset.drill];
    drill.systems.forEach((name, at) => form.elements.system.append(new Option(name, String(at))));
    form.elements.passage.append(new Option("all passages", ""));
    drill.passages.forEach((name, at) => form.elements.passage.append(new Option(name, String(at))));
    form.addEventListener("change", () => look(form));
    form.addEventListener("submit", (event) => event.preventDefault());
    look(form);
  });

  drawAll();
  root.dataset.ready = "yes";
})();
