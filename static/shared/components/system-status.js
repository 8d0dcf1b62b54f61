// <system-status>: how the server is, in one pill, on any page. Loading this module is enough.
// Attributes: api (address of the server), interval (s), position (bottom-right, ..., inline), theme, open,
// zone (utc; local without).
// What it holds for the slot `details` is shown in its panel, in place of the sentence. `tell(answer)` gives it an answer
// of `api/status/public` or `api/monitor` that the page has anyway, so that it need not
// ask itself; `tell(null)` says that the server is gone; `ask()` asks at once.

const HOME = new URL("../../../", import.meta.url);
const NAME = "system-status";
const TIMEOUT_MS = 4000;
const BACKOFF_MS = [5000, 10000, 20000, 30000];
const SVG = "http://www.w3.org/2000/svg";
const SHAPES = {
  healthy: ["M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1Z"],
  degraded: ["M6 .8 11.6 11H.4Z"],
  offline: ["M2 .7h8q1.3 0 1.3 1.3v8q0 1.3-1.3 1.3h-8Q.7 11.3.7 10V2Q.7.7 2 .7Z", "m3.7 3.7 4.6 4.6m0-4.6L3.7 8.3"],
  unknown: ["M6 1 11 6 6 11 1 6Z"],
  disabled: ["M6 1.2a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 1 0 0-9.6ZM3 6h6"],
};
const STATES = { ONLINE: "healthy", HEALTHY: "healthy", DEGRADED: "degraded", OFFLINE: "offline", DISABLED: "disabled" };
const COUNTED = ["healthy", "degraded", "offline", "unknown", "disabled"];

const CSS = `
:host{all:initial!important;position:fixed!important;z-index:2147483000!important;right:calc(16px + env(safe-area-inset-right))!important;bottom:calc(16px + env(safe-area-inset-bottom))!important;
display:block!important;font:400 14px/1.45 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif!important;font-variant-numeric:tabular-nums!important;
--s:#111827;--r:#1e293b;--t:#e2e8f0;--m:#94a3b8;--l:#334155;--a:#60a5fa;--f:#93c5fd;--o:transparent;--bad:#f87171}
:host([hidden]){display:none!important}
:host([data-look=light]){--s:#fff;--r:#f1f5f9;--t:#0f172a;--m:#475569;--l:#cbd5e1;--a:#1d4ed8;--f:#1d4ed8;--o:#0f172a;--bad:#b91c1c}
:host([position$=left]){right:auto!important;left:calc(16px + env(safe-area-inset-left))!important}
:host([position^=top]){bottom:auto!important;top:calc(16px + env(safe-area-inset-top))!important}
:host([position=inline]){position:relative!important;inset:auto!important;display:inline-block!important;z-index:auto!important}
*{box-sizing:border-box}
.wrap{display:flex;flex-direction:column;align-items:flex-end;gap:10px}
:host([position$=left]) .wrap{align-items:flex-start}
:host([position^=top]) .wrap{flex-direction:column-reverse}
:host([position=inline]) .panel{position:absolute;z-index:9;top:calc(100% + 10px);right:0;width:330px;max-height:calc(100vh - 90px);overflow-y:auto}
:host([position=inline]) button{height:32px;padding:0 12px 0 10px;font-size:12px;box-shadow:none}
@media(max-width:639px){:host([position=inline]){position:static!important}:host([position=inline]) .panel{top:calc(100% + 6px);left:14px;right:14px;width:auto;max-width:none}
:host([position=inline]) button{height:30px;padding:0 9px 0 8px;gap:5px;font-size:11px}}
button{all:unset;box-sizing:border-box;display:inline-flex;align-items:center;gap:8px;height:36px;padding:0 15px 0 13px;border-radius:99px;cursor:pointer;
color:#0b1220;background:#94a3b8;font-size:13px;font-weight:700;letter-spacing:.05em;box-shadow:0 6px 20px rgb(0 0 0/35%),0 0 0 1px rgb(11 18 32/20%)}
button[data-state=healthy]{background:#22c55e}button[data-state=degraded]{background:#f59e0b}button[data-state=offline]{background:#ef4444}
button svg{fill:#0b1220;stroke:none}button svg .cut{stroke:#ef4444}button svg[data-shape=unknown]{fill:none;stroke:#0b1220}
svg{width:12px;height:12px;flex:none;stroke-width:1.8;overflow:visible}
button:focus-visible,a:focus-visible{outline:2px solid var(--f);outline-offset:3px;border-radius:99px}
.panel{width:270px;max-width:calc(100vw - 32px);padding:14px 16px;border-radius:14px;background:var(--s);color:var(--t);border:1px solid var(--l);
box-shadow:0 18px 48px rgb(0 0 0/40%)}
.panel[hidden]{display:none}
h2,ul,p{margin:0;padding:0;font:inherit}ul{list-style:none}
h2{font-weight:650;font-size:14px}
.why{margin-bottom:9px}.when{color:var(--m);font-size:12px;margin-bottom:5px}:host([position=inline]) li[data-none]{display:none}
li{display:flex;align-items:center;gap:9px;padding:3px 0}
li .end{margin-left:auto;color:var(--m)}
ul+ul{margin-top:8px;padding-top:8px;border-top:1px solid var(--l)}
li svg{fill:none;stroke:var(--m)}
li svg[data-shape=healthy]{fill:#22c55e;stroke:var(--o);stroke-width:1}li svg[data-shape=degraded]{fill:#f59e0b;stroke:var(--o);stroke-width:1}
li svg[data-shape=offline]{fill:#ef4444;stroke:var(--o);stroke-width:1}li svg .cut{fill:none;stroke:var(--s);stroke-width:1.8}
.age{margin-top:10px;color:var(--m);font-size:12px}
.age[data-bad]{color:var(--bad)}
a{display:inline-flex;align-items:center;min-height:24px;margin-top:6px;color:var(--a);text-underline-offset:3px}
.away{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media(forced-colors:active){button,.panel{border:1px solid CanvasText}button svg,li svg[data-shape]{fill:CanvasText!important;stroke:CanvasText!important}
svg[data-shape=unknown],svg[data-shape=disabled]{fill:none!important}svg .cut{fill:none!important;stroke:Canvas!important}}
@media print{:host,:host([position]){display:none!important}}
`;

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

