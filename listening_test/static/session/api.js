/** Talks to the server: JSON in and out, with the token against forged requests renewed if need be. */

/** Nothing was stored now, and the same may be sent again. */
export class Unreachable extends Error {
  /** @param {string} why @param {number} [seconds] after which the server wants to be asked again */
  constructor(why, seconds = 0) {
    super(why);
    this.seconds = seconds;
  }
}

/** A server that has too much to do says for how long to wait; nobody waits longer than this. */
const LONGEST_SECONDS = 60;
/** How often one is sent again that a listener waits for. */
const TRIES = 3;

export class Refused extends Error {
  /** @param {number} status @param {any} body */
  constructor(status, body) {
    super(`${status}`);
    this.status = status;
    this.body = body;
  }
}

export class Api {
  /** @param {string} session the token in the link */
  constructor(session) {
    this.shell = `/l/${session}/`;
    this.root = `/api/l/${session}/`;
    this.token = csrf(document);
  }

  /** @param {string} name @returns {Promise<any>} */
  get(name) {
    return this.#ask(name, { method: "GET" });
  }

  /** @param {string} name @param {any} body @param {{keepalive?: boolean}} [how] @returns {Promise<any>} */
  async post(name, body, how = {}) {
    const send = () => {
      const options = {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Earmark-CSRF": this.token },
        body: JSON.stringify(body),
        ...how,
      };
      // Events have a queue that sends them again when it is time.
      return name === "events" ? this.#once(name, options) : this.#ask(name, options);
    };
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 403) throw error;
      await this.#renew();
      return send();
    }
  }

  /** Ask, and where the server says for how long to wait, wait and ask again. @param {string} name @param {RequestInit} options */
  async #ask(name, options) {
    for (let left = TRIES; ; left -= 1) {
      try {
        return await this.#once(name, options);
      } catch (error) {
        if (left === 1 || !(error instanceof Unreachable) || error.seconds === 0) throw error;
        await pause(error.seconds);
      }
    }
  }

  /** @param {string} name @param {RequestInit} options */
  async #once(name, options) {
    let answer;
    try {
      answer = await fetch(this.root + name, { credentials: "same-origin", ...options });
    } catch (error) {
      throw new Unreachable(String(error));
    }
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) return body;
    if (answer.status === 429 || answer.status >= 500) {
      throw new Unreachable(`${answer.status}`, answer.status === 429 ? wait(answer) : 0);
    }
    throw new Refused(answer.status, body);
  }

  /** A fresh token from the page itself. */
  async #renew() {
    const answer = await fetch(this.shell, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) throw new Unreachable("token");
    this.token = csrf(new DOMParser().parseFromString(await answer.text(), "text/html"));
  }
}

/** The seconds in `Retry-After`; 1 where there are none. @param {Response} answer */
export function wait(answer) {
  const seconds = Number(answer.headers.get("Retry-After") ?? 1);
  return seconds > 0 ? Math.min(seconds, LONGEST_SECONDS) : 1;
}

/** @param {number} seconds @returns {Promise<void>} */
export function pause(seconds) {
  // Those who were refused together come again one after the other.
  return new Promise((resolve) => void window.setTimeout(resolve, seconds * 1000 * (1 + 0.2 * Math.random())));
}

/** @param {Document} page */
function csrf(page) {
  return page.querySelector('meta[name="csrf"]')?.getAttribute("content") ?? "";
}
