/* The one store of a page, the theme, and what every page shares. A classic script: browsers load
   no modules from the file system. */
(function () {
  "use strict";

  const root = document.documentElement;
  const THEMES = ["automatic", "light", "dark"];
  /** @type {Record<string, any>} */
  const parts = {};
  /** Who waits for a part that is being loaded. @type {Record<string, {tell: (value: any) => void, fail: (error: Error) => void}[]>} */
  const waiting = {};

  function remembered() {
    try {
      return localStorage.getItem("earmark-theme");
    } catch {
      return null; // a browser may refuse storage to files
    }
  }

  /** @param {string} theme */
  function useTheme(theme) {
    if (theme === "automatic") delete root.dataset.theme;
    else root.dataset.theme = theme;
    try {
      localStorage.setItem("earmark-theme", theme);
    } catch {
      /* the choice then lasts as long as the page */
    }
    document.dispatchEvent(new Event("earmark:theme"));
  }

  let theme = THEMES.find((one) => one === remembered()) ?? "automatic";
  if (theme !== "automatic") root.dataset.theme = theme;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new Event("earmark:theme")),
  );

  const shared = {
    /** What a data script calls: `earmark.put("index", {...})`. @param {string} name @param {any} value */
    put(name, value) {
      parts[name] = value;
      (waiting[name] ?? []).forEach(({ tell }) => tell(value));
      delete waiting[name];
    },

    /** A part that a data script of this page has put; undefined where there is none. @param {string} name */
    get(name) {
      return parts[name];
    },

    /**
     * Load a part on demand by adding its script: works from files, where fetch does not.
     * @param {string} name @param {string} url
     */
    load(name, url) {
      if (name in parts) return Promise.resolve(parts[name]);
      return new Promise((tell, fail) => {
        const first = !(name in waiting);
        (waiting[name] ??= []).push({ tell, fail });
        if (!first) return;
        const script = document.createElement("script");
        script.src = url;
        script.onload = () => script.remove();
        script.onerror = () => {
          script.remove();
          const told = waiting[name] ?? [];
          delete waiting[name];
          told.forEach((one) => one.fail(new Error(`${url} could not be loaded`)));
        };
        document.head.append(script);
      });
    },

    /**
     * Load a part that is large and used once: it is not kept.
     * @param {string} name @param {string} url
     */
    async take(name, url) {
      const part = await shared.load(name, url);
      delete parts[name];
      return part;
    },

    /**
     * Tell whether elements are in view or nearly so, each time that changes. What costs time is
     * done for those alone, so a page opens as quickly with forty systems as with four.
     * @param {HTMLElement[]} elements @param {(element: HTMLElement, near: boolean) => void} tell
     */
    watch(elements, tell) {
      const observer = new IntersectionObserver(
        (entries) =>
          entries.forEach(({ target, isIntersecting }) =>
            tell(/** @type {HTMLElement} */ (target), isIntersecting),
          ),
        { rootMargin: "300px" },
      );
      for (const element of elements) observer.observe(element);
    },

    /** The variant that the reader chose: raw or aligned. */
    variant() {
      return root.dataset.variant || "raw";
    },

    /**
     * The element of this kind that a selector finds first.
     * @template {Element} T
     * @param {string} selector @param {Earmark.Kind<T>} kind @param {ParentNode} [within] @returns {T}
     */
    one(selector, kind, within = document) {
      const found = within.querySelector(selector);
      if (!(found instanceof kind)) throw new Error(`the page has no ${selector}`);
      return found;
    },

    /**
     * All elements of this kind that a selector finds.
     * @template {Element} T
     * @param {string} selector @param {Earmark.Kind<T>} kind @param {ParentNode} [within] @returns {T[]}
     */
    all(selector, kind, within = document) {
      const found = [...within.querySelectorAll(selector)].filter((one) => one instanceof kind);
      return /** @type {T[]} */ (found);
    },

    /**
     * Copy text; also where the page may not use the clipboard interface.
     * @param {string} text @param {HTMLElement} button
     */
    async copy(text, button) {
      let done = false;
      try {
        await navigator.clipboard.writeText(text);
        done = true;
      } catch {
        const area = document.createElement("textarea");
        area.value = text;
        area.className = "hidden";
        document.body.append(area);
        area.select();
        done = document.execCommand("copy");
        area.remove();
      }
      const words = button.textContent;
      button.textContent = done ? "Copied" : "Could not copy";
      setTimeout(() => (button.textContent = words), 1500);
    },
  };
  // The scripts that follow add their own parts.
  window.earmark = /** @type {Earmark.Shared} */ (shared);

  document.addEventListener("DOMContentLoaded", () => {
    const button = shared.one("#theme", HTMLElement);
    const say = () => (button.textContent = `Theme: ${theme}`);
    say();
    button.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      useTheme(theme);
      say();
    });
    shared.all("input[name=variant]", HTMLInputElement).forEach((input) =>
      input.addEventListener("change", () => {
        root.dataset.variant = input.value;
        document.dispatchEvent(new Event("earmark:choice"));
      }),
    );
    const [band] = shared.all(".band", HTMLElement);
    // Told after the page is laid out anyway: to ask at once would lay it out twice.
    const measure = () => root.style.setProperty("--band", `${band.offsetHeight}px`);
    if (band) new ResizeObserver(measure).observe(band);
  });
})();
