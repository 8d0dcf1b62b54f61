// The frame of every page: the end of its header, whether the server answers, the tab's title and icon.
import { $, h, s, setText } from "./dom.js";
import { get, script } from "./api.js";
import { params, push, replace } from "./address.js";
import * as links from "./links.js";
import { live } from "./live.js";
import { shape, stateOf } from "./states.js";
import { learn } from "./words.js";
import { eachSecond, now, setZone, since, span, sync, timeOf, zone, zoneName } from "./time.js";
import { announce } from "./announce.js";

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
  still: "M4 6h10M4 12h16M4 18h7",
  moving: "M3 12h3l3-8 5 16 3-8h4",
  more: "M5 12h.01M12 12h.01M19 12h.01",
};
// So many answers in a row that did not come, over at least so long, and the server is gone.
const GONE_AFTER = 3;
const GONE_MS = 6000;
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
  #begun = false;
  #details = null;
  #state = null;
  #updated = null;
  #every = 5000;
  #title = document.title;
  #banner = null;
  #heard = null;
  #misses = 0;
  #missing = null;
  paused = false;

  constructor() {
    this.widget = $("#top-end system-status");
    this.age = h("span", { class: "updated" });
    this.live = h("button", { class: "button bare live-switch", type: "button", onclick: () => this.#turnLive() }, h("i", { "aria-hidden": "true" }), h("span"));
    this.zone = h("button", { class: "button bare zone", type: "button", onclick: () => setZone(zone() === "utc" ? "local" : "utc") });
    this.motion = h("button", { class: "button bare icon", type: "button", onclick: () => this.#turnMotion() });
    this.theme = h("button", { class: "button bare icon", type: "button", onclick: () => this.#turnTheme() });
    const looks = h("div", { class: "looks", id: "looks" }, this.zone, this.motion, this.theme);
    this.more = h("button", { class: "button bare icon more", type: "button", "aria-label": "Time zone, motion and theme", "aria-expanded": "false", "aria-controls": "looks",
      onclick: () => this.#unfold(this.more.getAttribute("aria-expanded") !== "true") }, icon("more"));
    this.widget.before(this.age, this.live);
    $("#top-end").append(this.more, looks);
    // Set here, as no page has an address of another origin in its HTML.
    $("#tradingview").href = "https://www.tradingview.com/";
    html.addEventListener("looks", () => this.#dress());
    document.addEventListener("zone", () => this.#dress());
    document.addEventListener("keydown", ({ key }) => {
      if (key === "Escape" && this.more.getAttribute("aria-expanded") === "true") this.#unfold(false, true);
    });
    document.addEventListener("click", ({ target }) => {
      if (!target.closest?.(".looks, .more")) this.#unfold(false);
    });
    document.addEventListener("heard", ({ detail }) => this.#listen(detail));
    document.addEventListener("system-status", ({ detail }) => this.#follow(detail));
    this.#dress();
    this.#showLive();
    this.#showTab();
    eachSecond(() => this.#tick());
    if (html.dataset.view === "wall") this.widget.remove();
    // On pages of ours the widget says more than it may on a foreign one.
    this.widget.addEventListener("system-status-open", async ({ detail: open }) => {
      if (!open && !this.#details) return;
      const { StatusDetails } = await script(() => import("../components/status-details.js"));
      this.#details ??= new StatusDetails(this.widget);
      this.#details.show(open);
    });
    // The page's own question goes first.
    const timer = setTimeout(() => this.#begin(), 1500);
    document.addEventListener("heard", () => {
      clearTimeout(timer);
      this.#begin();
    }, { once: true });
  }

  #begin() {
    if (this.#begun) return;
    this.#begun = true;
    if (this.widget.isConnected) script(() => import("../components/system-status.js"));
    get("api/status").then((status) => {
      setText($("#version"), `coinmux ${status.version ?? ""}`);
      $("#simulated").hidden = !status.simulated;
    }, () => {});
  }

  // A page that asks for the whole anyway spares the widget its question.
  answered(answer) {
    this.reached();
    learn(answer.providers);
    if (this.widget.isConnected && this.widget.tell) this.widget.tell(answer);
    else this.status(answer.status, { silent: true });
  }

  // The overall state as the server reported it: in the tab's title and icon.
  status(raw, { silent = false } = {}) {
    const state = stateOf(raw);
    const word = state.key === "healthy" ? "ONLINE" : state.word.toUpperCase();
    if (word === this.#state) return;
    if (this.#state !== null && !silent) announce(`Overall state: ${word.toLowerCase()}`);
    this.#state = word;
    const key = MARKS[state.key] ? state.key : "unknown";
    const mark = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'>${MARKS[key].replaceAll("C", COLOURS[key])}</svg>`;
    $("#favicon").href = `data:image/svg+xml,${encodeURIComponent(mark)}`;
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

  // The server does not answer: said once, whichever question found it out. `document` gets an event
  // `unreachable`, and `reached` when it is back.
  unreachable(problem) {
    if (this.#banner) return;
    document.body.classList.add("offline-page");
    const at = this.#heard;
    this.#banner = h("div", { class: "banner", role: "alert", id: "unreachable" }, shape("offline"),
      h("span", null, h("strong", { text: "No answer from the server " }),
        at === null ? "since this page was opened" : "since ", at === null ? null : timeOf(at),
        at === null ? null : h("span", null, ", ", since(at, (ms) => span(now() - ms))),
        `. ${problem?.title ? `${problem.title}. ` : ""}What is shown is the last it said; the page keeps trying.`));
    $("#main").prepend(this.#banner);
    this.status("OFFLINE", { silent: true });
    this.widget.tell?.(null);
    document.dispatchEvent(new CustomEvent("unreachable", { detail: problem ?? null }));
  }

  // The server answers. Everybody who waits to ask again asks now.
  reached() {
    this.#misses = 0;
    this.#missing = null;
    this.#heard = now();
    if (!this.#banner) return;
    this.#banner.remove();
    this.#banner = null;
    document.body.classList.remove("offline-page");
    this.widget.ask?.();
    document.dispatchEvent(new CustomEvent("reached"));
  }

  requestLink(id) {
    return links.request(id);
  }

  params() {
    return params();
  }

  push(values) {
    push(values);
  }

  replace(values) {
    replace(values);
  }

  #listen(problem) {
    if (!problem) {
      this.reached();
      return;
    }
    this.#misses += 1;
    this.#missing ??= performance.now();
    if (this.#misses >= GONE_AFTER && performance.now() - this.#missing >= GONE_MS) this.unreachable(problem);
  }

  #follow({ status, reachable, server_time: serverTime }) {
    if (reachable) {
      sync(serverTime);
      this.reached();
    } else this.unreachable(null);
    this.status(status, { silent: true });
  }

  #entitle() {
    const calm = this.#state === null || this.#state === "ONLINE";
    document.title = calm ? this.#title : `${this.#state}: ${this.#title}`;
  }

  #tick() {
    if (this.#updated === null) return;
    const age = now() - this.#updated;
    setText(this.age, `${span(age)} ago`);
    this.age.title = `Updated ${span(age)} ago`;
    this.age.toggleAttribute("data-late", age >= 3 * this.#every);
  }

  #turnLive() {
    this.paused = !this.paused;
    html.dataset.live = this.paused ? "paused" : "live";
    live.pause(this.paused);
    this.#showLive();
    announce(this.paused ? "The page is paused" : "The page is live");
    document.dispatchEvent(new CustomEvent("paused", { detail: this.paused }));
  }

  #showLive() {
    setText(this.live.lastElementChild, this.paused ? "Paused" : "Live");
    this.live.setAttribute("aria-label", this.paused ? "Paused: go on" : "Live: pause this page");
    this.live.title = this.paused ? "Go on: ask the server again" : "Pause this page: its figures stay as they are, and nothing on it moves";
  }

  // Where the tabs do not fit, the page's own is scrolled into view.
  #showTab() {
    const bar = $(".top nav ul");
    const show = () => {
      const mine = $("[aria-current]", bar);
      if (mine) bar.scrollLeft = mine.offsetLeft - (bar.clientWidth - mine.offsetWidth) / 2;
      this.#fade(bar);
    };
    bar.addEventListener("scroll", () => this.#fade(bar), { passive: true });
    new ResizeObserver(show).observe(bar);
  }

  #fade(bar) {
    const left = bar.scrollLeft > 2;
    const right = bar.scrollLeft + bar.clientWidth < bar.scrollWidth - 2;
    bar.dataset.more = left && right ? "both" : left ? "left" : right ? "right" : "none";
  }

  #unfold(open, focus = false) {
    this.more.setAttribute("aria-expanded", String(open));
    if (focus) this.more.focus();
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
    label(this.theme, light ? "moon" : "sun", light ? "Dark theme" : "Light theme");
    const moving = html.dataset.motion === "on";
    label(this.motion, moving ? "moving" : "still", moving ? "Less motion" : "Allow motion");
    const isUtc = zone() === "utc";
    this.widget.setAttribute("zone", zone());
    setText(this.zone, isUtc ? "UTC" : "Local");
    this.zone.title = isUtc ? "Times are in UTC. Show them in the time of this machine" : `Times are in the time of this machine, ${zoneName()}. Show them in UTC`;
    this.zone.setAttribute("aria-label", isUtc ? "UTC: show local times" : "Local time: show UTC");
  }
}

function label(button, name, text) {
  button.replaceChildren(icon(name));
  button.setAttribute("aria-label", text);
  button.title = text;
}

export const shell = new Shell();
