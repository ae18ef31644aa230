/* Tables: sorting by a column, copying as CSV, and drawing those that come as data. */
(function () {
  "use strict";

  const { earmark } = window;

  /** What a cell of data holds: itself, or `v` where a note stands beside it. */
  const held = (cell) => (cell !== null && typeof cell === "object" ? cell.v : cell);

  /** A number with `digits` decimals, or three significant digits; a dash for nothing. */
  function shown(value, digits) {
    if (value === null || value === undefined || value === "") return "–";
    if (typeof value !== "number") return String(value);
    let text;
    if (digits !== null && digits !== undefined) text = value.toFixed(digits);
    else if (Number.isInteger(value)) text = String(value);
    else text = String(Number(value.toPrecision(3)));
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
  }

  /** A CSV cell that no spreadsheet executes: text that looks like a formula gets an apostrophe. */
  function csvCell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    let text = String(value);
    if (/^[=+\-@\t\r\n]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  const csv = (rows) => rows.map((row) => row.map(csvCell).join(",") + "\n").join("");

  /** What a cell stands for: its data if it has some, else its text. */
  function valueOf(cell) {
    const data = cell.dataset[earmark.variant()] ?? cell.dataset.raw ?? cell.dataset.text;
    const text = data ?? cell.textContent.trim();
    if (text === "" || text === "–") return null;
    if (!cell.classList.contains("num")) return text;
    const number = Number(text.replace("−", "-").replaceAll("\u202f", ""));
    return Number.isNaN(number) ? text : number;
  }

  function sortBy(table, heading) {
    const headings = [...heading.parentElement.children];
    const at = headings.indexOf(heading);
    const falling = heading.getAttribute("aria-sort") === "ascending";
    headings.forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", falling ? "descending" : "ascending");
    const size = (value) =>
      "size" in heading.dataset && typeof value === "number" ? Math.abs(value) : value;
    const order = (a, b) =>
      typeof a === "number" && typeof b === "number"
        ? a - b
        : String(a).localeCompare(String(b), undefined, { numeric: true });
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [row, size(valueOf(row.cells[at]))]);
    rows.sort(([, a], [, b]) => {
      if (a === null || b === null) return (a === null) - (b === null); // empty ones stay last
      return falling ? order(b, a) : order(a, b);
    });
    body.append(...rows.map(([row]) => row));
  }

  function makeSortable(table) {
    table.tHead.querySelectorAll("th").forEach((heading) => {
      const button = heading.querySelector("button");
      if (button) button.addEventListener("click", () => sortBy(table, heading));
    });
  }

  function textOf(table) {
    const header = [...table.tHead.rows[0].cells].map((cell) =>
      (cell.querySelector(".label") || cell.querySelector("button") || cell).textContent
        .replace(/\s+/g, " ")
        .trim(),
    );
    return csv([header, ...[...table.tBodies[0].rows].map((row) => [...row.cells].map(valueOf))]);
  }

  function piece(name, text) {
    const span = document.createElement("span");
    span.className = name;
    span.textContent = text;
    return span;
  }

  /** A table from data: `{header, rows, digits}`; the first column names the row. */
  function drawn(data) {
    const box = document.createElement("div");
    box.className = "scroll";
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", "Table");
    const table = document.createElement("table");
    table.className = "sortable data";
    const numeric = data.header.map(
      (_, at) =>
        at > 0 &&
        data.rows.every((row) => held(row[at]) === null || typeof held(row[at]) === "number"),
    );
    const head = table.createTHead().insertRow();
    data.header.forEach((name, at) => {
      const heading = document.createElement("th");
      heading.scope = "col";
      if (at === 0) heading.className = "name";
      else if (numeric[at]) heading.className = "num";
      const button = document.createElement("button");
      button.type = "button";
      const [, label, unit] = /^(.*) \(([^()]+)\)$/.exec(name) || [name, name, ""];
      button.append(piece("label", label), " ", piece("unit", unit));
      heading.append(button);
      head.append(heading);
    });
    const body = table.createTBody();
    data.rows.forEach((values) => {
      const row = body.insertRow();
      values.forEach((given, at) => {
        const value = held(given);
        const cell = document.createElement(at === 0 ? "th" : "td");
        if (at === 0) {
          cell.scope = "row";
          cell.className = "name";
          cell.textContent = value;
        } else {
          if (numeric[at]) {
            cell.className = "num";
            cell.dataset.raw = value ?? "";
          }
          cell.textContent = shown(value, data.digits[at]);
          if (given !== value && given.note) {
            const note = document.createElement("small");
            note.textContent = given.note;
            cell.append(note);
          }
        }
        row.append(cell);
      });
    });
    box.append(table);
    makeSortable(table);
    return box;
  }

  /** A button that copies a data table as CSV, in full precision. */
  function copyButton(data) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy as CSV";
    button.addEventListener("click", () => earmark.copy(csv([data.header, ...data.rows.map((row) => row.map(held))]), button));
    return button;
  }

  function fill(place) {
    const data = earmark.get(place.dataset.table);
    if (!data) return;
    const table = data[earmark.variant()] || data.raw;
    const tools = document.createElement("p");
    tools.className = "tools";
    tools.append(copyButton(table));
    place.replaceChildren(drawn(table), tools);
  }

  earmark.tables = { drawn, copyButton, csv };

  const start = () => {
    document.querySelectorAll("table.sortable").forEach(makeSortable);
    document.querySelectorAll("button[data-copy]").forEach((button) =>
      button.addEventListener("click", () =>
        earmark.copy(textOf(document.querySelector(`table[data-csv="${button.dataset.copy}"]`)), button),
      ),
    );
    document.querySelectorAll("[data-table]").forEach(fill);
  };
  document.addEventListener("earmark:choice", () =>
    document.querySelectorAll("[data-table]").forEach(fill),
  );
  document.addEventListener("DOMContentLoaded", start);
})();
