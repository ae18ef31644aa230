/** What both reports share: numbers, CSV, order, colours, and parts that are loaded on demand. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chance, reportScripts } from "./browser.js";

const earmark = reportScripts("page.js", "cells.js", "figures.js");
const { csv, held, order, shown } = earmark.cells;

/** The rows that a reader of CSV (RFC 4180) finds. */
function read(text) {
  const rows = [[]];
  for (let at = 0; at < text.length; ) {
    let cell = "";
    if (text[at] === '"') {
      for (at += 1; text[at] !== '"' || text[at + 1] === '"'; at += 1) {
        if (text[at] === '"') at += 1;
        cell += text[at];
      }
      at += 1;
    } else while (at < text.length && !",\n".includes(text[at])) cell += text[at++];
    rows.at(-1).push(cell);
    if (text[at++] === "\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

test("a number is shown with its digits, its sign, and never as minus nothing", () => {
  const draw = chance(1);
  for (let turn = 0; turn < 1000; turn += 1) {
    const value = (draw() - 0.5) * 10 ** Math.floor(draw() * 6 - 3);
    const digits = Math.floor(draw() * 4);
    const text = shown(value, digits);
    assert.match(text, digits ? new RegExp(`^−?\\d+\\.\\d{${digits}}$`) : /^−?\d+$/);
    const back = Number(text.replace("−", "-"));
    assert.ok(Math.abs(back - value) <= 0.5 * 10 ** -digits + 1e-12);
    assert.ok(!Object.is(back, -0));
  }
  assert.equal(shown(-0.001, 2), "0.00");
  assert.equal(shown(-0), "0");
});

test("without digits a whole number is whole and any other has three that count", () => {
  assert.equal(shown(12_345), "12345");
  assert.equal(shown(0.123456), "0.123");
  assert.equal(shown(-1234.5), "−1230");
  for (const nothing of [null, undefined, ""]) assert.equal(shown(nothing), "–");
  assert.equal(shown("tcn small"), "tcn small");
});

test("every text comes back from CSV as it was, save for what a spreadsheet would execute", () => {
  const texts = ["plain", 'a "word"', "one, two", "line\nbreak", "cr\rhere", "ümläut", "", "'", '"', ",", "3"];
  const rows = texts.map((text) => [text, "x"]);
  assert.deepEqual(read(csv(rows)), rows);
  for (const start of ["=", "+", "-", "@", "\t", "\r", "\n"]) {
    assert.deepEqual(read(csv([[`${start}1+1`, -1]])), [[`'${start}1+1`, "-1"]]);
  }
});

test("numbers reach CSV in full precision, and what is missing is empty", () => {
  const values = [0.1 + 0.2, -1e-300, 12345678.9, 0];
  const [row] = read(csv([[...values, null, undefined]]));
  assert.deepEqual(row.slice(0, 4).map(Number), values);
  assert.deepEqual(row.slice(4), ["", ""]);
});

test("a cell with a note is its value", () => {
  assert.equal(held({ v: 3, note: "2 to 4" }), 3);
  assert.equal(held({ v: null, note: "failed" }), null);
  assert.equal(held(null), null);
  assert.equal(held("A"), "A");
});

for (const falling of [false, true]) {
  test(`a sorted column ${falling ? "falls" : "rises"}, keeps every row, and has what is missing last`, () => {
    const draw = chance(3);
    for (let turn = 0; turn < 200; turn += 1) {
      const values = Array.from({ length: 30 }, () => (draw() < 0.2 ? null : Math.floor(draw() * 10) - 5));
      const found = order(values, { falling });
      assert.deepEqual([...found].sort((a, b) => a - b), [...values.keys()]);
      const sorted = found.map((at) => values[at]);
      const known = sorted.filter((value) => value !== null);
      assert.deepEqual(sorted.slice(known.length), sorted.filter((value) => value === null));
      for (const [index, at] of found.entries()) {
        if (index === 0 || values[at] === null) continue;
        const before = found[index - 1];
        assert.ok(falling ? values[at] <= values[before] : values[at] >= values[before]);
        if (values[at] === values[before]) assert.ok(at > before, "equal rows keep their order");
      }
    }
  });
}

test("names are sorted as a reader counts, and a name beside numbers stops nothing", () => {
  const sorted = (values) => order(values, { falling: false }).map((at) => values[at]);
  assert.deepEqual(sorted(["step 10", "step 9", "Step 1", null]), ["Step 1", "step 9", "step 10", null]);
  assert.equal(sorted([3, "n/a", 1]).length, 3);
});

test("colours of the theme replace their names, in colours alone and in a copy", () => {
  const figure = {
    data: [{ name: "ink", x: ["muted"], marker: { color: ["ink", "#123456"], line: { color: "line" } } }],
    layout: { xaxis: { title: { text: "accent" } }, yaxis: { gridcolor: "#eeeeee" }, annotations: [] },
  };
  const before = structuredClone(figure);
  const colours = { ink: "#111111", muted: "#222222", line: "#333333", paper: "#ffffff" };
  const look = { colours, narrow: false, family: "serif", zero: "muted" };
  const { data, layout } = earmark.figures.themed(figure, look);
  assert.deepEqual(figure, before);
  assert.deepEqual(data[0].marker, { color: ["#111111", "#123456"], line: { color: "#333333" } });
  assert.equal(data[0].name, "ink");
  assert.deepEqual(data[0].x, ["muted"]);
  assert.equal(layout.xaxis.title.text, "accent");
  assert.equal(layout.xaxis.zerolinecolor, "#222222");
  assert.equal(layout.yaxis.gridcolor, "#eeeeee", "what a figure says for itself holds");
});

test("the mark of simulated numbers stands outside the axis, above or below", () => {
  const label = (under) => earmark.figures.label("SIMULATED", { muted: "#222222" }, { under });
  assert.deepEqual([label(false).y, label(false).yanchor], [1, "bottom"]);
  assert.deepEqual([label(true).y, label(true).yanchor], [0, "top"]);
});

test("a legend has a row for every so many names as fit beside each other", () => {
  const { legendRows } = earmark.figures;
  const names = (count, letters) => Array.from({ length: count }, () => "x".repeat(letters));
  assert.equal(legendRows(names(40, 38), 300, 11), 40, "never less than one in a row");
  assert.equal(legendRows(names(1, 5), 1200, 13), 1);
  assert.equal(legendRows(names(4, 5), 1200, 13), 1);
  for (const room of [200, 400, 800, 1200]) {
    for (const letters of [1, 10, 40]) {
      const rows = legendRows(names(24, letters), room, 12);
      assert.ok(rows >= 1 && rows <= 24);
      assert.ok(rows >= legendRows(names(24, letters), 2 * room, 12));
      assert.ok(rows <= legendRows(names(24, letters + 5), room, 12));
    }
  }
});

test("names under a plot are thinned until those that are left have room", () => {
  const { thinned } = earmark.figures;
  const axis = { tickvals: [...Array(40).keys()], ticktext: Array.from({ length: 40 }, (_, at) => `s${at}`) };
  const before = structuredClone(axis);
  for (const [room, step] of [[1000, 1], [360, 1], [300, 2], [120, 3], [90, 4]]) {
    const found = thinned(axis, room, 10);
    assert.deepEqual(found.tickvals, axis.tickvals.filter((at) => at % step === 0));
    assert.deepEqual(found.ticktext, found.tickvals.map((at) => `s${at}`));
    assert.ok(found.tickvals.length * 10 * 0.9 <= room + 9);
  }
  assert.deepEqual(axis, before);
  assert.deepEqual(thinned({ tickvals: [1, 2, 3] }, 1, 10), { tickvals: [1, 2, 3] }, "numbers stay");
});

test("a part is loaded once for all who wait for it, and all are told when it fails", async () => {
  const scripts = [];
  const removed = [];
  document.createElement = () => ({ remove() { removed.push(this.src); } });
  document.head.append = (script) => scripts.push(script);
  const all = [earmark.load("a", "a.js"), earmark.load("a", "a.js"), earmark.load("a", "a.js")];
  assert.equal(scripts.length, 1);
  earmark.put("a", { value: 1 });
  assert.deepEqual(await Promise.all(all), [{ value: 1 }, { value: 1 }, { value: 1 }]);
  assert.deepEqual(await earmark.load("a", "a.js"), { value: 1 });
  assert.equal(scripts.length, 1);

  const lost = [earmark.load("b", "b.js"), earmark.load("b", "b.js")];
  scripts[1].onerror();
  for (const one of await Promise.allSettled(lost)) {
    assert.equal(one.status, "rejected");
    assert.match(one.reason.message, /b\.js could not be loaded/);
  }
  const again = earmark.load("b", "b.js");
  earmark.put("b", 2);
  assert.equal(await again, 2, "another try may succeed");
  assert.equal(scripts.length, 3);
  scripts[2].onload();
  assert.deepEqual(removed, ["b.js", "b.js"], "a script that has run, or failed, is no longer held");
});

test("what is taken is not kept", async () => {
  document.createElement = () => ({ remove() {} });
  document.head.append = () => {};
  const taken = earmark.take("large", "large.js");
  earmark.put("large", "text");
  assert.equal(await taken, "text");
  assert.equal(earmark.get("large"), undefined);
});

test("a heat map's cells are named by row and column, as text and never as markup", () => {
  const trace = { type: "heatmap", z: [[1, 2]], meta: { rows: ["<b>net</b>"], columns: ["a & b", "c"], says: [["wins", ""]] } };
  const figure = { data: [trace], layout: { xaxis: {}, yaxis: {} } };
  const { data } = earmark.figures.themed(figure, { colours: {}, narrow: false, family: "serif" });
  assert.deepEqual(data[0].customdata, [
    ["&lt;b&gt;net&lt;/b&gt;<br>a &amp; b<br>wins", "&lt;b&gt;net&lt;/b&gt;<br>c"],
  ]);
});
