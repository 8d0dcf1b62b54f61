// What changed: the newest turns of sources and settings, each with its reason and its age.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { address } from "../../shared/js/api.js";
import { words } from "../../shared/js/format.js";
import { shape, stateOf } from "../../shared/js/states.js";
import { setSince, since } from "../../shared/js/time.js";

// Five are shown, and two more where the screen is wide.
const ROWS = 7;
const KINDS = new Set(["state_change", "config"]);
// A source that was never asked and then answered is no news.
const isNews = (event) => KINDS.has(event.kind) && !(event.kind === "state_change" && event.before === "UNKNOWN" && event.after === "HEALTHY");

export class Changes {
  #seen = new Map();
  titles = new Map();

  constructor(list) {
    this.list = list;
  }

  get size() {
    return this.#seen.size;
  }

  // Events of the monitor or of the stream; one that comes by both is one.
  add(events) {
    for (const event of events) if (isNews(event)) this.#seen.set(`${event.t} ${event.id}`, event);
    const newest = [...this.#seen].sort(([, a], [, b]) => b.t - a.t || b.id - a.id).slice(0, ROWS);
    this.#seen = new Map(newest);
    each(this.list, newest, ([key]) => key, () => this.#make(), (line, [, event]) => this.#fill(line, event));
  }

  // The server was started anew: what its former run did is over.
  clear() {
    this.#seen.clear();
  }

  #make() {
    const parts = { mark: shape("unknown"), what: h("a"), why: h("span", { class: "note" }), age: since(NaN) };
    const line = h("li", null, parts.mark, h("div", null, parts.what, parts.why), parts.age);
    line.parts = parts;
    return line;
  }

  #fill(line, event) {
    const { parts } = line;
    const isState = event.kind === "state_change";
    const { key, word } = stateOf(event.after);
    const drawn = isState ? key : "disabled";
    if (line.dataset.state !== drawn) {
      line.dataset.state = drawn;
      const mark = shape(drawn);
      parts.mark.replaceWith(mark);
      parts.mark = mark;
    }
    const [name, channel] = String(event.source ?? event.provider ?? "").split(":");
    setText(parts.what, isState ? `${this.titles.get(name) ?? name}${channel ? `, ${channel}` : ""} is ${word}` : event.message);
    setAttribute(parts.what, "href", isState ? address("providers", { name }) : address("config"));
    setAttribute(parts.what, "title", isState ? (event.source ?? name) : null);
    setText(parts.why, isState ? [event.reason ? words(event.reason) : "", event.before ? `was ${stateOf(event.before).word}` : ""].filter(Boolean).join(", ") : "configuration");
    setSince(parts.age, event.t);
  }
}
