/* What the cells of a table hold: numbers as a reader sees them, CSV, and the order of a column. */
(function () {
  "use strict";

  /** Itself, or `v` where a note stands beside it. @param {Earmark.Cell | undefined} cell */
  const held = (cell) => (cell !== null && typeof cell === "object" ? cell.v : cell);

  /**
   * A number with `digits` decimals, or three significant digits; a dash for nothing.
   * @param {Earmark.Value | undefined} value @param {number | null} [digits]
   */
  function shown(value, digits) {
    if (value === null || value === undefined || value === "") return "–";
    if (typeof value !== "number") return String(value);
    let text;
    if (digits !== null && digits !== undefined) text = value.toFixed(digits);
    else if (Number.isInteger(value)) text = String(value);
    else text = String(Number(value.toPrecision(3)));
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
  }

  /**
   * A CSV cell that no spreadsheet executes, by the rule of `guarded` in spreadsheet_csv.py.
   * @param {Earmark.Value | undefined} value
   */
  function csvCell(value) {
    if (value === null || value === undefined) return "";
    if (typeof value === "number") return String(value);
    let text = String(value);
    if (/^'*[=+\-@\t\r\n]/.test(text)) text = `'${text}`;
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  /** @param {(Earmark.Value | undefined)[][]} rows */
  const csv = (rows) => rows.map((row) => row.map(csvCell).join(",") + "\n").join("");

  /** Numbers by size, all else as a reader counts. @param {string | number} a @param {string | number} b */
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number"
      ? a - b
      : String(a).localeCompare(String(b), undefined, { numeric: true });

  /**
   * The places of the values in their order; equal ones keep theirs, missing ones stay last.
   * @param {Earmark.Value[]} values @param {{falling: boolean}} how
   */
  function order(values, { falling }) {
    return [...values.keys()].sort((first, second) => {
      const [a, b] = [values[first], values[second]];
      if (a === null || b === null) return Number(a === null) - Number(b === null);
      return falling ? compare(b, a) : compare(a, b);
    });
  }

  window.earmark.cells = { held, shown, csv, order };
})();
