/** A rating page: transport, the kind's own view, comments, and what still is missing. */

import { element, uniqueId, writes } from "../widgets/dom.js";
import { Store } from "./store.js";
import { t } from "../widgets/texts.js";
import { Transport } from "../widgets/transport.js";
import { undoes } from "../widgets/undo.js";
import { built } from "./views.js";

/**
 * @typedef {object} View what a kind shows between the transport and the foot of the page
 * @property {HTMLElement} element
 * @property {() => void} update
 * @property {(stimulus: string) => void} focus
 * @property {(event: KeyboardEvent) => void} step rate what is heard by an arrow key
 * @property {() => void} clear take back the rating of what is heard
 * @property {() => void} close
 */
/**
 * @typedef {object} Player
 * @property {(stimulus: string) => void} play hear this one, from where one is
 * @property {(stimulus: string) => void} toggle the same, or pause if it is playing
 * @property {(stimulus: string | null) => void} hint say why it cannot be rated now
 */
/** @typedef {import("./store.js").Missing} Missing */
/** @typedef {import("./steps.js").Frame} Frame */
/** @typedef {import("./steps.js").Shown} Shown */

const COMMENT_MS = 800;

/** @param {import("./store.js").PageStep} step @param {Frame} frame @returns {Shown} */
export function page(step, frame) {
  const { engine, queue } = frame;
  const store = new Store(step, queue);
  /** @type {Player} */
  const player = {
    play: (id) => hear(id),
    toggle: (id) => {
      if (engine.playing && engine.selected === id) engine.pause();
      else hear(id);
    },
    hint: (id) => frame.say(id ? t("page.play_first", { label: store.labelOf(id) }) : ""),
  };
  const looping = step.audio.loop !== false;
  const transport = new Transport(engine, store, { toggle, looping });
  const waiting = element("div", {});
  /** @type {View | null} */
  let view = null;
  let tries = 0;
  let closed = false;
  const loading = element("p", { class: "loading", role: "status" });
  const comments = commentBoxes(store);
  const body = element(
    "div",
    { class: `page kind-${step.kind}`, data: { ready: "false" } },
    transport.element,
    loading,
    waiting,
    comments,
  );

  /** @param {string | null} id */
  function hear(id) {
    if (engine.length > 0) engine.play(id);
  }

  function toggle() {
    if (engine.playing) engine.pause();
    else hear(null);
  }

  /** What is heard, as it was last put on record. @type {string | null} */
  let sounding = null;

  /** One place for all that begins and ends the sound: a press, the end, a lost device, leaving. */
  function record() {
    const now = engine.playing ? engine.selected : null;
    if (now === sounding) return;
    const type = now === null ? "pause" : sounding === null ? "play" : "switch";
    const value = Math.round((engine.position / engine.rate) * 1e4) / 1e4;
    store.log(type, { stimulus: now ?? sounding, value });
    sounding = now;
  }

  const heard = () => {
    // First on record, then open to be rated.
    record();
    const id = engine.length > 0 && (engine.playing || engine.position > 0) ? engine.selected : store.selected;
    store.heard(engine.playing, id);
    transport.update();
  };
  const changed = () => view?.update();
  store.addEventListener("cleared", () => frame.say(t("rate.taken_back")));
  engine.addEventListener("change", heard);
  store.addEventListener("change", changed);

  /** Draw what the kind's own script shows: a module with one function, `view(store, player)`. */
  async function draw() {
    if (view) return;
    // Some browsers keep that a script could not be fetched; then another address has to be asked for.
    const address = tries === 0 ? step.view : `${step.view}?again=${tries}`;
    tries += 1;
    const script = built.get(step.view) ?? (await import(address));
    if (view || closed) return;
    view = /** @type {View} */ (script.view(store, player));
    waiting.replaceWith(view.element);
    view.update();
  }

  async function load() {
    loading.replaceChildren();
    const drawn = draw();
    drawn.catch(() => {}); // told below, where the sounds are waited for too
    try {
      const sounds = step.stimuli.map(({ id, url }) => ({ id, url }));
      const done = await engine.load(step.audio, sounds, (count, of) => {
        loading.textContent = count < of ? t("page.loading", { count, of }) : "";
      });
      await drawn;
      if (!done) return;
      body.dataset.ready = "true";
      transport.update();
      frame.preload();
    } catch {
      const again = element("button", { type: "button", text: t("page.load_again"), on: { click: load } });
      loading.replaceChildren(t("page.load_failed"), " ", again);
    }
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key meant something here */
  function key(event) {
    if (writes(event.target)) return false;
    const plain = event.key.toUpperCase();
    const byLabel = step.stimuli.find((one) => one.label.toUpperCase() === plain);
    const byPlace = /^[1-9]$/.test(event.key) ? step.stimuli[Number(event.key) - 1] : undefined;
    const one = event.shiftKey ? undefined : (byLabel ?? byPlace);
    if (one) {
      hear(one.id);
      view?.focus(one.id);
    } else if (plain === "L") transport.toggleLoop();
    else if (event.key === "[") transport.mark("start");
    else if (event.key === "]") transport.mark("end");
    else if (event.key === " ") {
      if (event.target instanceof HTMLElement && event.target.closest("button, summary, a, input")) {
        return false;
      }
      toggle();
    } else if (event.key === "0") transport.seek(0);
    else if (undoes(event)) view?.clear();
    else if (event.key.startsWith("Arrow") && !isRadio(event.target)) view?.step(event);
    else return false;
    return true;
  }

  load();
  return {
    element: body,
    key,
    missing: () => store.missing(),
    explain: (missing) => explained(missing, store),
    check: store,
    close: () => {
      // While it is still listened to: the end of the sound belongs to this page.
      engine.unload();
      transport.close();
      closed = true;
      view?.close();
      engine.removeEventListener("change", heard);
      store.removeEventListener("change", changed);
      for (const box of comments.querySelectorAll("textarea")) box.dispatchEvent(new Event("change"));
    },
  };
}

/** @param {EventTarget | null} target */
function isRadio(target) {
  return target instanceof HTMLInputElement && target.type === "radio";
}

/** @param {Store} store */
function commentBoxes(store) {
  const { comments, rules } = store.step;
  const root = element("div", { class: "comments" });
  if (comments === "none" || !comments) return root;
  const targets = comments === "per_page" ? [null] : store.rated.map((one) => one.id);
  const boxes = targets.map((id) => {
    const name = uniqueId("comment");
    let timer = 0;
    const area = element("textarea", { id: name, rows: 2, maxLength: 20000, dir: "auto" });
    area.value = store.comments.get(id) ?? "";
    const keep = () => {
      clearTimeout(timer);
      store.write(id, area.value);
    };
    area.addEventListener("input", () => {
      clearTimeout(timer);
      timer = window.setTimeout(keep, COMMENT_MS);
    });
    area.addEventListener("change", keep);
    const text = id === null ? t("comments.page") : t("comments.of", { label: store.labelOf(id) });
    return element("div", { class: "comment" }, element("label", { htmlFor: name, text }), area);
  });
  const written = [...store.comments.values()].some((text) => text !== "");
  const fold = element(
    "details",
    { open: rules.must_comment || written },
    element("summary", { text: t("comments.name") }),
    element("div", { class: "boxes" }, ...boxes),
  );
  root.append(fold);
  return root;
}

/** What is missing, one sentence per reason. @param {Missing[]} missing @param {Store} store */
function explained(missing, store) {
  /** @type {Map<string, Set<string>>} */
  const grouped = new Map();
  for (const { stimulus, question, why } of missing) {
    const asked = store.step.questions.find((one) => one.id === question);
    const several = store.step.questions.length > 1;
    const group = stimulus && several && asked ? `${why}\n${asked.name}` : why;
    const label = stimulus ? store.labelOf(stimulus) : (asked?.name ?? "");
    if (!grouped.has(group)) grouped.set(group, new Set());
    grouped.get(group)?.add(label);
  }
  return [...grouped].map(([group, labels]) => {
    const [why, name] = group.split("\n");
    const list = [...labels].join(", ");
    const maximum = store.step.questions[0]?.scale.maximum ?? 100;
    if (name) return t(`missing.${why}_in`, { labels: list, question: name });
    return t(`missing.${why}`, { labels: list, maximum });
  });
}
