/** The queue of events: nothing that a listener did is lost, twice counted or out of order. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chance, events as page, timers } from "./browser.js";

const { Queue, identifier } = await import("../../listening_test/static/session/queue.js");
const { Api, Refused, Unreachable, wait } = await import("../../listening_test/static/session/api.js");

/** The browser's storage, which outlives a page. */
class Storage {
  #held = new Map();
  get length() {
    return this.#held.size;
  }
  key(index) {
    return [...this.#held.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#held.get(key) ?? null;
  }
  setItem(key, value) {
    this.#held.set(key, value);
  }
  removeItem(key) {
    this.#held.delete(key);
  }
}

/** A server that stores what reaches it, over a network that loses requests and answers. */
class Server {
  constructor(draw = () => 1, trouble = 0) {
    this.draw = draw;
    this.trouble = trouble;
    this.stored = new Map();
    this.batches = [];
    this.open = 0;
    this.most = 0;
  }

  async post(_, { events }) {
    this.open += 1;
    this.most = Math.max(this.most, this.open);
    await null;
    this.open -= 1;
    if (this.draw() < this.trouble) throw new Unreachable("the request is lost");
    this.batches.push(events);
    // A server may stop in the middle of a batch: what it stored, it says.
    const some = this.draw() < this.trouble ? 1 + Math.floor(this.draw() * events.length) : events.length;
    const taken = events.slice(0, some);
    for (const one of taken) if (!this.stored.has(one.id)) this.stored.set(one.id, one);
    if (this.draw() < this.trouble) throw new Unreachable("the answer is lost");
    return { acknowledged: taken.map((one) => one.id), revision: this.stored.size };
  }

