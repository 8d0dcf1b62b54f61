// Runs before the first paint, so that the page does not flash in the other theme.
(() => {
  const root = document.documentElement;
  const kept = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  };
  const light = matchMedia("(prefers-color-scheme: light)");
  const paper = matchMedia("print");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const apply = () => {
    const theme = kept("coinmux-theme");
    const motion = kept("coinmux-motion");
    root.dataset.theme = paper.matches ? "light" : theme === "light" || theme === "dark" ? theme : light.matches ? "light" : "dark";
    root.dataset.motion = motion === "off" || still.matches ? "off" : "on";
  };
  apply();
  const view = new URLSearchParams(location.search).get("view");
  if (view === "wall") root.dataset.view = "wall";
  const changed = () => {
    apply();
    root.dispatchEvent(new CustomEvent("looks"));
  };
  light.addEventListener("change", changed);
  still.addEventListener("change", changed);
  // Ink on paper: what is drawn by script is told as well.
  paper.addEventListener("change", changed);
  root.addEventListener("looks-kept", changed);
})();
