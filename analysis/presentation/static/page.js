/* The one store of a page, the theme, and what every page shares. A classic script: browsers load
   no modules from the file system. */
(function () {
  "use strict";

  const root = document.documentElement;
  const THEMES = ["automatic", "light", "dark"];
  const parts = {};
  const waiting = {};

  function remembered() {
    try {
      return localStorage.getItem("earmark-theme");
    } catch {
      return null; // a browser may refuse storage to files
    }
  }

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

  let theme = THEMES.includes(remembered()) ? remembered() : "automatic";
  if (theme !== "automatic") root.dataset.theme = theme;
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
    document.dispatchEvent(new Event("earmark:theme")),
  );

  window.earmark = {
    /** What a data script calls: `earmark.put("index", {...})`. */
    put(name, value) {
      parts[name] = value;
      (waiting[name] || []).forEach((resolve) => resolve(value));
      delete waiting[name];
    },

    /** A part that a data script of this page has put; undefined where there is none. */
    get(name) {
      return parts[name];
    },

    /** Load a part on demand by adding its script: works from files, where fetch does not. */
    load(name, url) {
      if (name in parts) return Promise.resolve(parts[name]);
      return new Promise((resolve, reject) => {
        const first = !(name in waiting);
        (waiting[name] = waiting[name] || []).push(resolve);
        if (!first) return;
        const script = document.createElement("script");
        script.src = url;
        script.onerror = () => {
          delete waiting[name];
          reject(new Error(`${url} could not be loaded`));
        };
        document.head.append(script);
      });
    },

    /** The variant that the reader chose: raw or aligned. */
    variant() {
      return root.dataset.variant || "raw";
    },
  };

  /** Copy text; also where the page may not use the clipboard interface. */
  window.earmark.copy = async function (text, button) {
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
  };

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const say = () => (button.textContent = `Theme: ${theme}`);
    say();
    button.addEventListener("click", () => {
      theme = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
      useTheme(theme);
      say();
    });
    document.querySelectorAll("input[name=variant]").forEach((input) =>
      input.addEventListener("change", () => {
        root.dataset.variant = input.value;
        document.dispatchEvent(new Event("earmark:choice"));
      }),
    );
    const band = document.querySelector(".band");
    if (band) {
      const measure = () => root.style.setProperty("--band", `${band.offsetHeight}px`);
      measure();
      window.addEventListener("resize", measure);
    }
  });
})();