  get values() {
    return [...this.stored.values()].map((one) => one.value);
  }
}

const upTo = (count) => Array.from({ length: count }, (_, index) => index);

for (const seed of [1, 2, 3, 4, 5]) {
  test(`all events arrive, once and in order, over a network that fails (${seed})`, async () => {
    const draw = chance(seed);
    const server = new Server(draw, 0.4);
    const queue = new Queue(server, "s", new Storage());
    for (const value of upTo(400)) {
      queue.add("rating", { page: 1, value });
      if (draw() < 0.1) await queue.flush();
      if (draw() < 0.05) timers.run();
    }
    server.trouble = 0;
    assert.equal(await queue.flush(), true);
    assert.equal(queue.pending, 0);
    assert.deepEqual(server.values, upTo(400));
    assert.deepEqual([...server.stored.values()].map((one) => one.seq), upTo(400));
  });

  test(`a page that is torn down at any moment loses no rating (${seed})`, async () => {
    const draw = chance(seed);
    const storage = new Storage();
    const server = new Server(draw, 0.5);
    const clients = new Map();
    let value = 0;
    for (let load = 0; load < 8; load += 1) {
      const queue = new Queue(server, "s", storage);
      clients.set(queue.client, load);
      for (let event = 0; event < 20; event += 1) {
        queue.add("rating", { page: 1, value: value++ });
        if (draw() < 0.2) await queue.flush();
      }
    }
    server.trouble = 0;
    const last = new Queue(server, "s", storage);
    assert.equal(await last.flush(), true);
    assert.deepEqual([...server.values].sort((a, b) => a - b), upTo(value));
    assert.equal(storage.length, 0);
  });
}

test("events of the same moment have ids of their own and rising numbers", async () => {
  const server = new Server();
  const queue = new Queue(server, "s", null);
  for (const value of upTo(300)) queue.add("move", { page: 1, value });
  await queue.flush();
  const sent = [...server.stored.values()];
  assert.equal(new Set(sent.map((one) => one.id)).size, 300);
  assert.deepEqual(sent.map((one) => one.seq), upTo(300));
  for (const [index, one] of sent.entries()) {
    assert.ok(index === 0 || one.at_ms >= sent[index - 1].at_ms);
  }
});

test("one request is under way at a time, also when many ask to send", async () => {
  const server = new Server();
  const queue = new Queue(server, "s", null);
  for (const value of upTo(1000)) queue.add("rating", { value });
  await Promise.all([queue.flush(), queue.flush(), queue.flush()]);
  assert.equal(server.most, 1);
  assert.equal(Math.max(...server.batches.map((batch) => batch.length)), 200);
  assert.deepEqual(server.batches.flat().map((one) => one.value), upTo(1000));
});

test("no request is larger than a server takes, a single large event is sent alone", async () => {
  const server = new Server();
  const queue = new Queue(server, "s", null);
  const text = "x".repeat(19_000);
  for (const value of upTo(450)) queue.add("comment", { value, text: value % 3 ? "" : text });
  queue.add("comment", { value: 450, text: "y".repeat(300_000) });
  await queue.flush();
  for (const batch of server.batches) {
    assert.ok(batch.length <= 200);
    assert.ok(batch.length === 1 || JSON.stringify(batch).length < 210_000);
  }
  assert.deepEqual(server.values, upTo(451));
});

test("what arrived while the answer was under way is kept for the next request", async () => {
  const server = new Server();
  const queue = new Queue(server, "s", new Storage());
  queue.add("rating", { value: 0 });
  const sending = queue.flush();
  queue.add("rating", { value: 1 });
  assert.equal(await sending, true);
  assert.deepEqual(server.values, [0, 1]);
});

test("a rating is in the browser's storage before anything else can happen", () => {
  const storage = new Storage();
  const queue = new Queue(new Server(), "s", storage);
  for (const value of upTo(5)) {
    queue.add("rating", { value });
    const kept = JSON.parse(storage.getItem(`earmark.events.s.${queue.client}`));
    assert.deepEqual(kept.map((one) => one.value), upTo(value + 1));
  }
});

test("a full storage stops nothing", async () => {
  const storage = new Storage();
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  const server = new Server();
  const queue = new Queue(server, "s", storage);
  for (const value of upTo(10)) queue.add("rating", { value });
  assert.equal(await queue.flush(), true);
  assert.deepEqual(server.values, upTo(10));
});

test("what a crash left half-written, and what belongs to another session, is left alone", async () => {
  const storage = new Storage();
  storage.setItem("earmark.events.s.broken", '[{"id": 1');
  storage.setItem("earmark.events.other.client", '[{"id": "theirs", "value": 9}]');
  const server = new Server();
  const queue = new Queue(server, "s", storage);
  queue.add("rating", { value: 1 });
  assert.equal(await queue.flush(), true);
  assert.deepEqual(server.values, [1]);
  assert.ok(storage.getItem("earmark.events.other.client"));
});

test("events that the server refuses for good keep no other one back", async () => {
  const server = new Server();
  const queue = new Queue(
    {
      post: async (name, { events }) => {
        const bad = events.filter((one) => one.value % 7 === 0).map((one) => ({ id: one.id, why: "value" }));
        const good = events.filter((one) => one.value % 7 !== 0);
        await server.post(name, { events: good });
        return { acknowledged: good.map((one) => one.id), refused: bad };
      },
    },
    "s",
    null,
  );
  for (const value of upTo(30)) queue.add("rating", { value });
  assert.equal(await queue.flush(), true);
  assert.deepEqual(server.values, upTo(30).filter((value) => value % 7 !== 0));
});

test("an answer that settles nothing ends the sending, and what waits stays", async () => {
  let asked = 0;
  const post = async () => {
    asked += 1;
    return { acknowledged: [] };
  };
  const queue = new Queue({ post }, "s", null);
  queue.add("rating", { value: 1 });
  assert.equal(await queue.flush(), false);
  assert.equal(asked, 1);
  assert.equal(queue.pending, 1);
});

test("the page is told what waits, and that a refusal is no lost network", async () => {
  const fates = [new Unreachable("down"), new Refused(413, {})];
  const queue = new Queue({ post: () => Promise.reject(fates.shift()) }, "s", null);
  const refused = [];
  queue.addEventListener("refused", (event) => refused.push(event.detail));
  queue.add("rating", { value: 1 });
  assert.equal(queue.saving, "saving");
  await queue.flush();
  assert.equal(queue.saving, "waiting");
  assert.equal(refused.length, 0);
  queue.add("rating", { value: 2 });
  assert.equal(queue.saving, "waiting");
  await queue.flush();
  assert.equal(refused.length, 1);
});

test("a page that closes sends once more in the background and keeps all in storage", () => {
  const storage = new Storage();
  const sent = [];
  const post = (name, body, how) => {
    sent.push({ body, how });
    return new Promise(() => {});
  };
  const queue = new Queue({ post }, "s", storage);
  queue.add("move", { value: 1 });
  page.dispatchEvent(new Event("pagehide"));
  const mine = sent.filter(({ body }) => body.client === queue.client);
  assert.equal(mine.length, 1);
  assert.equal(mine[0].how.keepalive, true);
  assert.equal(JSON.parse(storage.getItem(`earmark.events.s.${queue.client}`)).length, 1);
});

test("ids are unlike each other also where the browser offers only random bytes", () => {
  const { randomUUID } = crypto;
  Object.defineProperty(crypto, "randomUUID", { value: undefined, configurable: true });
  try {
    const ids = new Set(Array.from({ length: 500 }, identifier));
    assert.equal(ids.size, 500);
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  } finally {
    Object.defineProperty(crypto, "randomUUID", { value: randomUUID, configurable: true });
  }
});

test("a server that names a time is asked again after it, no sooner, and nothing is lost", async () => {
  const waits = [];
  const { setTimeout } = window;
  window.setTimeout = (each, milliseconds) => {
    waits.push(milliseconds);
    return setTimeout(each);
  };
  try {
    const server = new Server();
    let refusals = 2;
    const post = (name, body) =>
      refusals-- > 0 ? Promise.reject(new Unreachable("429", 7)) : server.post(name, body);
    const queue = new Queue({ post }, "s", new Storage());
    const refused = [];
    queue.addEventListener("refused", (event) => refused.push(event.detail));
    for (const value of upTo(3)) queue.add("rating", { page: 1, value });
    waits.length = 0;
    await queue.flush();
    assert.ok(Math.max(...waits) >= 7000);
    assert.equal(queue.saving, "waiting");
    waits.length = 0;
    await queue.flush();
    assert.ok(Math.max(...waits) >= 7000);
    assert.equal(await queue.flush(), true);
    assert.deepEqual(server.values, upTo(3));
    assert.equal(refused.length, 0);
  } finally {
    window.setTimeout = setTimeout;
  }
});

/** Answers of a server, one after the other; how often it was asked. */
function answers(...list) {
  let asked = 0;
  globalThis.fetch = async () => {
    const [status, body, headers] = list[Math.min(asked++, list.length - 1)];
    return new Response(JSON.stringify(body), { status, headers });
  };
  return () => asked;
}

test("what a listener waits for is asked again when the server has too much to do", async () => {
  const { setTimeout } = window;
  window.setTimeout = (each) => void queueMicrotask(each);
  document.querySelector = () => null;
  try {
    const busy = [429, {}, { "Retry-After": "2" }];
    let asked = answers(busy, busy, [200, { ok: true }]);
    assert.deepEqual(await new Api("s").post("next", {}), { ok: true });
    assert.equal(asked(), 3);
    asked = answers(busy);
    await assert.rejects(new Api("s").get("state"), (error) => error instanceof Unreachable && error.seconds === 2);
    assert.equal(asked(), 3);
    asked = answers(busy);
    await assert.rejects(new Api("s").post("events", {}), (error) => error.seconds === 2);
    assert.equal(asked(), 1);
  } finally {
    window.setTimeout = setTimeout;
    delete document.querySelector;
  }
});

test("a time to wait that is none, or that nobody would wait, is a second and a minute", () => {
  const of = (text) => wait(new Response("", { headers: text === null ? {} : { "Retry-After": text } }));
  assert.deepEqual([of(null), of("x"), of("-3"), of("0"), of("5"), of("99999")], [1, 1, 1, 1, 5, 60]);
});
