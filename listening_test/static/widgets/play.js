/** The button that plays one version; the playing one is told by shape and word, not by colour alone. */

import { element } from "./dom.js";
import { Icon } from "./icons.js";
import { t } from "./texts.js";

/**
 * @param {import("../session/store.js").Stimulus} one
 * @param {import("../session/store.js").Store} store
 * @param {import("../session/page.js").Player} player
 * @param {{large?: boolean}} [look]
 */
export function playButton(one, store, player, look = {}) {
  const reference = one.role === "reference";
  // R says "reference" already; a reference with a letter of its own (BS.1116: A) keeps it.
  const letter = one.label === "R" ? "" : ` ${one.label}`;
  const name = reference ? t("play.reference_name") + letter : one.label;
  const icon = new Icon("play");
  const state = element("span", { class: "state" });
  const button = element(
    "button",
    {
      class: look.large ? "play large" : "play",
      type: "button",
      data: { label: one.label, role: one.role },
      on: { click: () => player.toggle(one.id) },
    },
    icon.element,
    element("span", { class: "letter", text: name }),
    state,
  );
  const update = () => {
    const chosen = store.selected === one.id;
    const playing = chosen && store.playing;
    button.dataset.heard = playing ? "playing" : chosen ? "chosen" : "no";
    button.setAttribute("aria-pressed", String(playing));
    icon.set(playing ? "pause" : "play");
    const done = store.played.has(one.id);
    state.textContent = playing ? t("play.playing") : done ? t("play.heard") : t("play.unheard");
    const words = { label: name };
    button.setAttribute("aria-label", playing ? t("play.pause", words) : t("play.play", words));
  };
  return { element: button, update };
}
