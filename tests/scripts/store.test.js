/** The store of a rating page: what was given is kept, told once, and what is missing is known. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Store } from "../../listening_test/static/session/store.js";
import { chance } from "./browser.js";

const scale = { minimum: 0, maximum: 100, step: 1, labels: [] };
const question = (id, more = {}) => ({ id, name: id, per: "stimulus", input: "scale", scale, options: [], ...more });

/** A page with a reference and versions A, B, C, nothing of it rated. */
function page({ questions = [question("q")], rules = {}, comments = "none" } = {}) {
  const own = questions.filter((one) => one.per === "stimulus");
  const rating = () => Object.fromEntries(own.map((one) => [one.id, null]));
  const versions = ["A", "B", "C"].map((label) => ({ id: label, label, role: "stimulus", rating: rating() }));
  const reference = { id: "R", label: "R", role: "reference", rating: {} };
  return { number: 3, questions, rules, comments, stimuli: [reference, ...versions], ratings: {} };
}

function store(step) {
  const told = [];
  const made = new Store(step, { add: (type, details) => told.push({ type, ...details }) });
  return { made, told };
}

test("every change of a rating is told once, in order, with its page", () => {
  const { made, told } = store(page());
  const draw = chance(1);
  const given = [];
  for (let turn = 0; turn < 500; turn += 1) {
    const stimulus = "ABC"[Math.floor(draw() * 3)];
    const value = draw() < 0.2 ? null : Math.floor(draw() * 3);
    if (made.value(stimulus, "q") !== value) given.push([stimulus, value]);
    made.rate(stimulus, "q", value);
    assert.equal(made.value(stimulus, "q"), value);
  }
  assert.deepEqual(told.map((one) => [one.stimulus, one.value]), given);
  assert.ok(told.every((one) => one.type === "rating" && one.page === 3 && one.question === "q"));
});

test("taking a rating back is said, and leaves the version unrated", () => {
  const { made } = store(page({ rules: { must_rate: true } }));
  let cleared = 0;
  made.addEventListener("cleared", () => (cleared += 1));
  for (const one of made.rated) made.rate(one.id, "q", 50);
  assert.deepEqual(made.missing(), []);
  made.rate("B", "q", null);
  made.rate("B", "q", null);
  assert.equal(cleared, 1);
  assert.deepEqual(made.missing(), [{ stimulus: "B", question: "q", why: "unrated" }]);
});

test("a value of zero is a rating", () => {
  const { made } = store(page({ rules: { must_rate: true } }));
  for (const one of made.rated) made.rate(one.id, "q", 0);
  assert.deepEqual(made.missing(), []);
});

test("a page is complete exactly when nothing is missing, in whatever order it is filled", () => {
  const questions = [question("one"), question("two"), question("which", { per: "page" })];
  const rules = { must_play: true, must_rate: true, must_comment: true };
  const deeds = ["R", "A", "B", "C"].map((id) => (made) => {
    made.heard(true, id);
    made.heard(false, id);
  });
  for (const id of ["A", "B", "C"]) {
    for (const asked of ["one", "two"]) deeds.push((made) => made.rate(id, asked, 40));
    deeds.push((made) => made.write(id, "clear"));
  }
  deeds.push((made) => made.rate(null, "which", 1));
  for (let seed = 0; seed < 30; seed += 1) {
    const draw = chance(seed);
    const { made } = store(page({ questions, rules, comments: "per_stimulus" }));
    const left = [...deeds];
    while (left.length > 0) {
      assert.equal(made.missing().length, left.length);
      left.splice(Math.floor(draw() * left.length), 1)[0](made);
    }
    assert.deepEqual(made.missing(), []);
  }
});

test("a comment of blanks is no comment, and the same text is told once", () => {
  const { made, told } = store(page({ rules: { must_comment: true } }));
  for (const one of made.rated) made.write(one.id, "  \n");
  assert.equal(made.missing().length, 3);
  made.write("A", "dull");
  made.write("A", "dull");
  assert.equal(made.missing().length, 2);
  assert.equal(told.filter((one) => one.value === "dull").length, 1);
});

test("where one version must be at the top, exactly the top of the scale will do", () => {
  const { made } = store(page({ rules: { must_rate: true, one_at_maximum: true } }));
  for (const one of made.rated) made.rate(one.id, "q", 99);
  assert.deepEqual(made.missing().map((one) => one.why), ["none_at_maximum"]);
  made.rate("C", "q", 100);
  assert.deepEqual(made.missing(), []);
});

test("two versions cannot share a rank", () => {
  const { made } = store(page({ questions: [question("q", { input: "rank" })], rules: { must_rate: true } }));
  for (const [index, one] of made.rated.entries()) made.rate(one.id, "q", index + 1);
  assert.deepEqual(made.missing(), []);
  made.rate("A", "q", 3);
  assert.deepEqual(made.missing().map((one) => one.why), ["equal_ranks"]);
});

test("where only what plays may be rated, one version is open at a time and none in silence", () => {
  const { made } = store(page({ rules: { only_playing_enabled: true } }));
  const open = () => made.rated.filter((one) => made.enabled(one.id)).map((one) => one.id);
  assert.deepEqual(open(), []);
  for (const id of ["A", "C", "B"]) {
    made.heard(true, id);
    assert.deepEqual(open(), [id]);
  }
  made.heard(false, "B");
  assert.deepEqual(open(), []);
  assert.equal(made.enabled(null), true, "a question about the page stays open");
});

test("what is chosen in silence was not heard", () => {
  const { made } = store(page({ rules: { must_play: true } }));
  made.heard(false, "A");
  assert.ok(!made.played.has("A"));
  made.heard(true, "A");
  assert.ok(made.played.has("A"));
});

test("a page that is opened again holds what the server has of it", () => {
  const step = page({ rules: { must_rate: true, must_play: true } });
  for (const one of step.stimuli) {
    one.played = true;
    if (one.role === "stimulus") one.rating.q = 0;
  }
  const { made, told } = store(step);
  assert.deepEqual(made.missing(), []);
  assert.deepEqual(told, []);
});
