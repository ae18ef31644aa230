/** The rail of an APE page: markers in a row never cover each other, and nothing jumps. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Rail, rows } from "../../listening_test/static/kinds/rail.js";
import { chance } from "./browser.js";

const APART = 46;

test("markers of one row keep their distance, wherever they are put", () => {
  const draw = chance(1);
  for (let turn = 0; turn < 300; turn += 1) {
    const places = Array.from({ length: 1 + Math.floor(draw() * 20) }, () => draw() * 600);
    const found = rows(places, APART);
    for (const [one, place] of places.entries()) {
      for (const [other, second] of places.entries()) {
        if (one === other || found[one] !== found[other]) continue;
        assert.ok(Math.abs(place - second) >= APART);
      }
      // A marker rises only where all lower rows are taken beside it.
      for (let row = 0; row < found[one]; row += 1) {
        const near = places.slice(0, one).some((p, at) => found[at] === row && Math.abs(p - place) < APART);
        assert.ok(near);
      }
    }
  }
});

test("earlier markers sit where they sat, whatever the last one does", () => {
  const still = [10, 30, 200, 215, 400];
  const before = rows(still, APART);
  for (let place = 0; place < 500; place += 5) {
    assert.deepEqual(rows([...still, place], APART).slice(0, -1), before);
  }
});

test("two markers that do not touch share the lowest row", () => {
  assert.deepEqual(rows([0, APART], APART), [0, 0]);
  assert.deepEqual(rows([0, APART - 0.01], APART), [0, 1]);
});

test("the rail grows with a crowd, and does not shrink again until its width changes", () => {
  const rail = new Rail({ spare: 0 });
  const apart = [0, 25, 50, 75];
  const crowd = [50, 50, 50, 50];
  const flat = rail.arrange(apart, { width: 800, scale: 1 }).height;
  const tall = rail.arrange(crowd, { width: 800, scale: 1 }).height;
  assert.ok(tall > flat);
  assert.equal(rail.arrange(apart, { width: 800, scale: 1 }).height, tall);
  assert.equal(rail.arrange(apart, { width: 700, scale: 1 }).height, flat);
});

test("every marker lies on the rail, and rows keep their order, in any crowd", () => {
  const draw = chance(5);
  for (let turn = 0; turn < 200; turn += 1) {
    const rail = new Rail({ spare: Math.round(draw()) });
    const parts = Array.from({ length: 1 + Math.floor(draw() * 26) }, () => 40 + draw() * 20);
    const width = 300 + draw() * 900;
    const { height, heights } = rail.arrange(parts, { width, scale: 1 });
    const found = rows(parts.map((part) => (part / 100) * width), APART);
    for (const [index, low] of heights.entries()) {
      assert.ok(low >= 20 && low + 44 <= height + 1e-9);
      for (const [other, second] of heights.entries()) {
        if (found[index] < found[other]) assert.ok(low < second);
      }
    }
  }
});

test("zoom changes pixels, not rows", () => {
  const parts = [10, 12, 14, 50, 90];
  const one = new Rail({ spare: 1 }).arrange(parts, { width: 600, scale: 1 });
  const two = new Rail({ spare: 1 }).arrange(parts, { width: 1200, scale: 2 });
  assert.deepEqual(one, two);
});