function mark(state) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 12 12");
  svg.setAttribute("aria-hidden", "true");
  svg.dataset.shape = state;
  SHAPES[state].forEach((d, at) => {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    if (at) path.setAttribute("class", "cut");
    svg.append(path);
  });
  return svg;
}

function kept(value) {
  try {
    if (value === undefined) return localStorage.getItem("coinmux-widget");
    localStorage.setItem("coinmux-widget", value);
  } catch {
    // Storage is blocked.
  }
  return null;
}

// By hand: a phone takes long to make the first format of the browser's own.
function clock(ms, zone) {
  const at = new Date(ms);
  const both = zone === "utc" ? [at.getUTCHours(), at.getUTCMinutes()] : [at.getHours(), at.getMinutes()];
  return both.map((one) => String(one).padStart(2, "0")).join(":");
}

const stateOf = (word) => STATES[String(word).toUpperCase()] ?? "unknown";

class SystemStatus extends HTMLElement {
  #timers = new Set();
  #asking = null;
  #failures = 0;
  #busy = false;
  #word = "CHECKING";
  #told = null;
  #light = matchMedia("(prefers-color-scheme: light)");
  #dress = () => {
    const page = this.getAttribute("theme") ?? document.documentElement.dataset.theme;
    this.dataset.look = page === "light" || page === "dark" ? page : this.#light.matches ? "light" : "dark";
  };
  #seen = () => {
    if (document.hidden) this.#clear();
    else this.#begin();
  };
  #outside = (event) => {
    if (this.#inline && !this.panel.hidden && !event.composedPath().includes(this)) this.#open(false);
  };
  #escape = (event) => {
    if (event.key !== "Escape" || this.panel.hidden) return;
    this.#open(false);
    this.button.focus();
  };

  connectedCallback() {
    const first = document.querySelector(NAME);
    if (first !== this) {
      this.remove();
      return;
    }
    if (!this.shadowRoot) this.#build();
    this.#dress();
    this.#light.addEventListener("change", this.#dress);
    document.documentElement.addEventListener("looks", this.#dress);
    document.addEventListener("visibilitychange", this.#seen);
    this.addEventListener("keydown", this.#escape);
    document.addEventListener("click", this.#outside);
    this.#open(this.hasAttribute("open") || (!this.#inline && kept() === "open"), false);
    if (!document.hidden) this.#begin();
  }

  disconnectedCallback() {
    this.#clear();
    this.#light.removeEventListener("change", this.#dress);
    document.documentElement.removeEventListener("looks", this.#dress);
    document.removeEventListener("visibilitychange", this.#seen);
    this.removeEventListener("keydown", this.#escape);
    document.removeEventListener("click", this.#outside);
  }

  #build() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    const shadow = this.attachShadow({ mode: "open" });
    shadow.adoptedStyleSheets = [sheet];
    this.word = make("span", { textContent: this.#word });
    this.button = make("button", { type: "button", onclick: () => this.#open(this.panel.hidden) }, mark("unknown"), this.word);
    this.button.setAttribute("aria-expanded", "false");
    this.button.setAttribute("aria-controls", "panel");
    this.headline = make("h2", { textContent: "coinmux" });
    this.why = make("p", { className: "why" });
    this.since = make("p", { className: "when" });
    this.counts = make("ul");
    this.services = make("ul");
    this.age = make("p", { className: "age" });
    const more = make("a", { href: new URL("system-monitor", this.base).href, textContent: "Open the system monitor" });
    this.panel = make("div", { className: "panel", id: "panel", hidden: true }, this.headline, this.since, make("slot", { name: "details" }, this.why), this.counts, this.services, this.age, more);
    this.panel.setAttribute("role", "region");
    this.panel.setAttribute("aria-label", "System status");
    this.spoken = make("div", { className: "away" });
    this.spoken.setAttribute("role", "status");
    const parts = this.#inline ? [this.button, this.panel] : [this.panel, this.button];
    shadow.append(make("div", { className: "wrap" }, ...parts), this.spoken);
  }

  get #inline() {
    return this.getAttribute("position") === "inline";
  }

  get base() {
    const api = this.getAttribute("api");
    return api ? new URL(api.endsWith("/") ? api : `${api}/`, document.baseURI) : HOME;
  }

  #open(open, keep = true) {
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    if (keep && !this.#inline) kept(open ? "open" : "closed");
    this.dispatchEvent(new CustomEvent(`${NAME}-open`, { detail: open }));
    this.#say();
  }

  #after(ms, task) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      task();
    }, ms);
    this.#timers.add(timer);
    return timer;
  }

  #clear() {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #begin() {
    this.#clear();
    this.#tick();
    if (!this.#busy) this.#poll();
  }

  #tick() {
    this.#after(1000, () => {
      this.#say();
      this.#tick();
    });
  }

  async #poll() {
    this.#timers.delete(this.#asking);
    clearTimeout(this.#asking);
    this.#busy = true;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
    try {
      const reply = await fetch(new URL("api/status/public", this.base), { signal: stop.signal, credentials: "omit", cache: "no-store" });
      if (!reply.ok) throw new Error(String(reply.status));
      this.#take(await reply.json());
    } catch {
      this.#failures += 1;
      if (this.#failures >= 3) this.#state("OFFLINE", null);
    }
    clearTimeout(timer);
    this.#busy = false;
    this.#say();
    this.#next();
  }

  #next() {
    clearTimeout(this.#asking);
    this.#timers.delete(this.#asking);
    if (!this.isConnected || document.hidden) return;
    const every = Math.max(1, Number(this.getAttribute("interval")) || 10) * 1000;
    const wait = this.#failures ? BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length) - 1] * (0.85 + Math.random() * 0.3) : every;
    this.#asking = this.#after(wait, () => this.#poll());
  }

  #take(answer) {
    this.#failures = 0;
    this.#told = { at: performance.now(), wall: Date.now() };
    this.#show(answer);
  }

  ask() {
    if (this.isConnected && !this.#busy) this.#poll();
  }

  tell(answer) {
    if (answer) this.#take(answer);
    else {
      this.#failures = Math.max(3, this.#failures);
      this.#state("OFFLINE", null);
    }
    this.#say();
    if (!this.#busy) this.#next();
  }

  #show(answer) {
    this.#state(String(answer.status ?? "UNKNOWN").toUpperCase(), answer);
    const counts = answer.summary ?? answer.providers ?? {};
    this.why.textContent = answer.reason ?? "";
    this.counts.replaceChildren(...COUNTED.map((name) => this.#line(name, `Sources ${name}`, counts[name] ?? "—")));
    this.services.replaceChildren(
      ...(Array.isArray(answer.services) ? answer.services : []).map(({ name, status }) => this.#line(stateOf(status), String(name).replaceAll("_", " ").replace(/^(api |.)/, (first) => first.toUpperCase()), stateOf(status) === "disabled" ? "not configured" : String(status ?? "—").toLowerCase())),
    );
    this.since.textContent = Number.isFinite(answer.since) ? `${this.#word.toLowerCase()} since ${clock(answer.since, this.getAttribute("zone"))}` : "";
  }

  #line(state, text, end) {
    const line = make("li", {}, mark(state), make("span", { textContent: text }), make("span", { className: "end", textContent: end }));
    line.toggleAttribute("data-none", end === 0);
    return line;
  }

  #state(word, answer) {
    const state = stateOf(word);
    if (word !== this.#word) {
      if (this.#word !== "CHECKING") this.spoken.textContent = `System status: ${word.toLowerCase()}`;
      this.#word = word;
      this.word.textContent = word;
      this.button.dataset.state = state;
      this.button.firstChild.replaceWith(mark(state));
    }
    const detail = { status: word, reachable: answer !== null, server_time: answer?.server_time ?? null, answer };
    this.dispatchEvent(new CustomEvent(NAME, { detail, bubbles: true, composed: true }));
  }

  #say() {
    if (!this.age) return;
    const gone = this.#failures >= 3;
    this.age.toggleAttribute("data-bad", this.#failures > 0);
    if (gone) this.age.textContent = this.#told ? `no answer since ${clock(this.#told.wall, this.getAttribute("zone"))}` : "no answer yet";
    else if (this.#told) this.age.textContent = `updated ${Math.round((performance.now() - this.#told.at) / 1000)} s ago`;
    else this.age.textContent = "asking…";
  }
}

if (!customElements.get(NAME)) {
  customElements.define(NAME, SystemStatus);
  const add = () => {
    if (!document.querySelector(NAME)) document.body.append(document.createElement(NAME));
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", add);
  else add();
}
