/** Words, clocks, keys and answers of the pages. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { press } from "./browser.js";

const { filled, number, t, useLanguage } = await import("../../listening_test/static/widgets/texts.js");
const { clock } = await import("../../listening_test/static/widgets/dom.js");
const { undoes } = await import("../../listening_test/static/widgets/undo.js");
const { arranged } = await import("../../listening_test/static/kinds/pair.js");
const { lack, numberOr } = await import("../../listening_test/static/session/answers.js");

test("names in a text are filled in once, whatever the values hold", () => {
  assert.equal(filled("Play {label}", { label: "A" }), "Play A");
  assert.equal(filled("{a} and {b}", { a: "{b}", b: "$& $1" }), "{b} and $& $1");
  assert.equal(filled("{a}{a}", { a: 0 }), "00");
});

test("a name without a value, and a key without a text, are shown as they are", () => {
  assert.equal(filled("Page {page} of {pages}", { page: 1 }), "Page 1 of {pages}");
  assert.equal(t("no.such.key"), "no.such.key");
});

test("words and numbers follow the language once its catalogue is there, and not before", async () => {
  globalThis.fetch = async (url) =>
    url === "/languages/de.json"
      ? { ok: true, json: async () => ({ "frame.page": "Seite {page}" }) }
      : { ok: false };
  assert.equal(number(1.25), "1.3");
  await useLanguage("xx");
  assert.equal(number(0.5), "0.5");
  await useLanguage("de");
  assert.equal(t("frame.page", { page: 2 }), "Seite 2");
  assert.equal(number(0.5), "0,5");
  assert.equal(number(72), "72");
});

test("the clock shows whole seconds that have passed, and is never wrong by rounding", () => {
  for (let seconds = 0; seconds < 4000; seconds += 1) {
    const [minutes, rest] = clock(seconds).split(":");
    assert.equal(60 * Number(minutes) + Number(rest), seconds);
    assert.match(rest, /^[0-5][0-9]$/);
    assert.equal(clock(seconds + 0.99), clock(seconds));
  }
  assert.equal(clock(3 - 1e-9), "0:03", "a frame's time as a fraction is that second");
});

test("two keys take a rating back, and neither does with another key held", () => {
  for (const key of ["Delete", "Backspace"]) {
    assert.ok(undoes(press(key)));
    for (const held of ["shiftKey", "ctrlKey", "metaKey", "altKey"]) {
      assert.ok(!undoes(press(key, { [held]: true })));
    }
  }
  assert.ok(!undoes(press("z")));
});

test("X stands between the two versions that it may be, and no version is left out", () => {
  const versions = (labels) => [...labels].map((label) => ({ label }));
  const labels = (given) => given.map((one) => one.label).join("");
  for (const given of ["ABX", "AXB", "XAB"]) assert.equal(labels(arranged(versions(given))), "AXB");
  assert.equal(labels(arranged(versions("BXA"))), "BXA");
  assert.equal(labels(arranged(versions("AB"))), "AB");
  assert.equal(labels(arranged(versions("RAB"))), "RAB");
});

test("a number is read with a point or a comma; other text stays, so that it can be mended", () => {
  assert.equal(numberOr("1.5"), 1.5);
  assert.equal(numberOr("1,5"), 1.5);
  assert.equal(numberOr("-3"), -3);
  for (const text of ["about 3", "1,000.5", "1 2", "Infinity", "NaN"]) assert.equal(numberOr(text), text);
});

test("an answer lacks exactly what the question asks", () => {
  const asked = { id: "age", type: "number", label: "Age", required: true, minimum: 18, maximum: 99, step: 1 };
  for (const value of [null, "", []]) assert.equal(lack(asked, value), "unanswered");
  for (const value of [18, 42, 99]) assert.equal(lack(asked, value), null);
  for (const value of [17, 100, 20.5, "forty"]) assert.equal(lack(asked, value), "invalid");
  assert.equal(lack({ ...asked, required: false }, null), null);
  assert.equal(lack({ ...asked, type: "text" }, "forty"), null);
});

test("every step of a fine number is allowed, though fractions are not exact", () => {
  const asked = { id: "hours", type: "number", label: "Hours", minimum: 0.1, maximum: 10, step: 0.1 };
  for (let step = 1; step <= 100; step += 1) assert.equal(lack(asked, Number((step / 10).toFixed(1))), null);
  assert.equal(lack(asked, 0.15), "invalid");
});
