/** Talks to the server: JSON in and out, with the token against forged requests renewed if need be. */

export class Unreachable extends Error {}

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
    const send = () =>
      this.#ask(name, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-Earmark-CSRF": this.token },
        body: JSON.stringify(body),
        ...how,
      });
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 403) throw error;
      await this.#renew();
      return send();
    }
  }

  /** @param {string} name @param {RequestInit} options */
  async #ask(name, options) {
    let answer;
    try {
      answer = await fetch(this.root + name, { credentials: "same-origin", ...options });
    } catch (error) {
      throw new Unreachable(String(error));
    }
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) return body;
    if (answer.status >= 500) throw new Unreachable(`${answer.status}`);
    throw new Refused(answer.status, body);
  }

  /** A fresh token from the page itself. */
  async #renew() {
    const answer = await fetch(this.shell, { credentials: "same-origin" }).catch(() => null);
    if (!answer?.ok) throw new Unreachable("token");
    this.token = csrf(new DOMParser().parseFromString(await answer.text(), "text/html"));
  }
}

/** @param {Document} page */
function csrf(page) {
  return page.querySelector('meta[name="csrf"]')?.getAttribute("content") ?? "";
}
