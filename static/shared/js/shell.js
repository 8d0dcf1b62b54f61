// The frame of every page: top bar, overall state, theme, motion, footer.
import { $, h, s, setText } from "./dom.js";
import { get, root } from "./api.js";
import { shape, stateOf } from "./states.js";
import { now, span } from "./time.js";
import { announce } from "./announce.js";

const PAGES = [
  ["", "Overview", "dashboard"],
  ["system-monitor", "Monitor", "system-monitor"],
  ["providers", "Providers", "providers"],
  ["chart", "Chart", "chart"],
  ["explain", "Decisions", "explain"],
  ["config", "Configuration", "config"],
];
const COLOURS = { healthy: "#22c55e", degraded: "#f59e0b", offline: "#ef4444", unknown: "#94a3b8" };
const MARKS = {
  healthy: "<circle cx='8' cy='8' r='6' fill='C'/>",
  degraded: "<path d='M8 1.5 15 14H1z' fill='C'/>",
  offline: "<rect x='2' y='2' width='12' height='12' rx='2' fill='C'/><path d='m5.5 5.5 5 5m0-5-5 5' stroke='#0b1220' stroke-width='2'/>",
  unknown: "<path d='M8 2l6 6-6 6-6-6z' fill='none' stroke='C' stroke-width='2.4'/>",
};
const ICONS = {
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  sun: "M12 7.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9ZM12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2 12h2M20 12h2M4.9 19.1l1.4-1.4M17.7 6.3l1.4-1.4",
  play: "M8 5.5v13l10.5-6.5Z",
  pause: "M9 5.5v13M15 5.5v13",
};
const html = document.documentElement;

function keep(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
}

const icon = (name) => s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: ICONS[name] }));

class Shell {
  #state = null;
  #updated = null;
  #every = 5000;
  #title = document.title;

  constructor() {
    const here = document.body.dataset.page;
    this.pill = h("span", { class: "overall", data: { state: "unknown" } }, h("span", { class: "word", text: "CHECKING" }));
    this.pill.prepend(shape("unknown"));
    this.age = h("span", { class: "updated", text: "" });
    this.theme = h("button", { class: "button bare icon", type: "button", onclick: () => this.#turnTheme() });
    this.motion = h("button", { class: "button bare icon", type: "button", onclick: () => this.#turnMotion() });
    $("#top").append(
      h("a", { class: "brand", href: root.href },
        s("svg", { viewBox: "0 0 32 32", fill: "none", "stroke-width": 2.6, "stroke-linecap": "round", "aria-hidden": "true" },
          s("path", { class: "a", d: "M4 7c7 0 7 9 12 9" }), s("path", { class: "a", d: "M4 16h9" }),
          s("path", { class: "b", d: "M4 25c7 0 7-9 12-9" }), s("path", { class: "a", d: "M20 16h8" }), s("circle", { class: "c", cx: 17.5, cy: 16, r: 3.6 })),
        "coinmux"),
      h("nav", { "aria-label": "Pages" },
        h("ul", null, PAGES.map(([path, title, name]) =>
          h("li", null, h("a", { href: new URL(path, root).href, "aria-current": name === here ? "page" : null }, title))))),
      h("div", { class: "top-end" }, this.age, this.pill, this.motion, this.theme),
    );
    $("#foot").append(
      this.version = h("span", { text: "coinmux" }),
      h("a", { href: new URL("docs", root).href }, "API documentation"),
      h("a", { href: new URL("metrics", root).href }, "Metrics"),
      h("span", null, "Charts: TradingView Lightweight Charts™, © 2026 ",
        h("a", { href: "https://www.tradingview.com/", rel: "noopener noreferrer" }, "TradingView, Inc.")),
    );
    html.addEventListener("looks", () => this.#dress());
    this.#dress();
    setInterval(() => this.#tick(), 1000);
    get("api/status").then((status) => {
      setText(this.version, `coinmux ${status.version ?? ""}${status.simulated ? " · simulated sources" : ""}`);
      if (status.simulated) this.#simulated();
    }, () => {});
  }

  // The overall state as the server reported it, or OFFLINE where it does not answer.
  status(raw, { silent = false } = {}) {
    const state = stateOf(raw);
    const word = state.key === "healthy" ? "ONLINE" : state.word.toUpperCase();
    if (word === this.#state) return;
    if (this.#state !== null && !silent) announce(`Overall state: ${word.toLowerCase()}`);
    this.#state = word;
    this.pill.dataset.state = state.key;
    this.pill.querySelector("svg").replaceWith(shape(state.key === "disabled" ? "unknown" : state.key));
    setText(this.pill.querySelector(".word"), word);
    const key = MARKS[state.key] ? state.key : "unknown";
    const mark = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>${MARKS[key].replaceAll("C", COLOURS[key])}</svg>`;
    $("link[rel=icon]").href = `data:image/svg+xml,${encodeURIComponent(mark)}`;
    this.#entitle();
  }

  titled(title) {
    this.#title = title;
    this.#entitle();
  }

  updated(at = now(), every = this.#every) {
    this.#updated = at;
    this.#every = every;
    this.#tick();
  }

  #entitle() {
    const calm = this.#state === null || this.#state === "ONLINE";
    document.title = calm ? this.#title : `${this.#state}: ${this.#title}`;
  }

  #simulated() {
    $(".brand").after(h("span", { class: "tag", data: { tone: "warn" }, title: "Every source is played by a simulator; no number here is a market's" }, "simulated"));
  }

  #tick() {
    if (this.#updated === null) return;
    const age = now() - this.#updated;
    setText(this.age, `updated ${span(age)} ago`);
    this.age.toggleAttribute("data-late", age >= 3 * this.#every);
  }

  #turnTheme() {
    const next = html.dataset.theme === "light" ? "dark" : "light";
    keep("coinmux-theme", next);
    html.dataset.theme = next;
    html.dispatchEvent(new CustomEvent("looks"));
  }

  #turnMotion() {
    const next = html.dataset.motion === "on" ? "off" : "on";
    keep("coinmux-motion", next);
    html.dataset.motion = next;
    html.dispatchEvent(new CustomEvent("looks"));
  }

  #dress() {
    const light = html.dataset.theme === "light";
    this.theme.replaceChildren(icon(light ? "moon" : "sun"));
    this.theme.setAttribute("aria-label", light ? "Dark theme" : "Light theme");
    this.theme.title = light ? "Dark theme" : "Light theme";
    const moving = html.dataset.motion === "on";
    this.motion.replaceChildren(icon(moving ? "pause" : "play"));
    this.motion.setAttribute("aria-label", moving ? "Pause motion" : "Allow motion");
    this.motion.title = moving ? "Pause motion" : "Allow motion";
  }
}

export const shell = new Shell();
