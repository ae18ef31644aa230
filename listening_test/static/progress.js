/** The experimenter's page keeps itself fresh: its own address again, its numbers put in place. */

const EVERY_MS = 10_000;
const live = document.querySelector("#live");
const shown = document.querySelector("#fresh");

/** @param {string} text @param {"fresh" | "lost"} state */
function say(text, state) {
  if (!(live instanceof HTMLElement)) return;
  live.textContent = text;
  live.dataset.state = state;
  // A message every ten seconds would talk over everything: only what is wrong is spoken.
  if (state === "lost") live.setAttribute("role", "alert");
  else live.removeAttribute("role");
}

function now() {
  return new Date().toLocaleTimeString("en-GB");
}

async function refresh() {
  const answer = await fetch(location.href, { cache: "no-store" }).catch(() => null);
  const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  const fresh = page?.querySelector("#fresh");
  if (!fresh || !shown) return say(`Not reached at ${now()}; the numbers are older. Trying again.`, "lost");
  // Only what changed is replaced, so that a reader's place in a table stays.
  const old = [...shown.children];
  const next = [...fresh.children];
  if (old.length !== next.length) shown.replaceChildren(...next);
  else {
    for (const [index, node] of next.entries()) {
      if (!node.isEqualNode(old[index])) swap(old[index], node);
    }
  }
  say(`Up to date at ${now()}; every ${EVERY_MS / 1000} seconds.`, "fresh");
}

/** @param {Element} before @param {Element} after */
function swap(before, after) {
  const { scrollLeft } = before;
  const focused = document.activeElement === before;
  before.replaceWith(after);
  after.scrollLeft = scrollLeft;
  if (focused && after instanceof HTMLElement) after.focus({ preventScroll: true });
}

/** A page that nobody looks at asks for nothing. */
function tick() {
  if (document.visibilityState === "visible") refresh();
}

say(`Up to date at ${now()}; every ${EVERY_MS / 1000} seconds.`, "fresh");
setInterval(tick, EVERY_MS);
document.addEventListener("visibilitychange", tick);
