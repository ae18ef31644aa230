/** The welcome page: a language is taken at once, without a press on the button beside it. */

const form = document.querySelector("#language");
if (form instanceof HTMLFormElement) {
  form.querySelector("button")?.setAttribute("hidden", "");
  form.addEventListener("change", () => form.submit());
}
