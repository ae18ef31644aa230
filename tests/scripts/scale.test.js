/** Scales: every key and every position leads to a value that the scale has. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { afterKey, at, middle, nearest, percent, smallStep, wordFor } from "../../listening_test/static/widgets/scale.js";
import { chance, press } from "./browser.js";

const SCALES = [
  { minimum: 0, maximum: 100, step: null },
  { minimum: 0, maximum: 100, step: 1 },
  { minimum: 1, maximum: 5, step: 0.1 },
  { minimum: -3, maximum: 3, step: 1 },
  { minimum: -50, maximum: 50, step: 2.5 },
];
const KEYS = ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "PageUp", "PageDown", "Home", "End"];

for (const scale of SCALES) {
  const name = `${scale.minimum} to ${scale.maximum} by ${scale.step}`;
  const moved = (key, value, held) =>
    nearest(scale, afterKey(press(key, held), value, { ...scale, small: smallStep(scale) }));

  test(`from end to end by arrow keys, no step is left out, lost or repeated: ${name}`, () => {
    const small = smallStep(scale);
    const steps = Math.round((scale.maximum - scale.minimum) / small);
    let value = scale.minimum;
    for (let step = 1; step <= steps; step += 1) {
      value = moved("ArrowRight", value);
      assert.equal(value, nearest(scale, scale.minimum + step * small));
    }
    assert.equal(value, scale.maximum);
    for (let step = 0; step < steps; step += 1) value = moved("ArrowLeft", value);
    assert.equal(value, scale.minimum);
  });

  test(`no run of keys leaves the scale or its steps: ${name}`, () => {
    const draw = chance(7);
    let value = scale.minimum;
    for (let turn = 0; turn < 2000; turn += 1) {
      const before = value;
      const key = KEYS[Math.floor(draw() * KEYS.length)];
      value = moved(key, value, { shiftKey: draw() < 0.3 });
      assert.ok(value >= scale.minimum && value <= scale.maximum);
      assert.equal(nearest(scale, value), value);
      const step = scale.step ?? 0.1;
      const steps = (value - scale.minimum) / step;
      assert.ok(Math.abs(steps - Math.round(steps)) < 1e-6, `${value} is between two steps`);
      if (["ArrowRight", "ArrowUp", "PageUp"].includes(key)) assert.ok(value > before || value === scale.maximum);
      if (["ArrowLeft", "ArrowDown", "PageDown"].includes(key)) assert.ok(value < before || value === scale.minimum);
    }
  });

  test(`a value stands where it is read again, and further right where it is higher: ${name}`, () => {
    let before = -Infinity;
    for (let part = 0; part <= 1; part += 1 / 64) {
      const value = at(scale, part);
      assert.ok(Math.abs(percent(scale, value) - 100 * part) < 1e-9);
      assert.ok(nearest(scale, value) >= before);
      before = nearest(scale, value);
    }
    assert.equal(percent(scale, scale.minimum), 0);
    assert.equal(percent(scale, scale.maximum), 100);
  });

  test(`the nearest value is never further than half a step: ${name}`, () => {
    const draw = chance(3);
    const step = scale.step ?? 0.1;
    for (let turn = 0; turn < 500; turn += 1) {
      const raw = at(scale, draw());
      assert.ok(Math.abs(nearest(scale, raw) - raw) <= step / 2 + 1e-4);
    }
    assert.equal(nearest(scale, scale.maximum + 1e6), scale.maximum);
    assert.equal(nearest(scale, scale.minimum - 1e6), scale.minimum);
  });
}

test("keys that are no steps, and steps with a command key, mean nothing", () => {
  const scale = { minimum: 0, maximum: 100, small: 1 };
  for (const key of ["a", "Enter", " ", "Tab", "toString", "Delete"]) {
    assert.equal(afterKey(press(key), 50, scale), null);
  }
  for (const held of ["ctrlKey", "metaKey", "altKey"]) {
    assert.equal(afterKey(press("ArrowRight", { [held]: true }), 50, scale), null);
  }
});

test("shift makes ten steps of one, and never less than one step", () => {
  assert.equal(afterKey(press("ArrowUp", { shiftKey: true }), 50, { minimum: 0, maximum: 100, small: 1 }), 60);
  assert.equal(afterKey(press("ArrowUp", { shiftKey: true }), 2, { minimum: 1, maximum: 5, small: 1 }), 3);
});

test("every value of a banded scale has its band's word, a border the upper one's", () => {
  const words = ["Bad", "Poor", "Fair", "Good", "Excellent"];
  const labels = words.map((text, index) => ({ text, from: index * 20, to: (index + 1) * 20 }));
  const scale = { minimum: 0, maximum: 100, labels };
  for (let value = 0; value <= 100; value += 0.5) {
    assert.equal(wordFor(scale, value), words[Math.min(4, Math.floor(value / 20))]);
  }
  assert.deepEqual(labels.map((label) => middle(scale, label)), [10, 30, 50, 70, 90]);
});

test("a scale with marks has the nearest mark's word; without labels there is none", () => {
  const labels = [{ value: 5, text: "imperceptible" }, { value: 1, text: "very annoying" }];
  const scale = { minimum: 1, maximum: 5, labels };
  assert.equal(wordFor(scale, 4.9), "imperceptible");
  assert.equal(wordFor(scale, 1.2), "very annoying");
  assert.deepEqual(labels.map((label) => label.value), [5, 1], "the study's order is left alone");
  assert.equal(wordFor({ minimum: 0, maximum: 1, labels: [] }, 0.5), "");
});
