/* Looking closer: who rated what, on which passage, and what they heard. */
(function () {
  "use strict";

  const { earmark } = window;

  /**
   * @typedef {object} Drill every listener's rating of every cell
   * @property {string[]} listeners
   * @property {string[]} passages
   * @property {string[]} systems
   * @property {(number | null)[][][]} cells by listener, passage and system
   * @property {[name: string, address: string][][][] | null} audio by passage and system
   */
  /** @typedef {{name: string, value: number | null, count: number | null}} Row */

  /** @type {Record<string, Drill>} */
  const drills = JSON.parse(earmark.one("#drills", HTMLElement).textContent ?? "{}");

  /**
   * @template {keyof HTMLElementTagNameMap} T
   * @param {T} name @param {string} [text] @param {string} [className]
   */
  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  /** A player of a file beside or near the report; only one plays at a time. @param {[string, string]} file */
  function player([name, address]) {
    const audio = element("audio");
    audio.controls = true;
    audio.preload = "none";
    audio.src = address;
    audio.setAttribute("aria-label", name);
    audio.addEventListener("play", () =>
      earmark.all("audio", HTMLAudioElement).forEach((other) => other !== audio && other.pause()),
    );
    const lost = "The audio file is not where the report expects it.";
    audio.addEventListener("error", () => audio.replaceWith(element("em", lost)), { once: true });
    return audio;
  }

  /**
   * Everything that can be played on a passage, the chosen system first.
   * @param {[string, string][][]} files of each system @param {number} system
   */
  function heard(files, system) {
    const place = element("div", undefined, "heard");
    const others = [...files.keys()].filter((at) => at !== system);
    for (const one of [system, ...others].flatMap((at) => files[at])) {
      const label = element("label");
      label.append(element("span", one[0]), player(one));
      place.append(label);
    }
    return place;
  }

  /** A system's mean rating on every passage. @param {Drill} drill @param {number} system @returns {Row[]} */
  function byPassage(drill, system) {
    return drill.passages.map((name, at) => {
      const values = drill.cells.flatMap((listener) => listener[at][system] ?? []);
      const sum = values.reduce((a, b) => a + b, 0);
      return { name, value: values.length ? sum / values.length : null, count: values.length };
    });
  }

  /**
   * Every listener's rating of a system on a passage.
   * @param {Drill} drill @param {number} system @param {number} passage @returns {Row[]}
   */
  function byListener(drill, system, passage) {
    return drill.listeners.map((name, at) => ({
      name,
      value: drill.cells[at][passage][system],
      count: null,
    }));
  }

  /** @param {number | null} number @param {number} digits */
  function numberCell(number, digits) {
    const cell = element("td", earmark.cells.shown(number, digits), "num");
    if (number !== null) cell.dataset.raw = String(number);
    return cell;
  }

  /** @param {string} title @param {boolean} numeric */
  function headingOf(title, numeric) {
    const cell = element("th", undefined, numeric ? "num" : "");
    cell.append(element("button", title));
    return cell;
  }

  /** One row per passage (of a system) or per listener (of a system on a passage). @param {HTMLFormElement} form */
  function look(form) {
    const drill = drills[form.dataset.drill ?? ""];
    const chosen = choices(form);
    const system = Number(chosen.system.value);
    const whole = chosen.passage.value === "";
    const passage = Number(chosen.passage.value);
    const { audio } = drill;
    const table = element("table", undefined, "sortable");
    const head = table.createTHead().insertRow();
    if (whole) head.append(headingOf("Passage", false), headingOf("Mean rating", true));
    else head.append(headingOf("Listener", false), headingOf("Rating", true));
    if (whole) head.append(headingOf("Listeners", true));
    if (whole && audio) head.append(headingOf("Audio", false));
    const body = table.createTBody();
    const rows = whole ? byPassage(drill, system) : byListener(drill, system, passage);
    for (const [at, { name, value, count }] of rows.entries()) {
      const row = body.insertRow();
      row.append(whole ? passageCell(name, form, at) : element("th", name, "name"), numberCell(value, 1));
      if (whole) row.append(numberCell(count, 0));
      if (whole && audio) row.insertCell().append(...audio[at][system].map(player));
    }
    earmark.tables.makeSortable(table);
    const scroll = element("div", undefined, "scroll");
    scroll.append(table);
    const sounds = !whole && audio ? [heard(audio[passage], system)] : [];
    form.nextElementSibling?.replaceChildren(...sounds, scroll);
  }

  /** A passage's name, to choose it. @param {string} name @param {HTMLFormElement} form @param {number} at */
  function passageCell(name, form, at) {
    const cell = element("th", undefined, "name");
    const button = element("button", name, "link");
    button.type = "button";
    button.addEventListener("click", () => {
      choices(form).passage.value = String(at);
      look(form);
    });
    cell.append(button);
    return cell;
  }

  /** @param {HTMLFormElement} form */
  function choices(form) {
    return {
      system: earmark.one("[name=system]", HTMLSelectElement, form),
      passage: earmark.one("[name=passage]", HTMLSelectElement, form),
    };
  }

  earmark.all("[data-drill]", HTMLFormElement).forEach((form) => {
    const drill = drills[form.dataset.drill ?? ""];
    const { system, passage } = choices(form);
    const option = (/** @type {string} */ name, /** @type {number} */ at) => new Option(name, String(at));
    system.append(...drill.systems.map(option));
    passage.append(new Option("all passages", ""), ...drill.passages.map(option));
    form.addEventListener("change", () => look(form));
    form.addEventListener("submit", (event) => event.preventDefault());
    look(form);
  });
})();
