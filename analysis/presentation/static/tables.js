/* Tables: sorting by a column, copying as CSV, and drawing those that come as data. */
(function () {
  "use strict";

  const { earmark } = window;
  const { csv, held, order, shown } = earmark.cells;

  /** What a cell stands for: its data if it has some, else its text. @param {HTMLElement} cell */
  function valueOf(cell) {
    const data = cell.dataset[earmark.variant()] ?? cell.dataset.raw ?? cell.dataset.text;
    const text = data ?? cell.textContent?.trim() ?? "";
    if (text === "" || text === "–") return null;
    if (!cell.classList.contains("num")) return text;
    const number = Number(text.replace("−", "-").replaceAll("\u202f", ""));
    return Number.isNaN(number) ? text : number;
  }

  /** @param {HTMLTableElement} table @param {HTMLTableCellElement} heading */
  function sortBy(table, heading) {
    const falling = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentElement?.children ?? []) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const size = (/** @type {Earmark.Value} */ value) =>
      "size" in heading.dataset && typeof value === "number" ? Math.abs(value) : value;
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const values = rows.map((row) => size(valueOf(row.cells[heading.cellIndex])));
    body.append(...order(values, { falling }).map((at) => rows[at]));
  }

  /** @param {HTMLTableElement} table */
  function makeSortable(table) {
    earmark.all("thead th", HTMLTableCellElement, table).forEach((heading) => {
      const button = heading.querySelector("button");
      if (button) button.addEventListener("click", () => sortBy(table, heading));
    });
  }

  /** A table of the page as CSV, in the order in which it stands. @param {HTMLTableElement} table */
  function textOf(table) {
    const header = [...table.rows[0].cells].map((cell) =>
      (cell.querySelector(".label") ?? cell.querySelector("button") ?? cell).textContent
        ?.replace(/\s+/g, " ")
        .trim(),
    );
    return csv([header, ...[...table.tBodies[0].rows].map((row) => [...row.cells].map(valueOf))]);
  }

  /** @param {string} name @param {string} text */
  function piece(name, text) {
    const span = document.createElement("span");
    span.className = name;
    span.textContent = text;
    return span;
  }

  /** A heading that sorts its column: "level (dB)" has its unit apart. @param {string} name @param {string} kind */
  function headingOf(name, kind) {
    const heading = document.createElement("th");
    heading.scope = "col";
    if (kind) heading.className = kind;
    const button = document.createElement("button");
    button.type = "button";
    const [, label, unit] = /^(.*) \(([^()]+)\)$/.exec(name) ?? [name, name, ""];
    button.append(piece("label", label), " ", piece("unit", unit));
    heading.append(button);
    return heading;
  }

  /** The words of a cell, leading to its address if it has one. @param {Earmark.Cell} given @param {string} words */
  function linked(given, words) {
    if (given === null || typeof given !== "object" || !given.href) return words;
    const link = document.createElement("a");
    link.href = given.href;
    link.textContent = words;
    return link;
  }

  /** @param {Earmark.Cell} given @param {{digits: number | null, numeric: boolean}} how */
  function cellOf(given, { digits, numeric }) {
    const value = held(given);
    const cell = document.createElement("td");
    if (numeric) {
      cell.className = "num";
      cell.dataset.raw = String(value ?? "");
    }
    cell.append(linked(given, shown(value, digits)));
    if (given !== null && typeof given === "object" && given.note) {
      const note = document.createElement("small");
      note.textContent = given.note;
      cell.append(note);
    }
    return cell;
  }

  /** @param {Earmark.Cell} given */
  function nameOf(given) {
    const cell = document.createElement("th");
    cell.scope = "row";
    cell.className = "name";
    cell.append(linked(given, String(held(given) ?? "")));
    return cell;
  }

  /** A table from data, to be sorted. @param {Earmark.Table} data */
  function drawn(data) {
    const box = document.createElement("div");
    box.className = "scroll";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Table");
    const table = document.createElement("table");
    table.className = "sortable data";
    const isNumber = (/** @type {Earmark.Cell} */ cell) =>
      held(cell) === null || typeof held(cell) === "number";
    const numeric = data.header.map((_, at) => at > 0 && data.rows.every((row) => isNumber(row[at])));
    const kind = (/** @type {number} */ at) => (at === 0 ? "name" : numeric[at] ? "num" : "");
    const head = table.createTHead().insertRow();
    head.append(...data.header.map((name, at) => headingOf(name, kind(at))));
    const body = table.createTBody();
    for (const [name, ...values] of data.rows) {
      const cells = values.map((given, at) =>
        cellOf(given, { digits: data.digits[at + 1], numeric: numeric[at + 1] }),
      );
      body.insertRow().append(nameOf(name), ...cells);
    }
    box.append(table);
    makeSortable(table);
    return box;
  }

  /** A button that copies a data table as CSV, in full precision. @param {Earmark.Table} data */
  function copyButton(data) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy as CSV";
    const rows = () => [data.header, ...data.rows.map((row) => row.map(held))];
    button.addEventListener("click", () => earmark.copy(csv(rows()), button));
    return button;
  }

  /** @param {HTMLElement} place */
  function fill(place) {
    const data = earmark.get(place.dataset.table ?? "");
    if (!data) return;
    const table = data[earmark.variant()] || data.raw;
    const tools = document.createElement("p");
    tools.className = "tools";
    tools.append(copyButton(table));
    place.replaceChildren(drawn(table), tools);
  }

  /** What a button copies: the CSV stored with its table, else the table that it names. @param {HTMLElement} button */
  function copied(button) {
    const stored = button.closest(".sheet")?.querySelector("script")?.textContent;
    if (stored) return JSON.parse(stored);
    return textOf(earmark.one(`table[data-csv="${button.dataset.copy}"]`, HTMLTableElement));
  }

  earmark.tables = { drawn, copyButton, makeSortable };

  const fillAll = () => earmark.all("[data-table]", HTMLElement).forEach(fill);

  const start = () => {
    earmark.all("table.sortable", HTMLTableElement).forEach(makeSortable);
    earmark.all("button[data-copy]", HTMLButtonElement).forEach((button) =>
      button.addEventListener("click", () => earmark.copy(copied(button), button)),
    );
    fillAll();
  };
  document.addEventListener("earmark:choice", fillAll);
  document.addEventListener("DOMContentLoaded", start);
})();
