/** Where playback stands, what loops, how one version fades into another, and how loud it is. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chance } from "./browser.js";

const { Deck, fade, positionIn } = await import("../../listening_test/static/audio/deck.js");
const { gainOf } = await import("../../listening_test/static/audio/level.js");
const { marked, sought } = await import("../../listening_test/static/widgets/timeline.js");
const { press } = await import("./browser.js");

const LENGTH = 48_000;

/** A deck that is not played: it needs no graph. */
const deck = (options) => new Deck({ sampleRate: 1000 }, [{ length: LENGTH }, { length: LENGTH }], {}, options);

test("playback moves frame by frame, and from the loop's last frame to its first", () => {
  const draw = chance(2);
  for (let turn = 0; turn < 200; turn += 1) {
    const start = Math.floor(draw() * 1000);
    const loop = { start, end: start + 1 + Math.floor(draw() * 1000) };
    const offset = start + Math.floor(draw() * (loop.end - start));
    const run = { frame: 500, offset, loop };
    assert.equal(positionIn(run, 0, LENGTH), offset, "before its first frame a run stands still");
    let before = positionIn(run, 500, LENGTH);
    assert.equal(before, offset);
    for (let frame = 501; frame < 500 + 2500; frame += 1) {
      const now = positionIn(run, frame, LENGTH);
      assert.equal(now, before + 1 === loop.end ? loop.start : before + 1);
      before = now;
    }
  }
});

test("without a loop playback ends at the end and stays there", () => {
  const run = { frame: 0, offset: 10, loop: null };
  assert.equal(positionIn(run, LENGTH - 11, LENGTH), LENGTH - 1);
  assert.equal(positionIn(run, LENGTH + 99, LENGTH), LENGTH);
});

test("a region that loops lies inside, is long enough, and is allowed as it is from then on", () => {
  const draw = chance(4);
  const one = deck();
  for (let turn = 0; turn < 1000; turn += 1) {
    const [start, end] = [draw() * 1.4 * LENGTH - 5000, draw() * 1.4 * LENGTH - 5000];
    const loop = one.allowed({ start, end });
    assert.ok(Number.isInteger(loop.start) && Number.isInteger(loop.end));
    assert.ok(loop.start >= 0 && loop.end <= LENGTH);
    assert.ok(loop.end - loop.start >= one.minimumLoop);
    assert.deepEqual(one.allowed(loop), loop);
    assert.deepEqual(one.allowed({ start: end, end: start }), loop, "its edges have no order");
    const [low, high] = [Math.min(start, end), Math.max(start, end)];
    if (low >= 0 && high <= LENGTH && high - low > one.minimumLoop + 1) {
      assert.deepEqual(loop, { start: Math.round(low), end: Math.round(high) });
    }
  }
});

test("sound shorter than the shortest loop loops as a whole", () => {
  const short = new Deck({ sampleRate: 1000 }, [{ length: 300 }], {}, {});
  assert.deepEqual(short.allowed({ start: 100, end: 110 }), { start: 0, end: 300 });
});

test("the shortest version sets the length of all", () => {
  const uneven = new Deck({ sampleRate: 1000 }, [{ length: 900 }, { length: 700 }, { length: 800 }], {}, {});
  assert.equal(uneven.length, 700);
});

test("nobody can seek out of the region that loops", () => {
  const one = deck();
  const draw = chance(6);
  for (let turn = 0; turn < 500; turn += 1) {
    const a = draw() * LENGTH;
    one.setLoop({ start: a, end: draw() * LENGTH }, 0);
    one.seek(draw() * 1.2 * LENGTH, 0);
    const { start, end } = one.loop;
    assert.ok(one.position >= start && one.position < end);
    one.seek(end, 0);
    assert.equal(one.position, start, "the first frame outside is outside");
  }
});

