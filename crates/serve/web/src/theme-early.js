/** Sets the theme before anything is drawn, so that the page does not flash in the other one. */
(() => {
  const chosen = localStorage.getItem("darkwake.theme");
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
})();
