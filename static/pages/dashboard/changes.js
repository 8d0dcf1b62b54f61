// What changed: the newest turns of sources and settings, each with its reason and its age.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { address } from "../../shared/js/api.js";
import { failure } from "../../shared/js/codes.js";
import { shape, stateOf } from "../../shared/js/states.js";
import { setSince, since } from "../../shared/js/time.js";

// Five are shown, and two more where the screen is wide.
const ROWS = 7;
// Sources that turned the same way within this time are told of together.
const TOGETHER_MS = 60000;
const NAMED = 4;

// A source that was never asked and then answered is no news.
const isNews = (event) => event.kind === "config" || (event.kind === "state_change" && !(event.before === "UNKNOWN" && event.after === "HEALTHY"));
const capital = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);
const newestFirst = (a, b) => b.t - a.t || b.id - a.id;

function grouped(events) {
  const groups = [];
  for (const event of [...events].sort(newestFirst)) {
    const same = event.kind === "state_change" && groups.find(({ first, t }) => first.kind === event.kind && first.after === event.after && t - event.t <= TOGETHER_MS);
    if (same) {
      same.all.push(event);
      same.t = event.t;
    } else groups.push({ first: event, all: [event], t: event.t });
  }
  return groups.slice(0, ROWS);
}

const isChannel = (event) => String(event.source ?? "").includes(":");

// A channel whose source turned with it is not told of besides.
function apart(all) {
  const sources = all.filter((one) => !isChannel(one));
  const turned = new Set(sources.map((one) => one.source ?? one.provider));
  return { sources, channels: all.filter((one) => isChannel(one) && !turned.has(one.source.split(":")[0])) };
}

export class Changes {
  #latest = new Map();
  titles = new Map();

  constructor(list) {
    this.list = list;
  }

  get size() {
    return this.#latest.size;
  }

  // Events of the monitor or of the stream. The last one of a source is what is told of it.
  add(events) {
    for (const event of events.filter(isNews)) {
      const key = event.kind === "config" ? `config ${event.id}` : (event.source ?? event.provider);
      const known = this.#latest.get(key);
      if (!known || newestFirst(event, known) < 0) this.#latest.set(key, event);
    }
    const groups = grouped(this.#latest.values());
    const oldest = groups.length === ROWS ? groups.at(-1).t : -Infinity;
    for (const [key, event] of this.#latest) if (event.t < oldest) this.#latest.delete(key);
    each(this.list, groups, ({ first }) => `${first.t} ${first.id}`, () => this.#make(), (line, group) => this.#fill(line, group));
  }

  // The server was started anew: what its former run did is over.
  clear() {
    this.#latest.clear();
  }

  #make() {
    const parts = { mark: shape("unknown"), what: h("a"), why: h("span", { class: "note" }), age: since(NaN) };
    const line = h("li", null, parts.mark, h("div", null, parts.what, parts.why), parts.age);
    line.parts = parts;
    return line;
  }

  #fill(line, { first, all }) {
    const { parts } = line;
    const isState = first.kind === "state_change";
    const key = isState ? stateOf(first.after).key : "disabled";
    if (line.dataset.state !== key) {
      line.dataset.state = key;
      const mark = shape(key);
      parts.mark.replaceWith(mark);
      parts.mark = mark;
    }
    const { what, why, href } = isState ? this.#turned(first, all) : { what: capital(first.message ?? ""), why: "configuration", href: address("config") };
    setText(parts.what, what);
    setAttribute(parts.what, "href", href);
    setAttribute(parts.what, "title", isState ? all.map((one) => one.source ?? one.provider).join(", ") : null);
    setText(parts.why, why);
    setAttribute(parts.why, "title", why);
    setSince(parts.age, first.t);
  }

  #turned(first, all) {
    const { key, word } = stateOf(first.after);
    const reason = first.reason && key !== "healthy" ? failure({ code: first.reason, message: first.message }) : "";
    if (all.length === 1) {
      const was = first.before ? `was ${stateOf(first.before).word}` : "";
      return { what: `${this.#title(first)} is ${word}`, why: [reason, was].filter(Boolean).join(", "), href: address("providers", { name: this.#name(first) }) };
    }
    const { sources, channels } = apart(all);
    const count = (number, what) => (number ? [`${number} ${what}${number > 1 ? "s" : ""}`] : []);
    if (sources.length === 1 && !channels.length) return this.#turned(sources[0], sources);
    const names = [...new Set([...sources, ...channels].map((one) => this.#title(one)))];
    const rest = names.length - NAMED;
    return { what: `${[...count(sources.length, "source"), ...count(channels.length, "channel")].join(" and ")} are ${word}`, why: names.slice(0, NAMED).join(", ") + (rest > 0 ? ` and ${rest} more` : ""), href: address("providers", { state: key }) };
  }

  #name(event) {
    return String(event.source ?? event.provider ?? "").split(":")[0];
  }

  #title(event) {
    const name = this.#name(event);
    const channel = String(event.source ?? "").split(":")[1];
    return `${this.titles.get(name) ?? name}${channel ? ` (${channel})` : ""}`;
  }
}
