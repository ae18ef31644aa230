/* Runs before the page is drawn, so that a chosen light or dark look does not flash. */
try {
  const theme = localStorage.getItem("earmark.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // A browser without storage follows the system's choice.
}
