/** The next page's sounds: in order, once each, and never more than memory allows. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { chance } from "./browser.js";

const { Preloaded, bufferBytes, decodedBytes, withoutLead } = await import("../../listening_test/static/audio/preload.js");

const RATE = 48_000;

/** The first 42 bytes of a FLAC file: its signature and its stream information. */
function header({ rate, channels, samples, size = 42 }) {
  const file = new ArrayBuffer(size);
  const view = new DataView(file);
  view.setUint32(0, 0x664c6143);
  view.setUint8(7, 34);
  view.setUint32(18, ((rate << 12) | ((channels - 1) << 9) | (15 << 4) | Math.floor(samples / 2 ** 32)) >>> 0);
  view.setUint32(22, samples % 2 ** 32);
  return file;
}

/** The first 44 bytes of a WAV file of 16 bits. */
function wavHeader({ rate, channels, samples }) {
  const file = new ArrayBuffer(44);
  const view = new DataView(file);
  view.setUint32(0, 0x52494646);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint16(32, 2 * channels, true);
  view.setUint32(40, 2 * channels * samples, true);
  return file;
}

/** A network of files by their address, and a device that decodes them. */
function world(files) {
  const asked = [];
  globalThis.fetch = async (url) => {
    asked.push(url);
    await null;
    const data = files.get(url);
    return data ? { ok: true, arrayBuffer: async () => data.slice(0) } : { ok: false, status: 404 };
  };
  const context = {
    sampleRate: RATE,
    decodeAudioData: async (data) => {
      const bytes = decodedBytes(data, RATE);
      const sound = new AudioBuffer();
      return Object.assign(sound, { numberOfChannels: 2, length: bytes / 8, sampleRate: RATE });
    },
  };
  return { asked, context };
}

test("a file says how large it will be, at its own rate and at another", () => {
  const draw = chance(1);
  for (let turn = 0; turn < 500; turn += 1) {
    const channels = 1 + Math.floor(draw() * 8);
    const samples = 1 + Math.floor(draw() * (2 ** 36 - 1));
    const rate = [44_100, 48_000, 96_000][Math.floor(draw() * 3)];
    const file = header({ rate, channels, samples });
    assert.equal(decodedBytes(file, rate), channels * samples * 4);
    assert.equal(decodedBytes(file, 2 * rate), channels * samples * 8);
    const fewer = 1 + Math.floor(draw() * (2 ** 27 - 1));
    const wav = wavHeader({ rate, channels, samples: fewer });
    assert.equal(decodedBytes(wav, rate), channels * fewer * 4);
    assert.equal(decodedBytes(wav, 2 * rate), channels * fewer * 8);
  }
});

test("the noise before and after a sound is left out, all of it and nothing else", () => {
  for (const lead of [0, 3, 2.6]) {
    const sound = [1, 2].map((sign) => Float32Array.from({ length: 20 }, (_, frame) => sign * frame));
    const whole = { numberOfChannels: 2, length: 20, sampleRate: RATE, getChannelData: (one) => sound[one] };
    const cut = [[], []];
    const createBuffer = (channels, length, sampleRate) => ({
      numberOfChannels: channels, length, sampleRate, copyToChannel: (data, one) => (cut[one] = [...data]),
    });
    const found = withoutLead({ createBuffer }, whole, lead);
    if (lead === 0) assert.equal(found, whole);
    else {
      assert.deepEqual(cut, [1, 2].map((sign) => Array.from({ length: 14 }, (_, frame) => sign * (frame + 3))));
      assert.deepEqual([found.length, found.sampleRate], [14, RATE]);
    }
  }
});

test("what is no FLAC file, is cut off, or does not say, is not guessed at", () => {
  const whole = { rate: RATE, channels: 2, samples: 1000 };
  assert.equal(decodedBytes(new ArrayBuffer(0), RATE), null);
  assert.equal(decodedBytes(new ArrayBuffer(100), RATE), null);
  assert.equal(decodedBytes(header(whole).slice(0, 41), RATE), null);
  assert.equal(decodedBytes(header({ ...whole, samples: 0 }), RATE), null);
  for (const wrong of [{ samples: 0 }, { channels: 0 }, { rate: 0 }]) {
    assert.equal(decodedBytes(wavHeader({ ...whole, ...wrong }), RATE), null);
  }
  assert.equal(decodedBytes(wavHeader(whole).slice(0, 43), RATE), null);
  assert.equal(decodedBytes(header({ ...whole, rate: 0 }), RATE), null);
});