test("a fade runs from nothing to all without a jump or a turn, and back the same way", () => {
  for (const shape of ["cosine", "power"]) {
    for (const frames of [1, 2, 5, 240, 441]) {
      const rising = fade(frames, shape, true);
      const falling = fade(frames, shape, false);
      assert.equal(rising.length, frames + 1);
      assert.equal(rising[0], 0);
      assert.ok(Math.abs(rising[frames] - 1) < 1e-7);
      for (let k = 1; k <= frames; k += 1) {
        assert.ok(rising[k] > rising[k - 1]);
        assert.ok(rising[k] - rising[k - 1] <= 1.6 / frames + 1e-6);
      }
      assert.deepEqual([...falling].reverse(), [...rising]);
      for (let k = 0; k <= frames; k += 1) {
        const sum = shape === "cosine" ? rising[k] + falling[k] : rising[k] ** 2 + falling[k] ** 2;
        assert.ok(Math.abs(sum - 1) < 1e-6, "amplitude, or power, stays whole");
      }
    }
  }
});

test("the fade of BS.1534-3 is a raised cosine: it begins and ends level, and is half half-way", () => {
  const curve = fade(240, "cosine", true);
  for (let k = 0; k <= 240; k += 1) {
    assert.ok(Math.abs(curve[k] - Math.sin((Math.PI * k) / 480) ** 2) < 1e-6);
  }
});

test("even steps of the level are even steps in decibels over a range of 40", () => {
  const decibels = (level) => 20 * Math.log10(gainOf(level));
  assert.ok(Math.abs(decibels(1)) < 1e-9);
  assert.ok(Math.abs(decibels(0) + 40) < 1e-9);
  for (let level = 0; level < 1; level += 0.05) {
    assert.ok(Math.abs(decibels(level + 0.05) - decibels(level) - 2) < 1e-6);
  }
  assert.equal(gainOf(7), gainOf(1), "a level out of range is never louder than full");
  assert.equal(gainOf(-7), gainOf(0));
});

test("no run of keys leaves the timeline", () => {
  const draw = chance(8);
  const keys = ["ArrowRight", "ArrowUp", "ArrowLeft", "ArrowDown", "PageUp", "PageDown", "Home", "End"];
  let position = 0;
  for (let turn = 0; turn < 1000; turn += 1) {
    const event = press(keys[Math.floor(draw() * keys.length)], { shiftKey: draw() < 0.3 });
    position = sought(event, { length: LENGTH, rate: 1000, position });
    assert.ok(position >= 0 && position < LENGTH);
  }
});

test("an arrow is a second, with shift five, and its opposite leads back", () => {
  const at = (position) => ({ length: LENGTH, rate: 1000, position });
  for (const [there, back] of [["ArrowRight", "ArrowLeft"], ["ArrowUp", "ArrowDown"], ["PageUp", "PageDown"]]) {
    const far = there === "PageUp" ? 5000 : 1000;
    assert.equal(sought(press(there), at(20_000)), 20_000 + far);
    assert.equal(sought(press(back), at(20_000 + far)), 20_000);
  }
  assert.equal(sought(press("ArrowRight", { shiftKey: true }), at(0)), 5000);
  assert.equal(sought(press("ArrowRight", { ctrlKey: true }), at(0)), null);
  assert.equal(sought(press("x"), at(0)), null);
});

test("the ear is an edge of the region that was marked, and the region is never inside out", () => {
  const draw = chance(9);
  let region = null;
  for (let turn = 0; turn < 1000; turn += 1) {
    const position = Math.floor(draw() * (LENGTH - 2)) + 1;
    const edge = draw() < 0.5 ? "start" : "end";
    region = marked(region, edge, { position, length: LENGTH });
    assert.equal(region[edge], position);
    assert.ok(region.start < region.end);
    assert.ok(region.start >= 0 && region.end <= LENGTH);
  }
});

test("an edge that is put on the other one frees it", () => {
  const region = { start: 100, end: 200 };
  assert.deepEqual(marked(region, "start", { position: 200, length: 900 }), { start: 200, end: 900 });
  assert.deepEqual(marked(region, "end", { position: 100, length: 900 }), { start: 0, end: 100 });
  assert.deepEqual(region, { start: 100, end: 200 });
});
