// The colours: dark unless the address says `theme=light`. A classic script in the head, so that no page is ever drawn
// in the wrong ones. It serves all pages: a button with the id "theme" changes them, links marked `data-keeps-theme`
// take them along, and whoever draws by itself hears the event "themechange".

(() => {
  const root = document.documentElement;
  const parameters = new URLSearchParams(location.search);
  root.dataset.theme = parameters.get("theme") === "light" ? "light" : "dark";

  function describe() {
    const isLight = root.dataset.theme === "light";
    document.querySelector("meta[name=theme-color]")?.setAttribute("content", isLight ? "#eef1f5" : "#0a0d12");
    const button = document.getElementById("theme");
    if (button) {
      button.setAttribute("aria-pressed", String(isLight));
      button.title = `${isLight ? "Dark" : "Light"} colours (press t)`;
    }
    for (const link of document.querySelectorAll("a[data-keeps-theme]")) {
      const [path] = link.getAttribute("href").split("?");
      link.setAttribute("href", isLight ? `${path}?theme=light` : path);
    }
  }

  function change() {
    const isLight = root.dataset.theme !== "light";
    root.dataset.theme = isLight ? "light" : "dark";
    const now = new URLSearchParams(location.search);
    if (isLight) now.set("theme", "light"); else now.delete("theme");
    const query = now.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
    history.replaceState(history.state, "", location.pathname + (query ? `?${query}` : ""));
    describe();
    document.dispatchEvent(new Event("themechange"));
  }

  addEventListener("DOMContentLoaded", () => {
    describe();
    document.getElementById("theme")?.addEventListener("click", change);
  });
})();