for (const seed of [1, 2, 3, 4, 5, 6]) {
  test(`files are fetched in order, and what waits never exceeds the memory (${seed})`, async () => {
    const draw = chance(seed);
    const urls = Array.from({ length: 12 }, (_, index) => `/audio/${index}.flac`);
    const files = new Map(
      urls.map((url) => {
        const samples = 1 + Math.floor(draw() * 4000);
        return [url, header({ rate: RATE, channels: 2, samples, size: 42 + Math.floor(draw() * 3000) })];
      }),
    );
    if (draw() < 0.5) files.delete(urls[3]);
    const { asked, context } = world(files);
    const budget = Math.floor(draw() * 200_000);
    const used = Math.floor(draw() * 20_000);
    const preloaded = new Preloaded(budget);
    const told = await preloaded.want(urls, context, used);
    assert.deepEqual(asked, urls.slice(0, asked.length));
    assert.ok(preloaded.bytes === 0 || preloaded.bytes + used <= budget);
    assert.equal(told.decoded + told.compressed + told.left, urls.length);
    assert.equal(told.held_bytes, preloaded.bytes);
    const held = [...preloaded.waiting.values()].map(({ sound, bytes }) => {
      assert.equal(bytes, sound instanceof ArrayBuffer ? sound.byteLength : bufferBytes(sound));
      return bytes;
    });
    assert.equal(held.reduce((sum, bytes) => sum + bytes, 0), preloaded.bytes);
  });
}

test("a sound that waits is not fetched again, neither by a new wish nor by its page", async () => {
  const urls = ["/a", "/b", "/c"];
  const { asked, context } = world(new Map(urls.map((url) => [url, header({ rate: RATE, channels: 2, samples: 10 })])));
  const preloaded = new Preloaded(1e6);
  await preloaded.want(urls, context, 0);
  await preloaded.want(urls, context, 0);
  for (const url of urls) assert.equal((await preloaded.take(url, context)).length, 10);
  assert.deepEqual(asked, urls);
  assert.equal(preloaded.bytes, 0);
});

test("a sound on its way is waited for by the page that needs it", async () => {
  const { asked, context } = world(new Map([["/a", header({ rate: RATE, channels: 2, samples: 10 })]]));
  const preloaded = new Preloaded(1e6);
  const wish = preloaded.want(["/a"], context, 0);
  await null;
  assert.equal((await preloaded.take("/a", context)).length, 10);
  assert.equal(await wish, null, "the wish ended when the page opened");
  assert.deepEqual(asked, ["/a"]);
});

test("a newer wish drops what the older one wanted alone", async () => {
  const file = () => header({ rate: RATE, channels: 2, samples: 10 });
  const { asked, context } = world(new Map(["/a", "/b", "/c"].map((url) => [url, file()])));
  const preloaded = new Preloaded(1e6);
  const older = preloaded.want(["/a", "/b"], context, 0);
  for (let turn = 0; asked.length === 0 && turn < 10; turn += 1) await null;
  assert.deepEqual(asked, ["/a"], "the first file is under way");
  const newer = preloaded.want(["/b", "/c"], context, 0);
  assert.equal(await older, null);
  assert.equal((await newer).decoded, 2);
  assert.deepEqual([...preloaded.waiting.keys()].sort(), ["/b", "/c"]);
});

test("a sound that was decoded at another rate is not played", async () => {
  const { asked, context } = world(new Map([["/a", header({ rate: RATE, channels: 2, samples: 10 })]]));
  const preloaded = new Preloaded(1e6);
  await preloaded.want(["/a"], context, 0);
  const other = { ...context, sampleRate: 44_100 };
  await preloaded.take("/a", other);
  assert.deepEqual(asked, ["/a", "/a"]);
});
