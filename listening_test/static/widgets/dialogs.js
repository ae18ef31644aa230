/** What lies over a page: help, pause, withdrawal. Native dialogs keep the focus and answer Escape. */

import { element, uniqueId } from "./dom.js";
import { t } from "./texts.js";

/** @param {string} title @param {...(Node | string | null | false)} content */
function dialog(title, ...content) {
  const id = uniqueId("dialog");
  const box = element(
    "dialog",
    { "aria-labelledby": id },
    element("h2", { id, text: title }),
    ...content,
  );
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return box;
}

/** @param {string} words @param {() => void} press @param {string} [kind] */
function button(words, press, kind = "") {
  return element("button", { type: "button", class: kind, text: words, on: { click: press } });
}

/**
 * @param {{enabled: boolean, set: (enabled: boolean) => void}} shortcuts
 * @param {boolean} looping whether excerpts may be looped here
 */
export function help(shortcuts, looping) {
  const rows = [
    ["A B C … 1 2 3 …", t("help.select")],
    [t("help.space"), t("help.play")],
    ["← → ↑ ↓", t("help.rate")],
    ["⇧ ← →", t("help.rate_big")],
    ...(looping ? [["L", t("help.loop")], ["[ ]", t("help.region")]] : []),
    ["Del ⌫", t("help.take_back")],
    ["0", t("help.restart")],
    [t("help.enter"), t("help.next")],
    ["?", t("help.this")],
  ];
  const id = uniqueId("shortcuts");
  const box = element("input", {
    type: "checkbox",
    id,
    checked: shortcuts.enabled,
    on: { change: () => shortcuts.set(box.checked) },
  });
  const shown = dialog(
    t("help.title"),
    element("p", { text: looping ? `${t("help.mouse")} ${t("help.drag")}` : t("help.mouse") }),
    element(
      "dl",
      { class: "keys" },
      ...rows.map(([keys, words]) =>
        element("div", {}, element("dt", {}, element("kbd", { text: keys })), element("dd", { text: words })),
      ),
    ),
    element("div", { class: "tick-row" }, box, element("label", { htmlFor: id, text: t("help.shortcuts") })),
    element("div", { class: "buttons" }, button(t("help.close"), () => shown.close(), "primary")),
  );
}

/** @param {string} link @param {() => void} resume */
export function paused(link, resume) {
  const copied = element("span", { class: "small", role: "status" });
  const field = element("input", { type: "text", readOnly: true, value: link, "aria-label": t("pause.link") });
  const copy = async () => {
    field.select();
    const done = await navigator.clipboard?.writeText(link).then(
      () => true,
      () => false,
    );
    copied.textContent = done ? t("thanks.copied") : "";
  };
  const shown = dialog(
    t("pause.title"),
    element("p", { text: t("pause.text") }),
    element("div", { class: "copy" }, field, button(t("thanks.copy"), copy), copied),
    element("div", { class: "buttons" }, button(t("pause.resume"), () => shown.close(), "primary")),
  );
  shown.addEventListener("close", resume);
}

/** @param {(erase: boolean) => void} withdraw */
export function withdrawal(withdraw) {
  const id = uniqueId("erase");
  const erase = element("input", { type: "checkbox", id });
  const shown = dialog(
    t("withdraw.title"),
    element("p", { text: t("withdraw.text") }),
    element("div", { class: "tick-row" }, erase, element("label", { htmlFor: id, text: t("withdraw.erase") })),
    element(
      "div",
      { class: "buttons" },
      button(t("withdraw.cancel"), () => shown.close(), "primary"),
      button(
        t("withdraw.confirm"),
        () => {
          shown.close();
          withdraw(erase.checked);
        },
        "danger",
      ),
    ),
  );
}
