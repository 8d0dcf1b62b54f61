// What changed: the newest lines of the monitor's list, each with its reason and its age.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { Spells } from "../../shared/js/spells.js";
import { shape } from "../../shared/js/states.js";
import { now, setSince, since } from "../../shared/js/time.js";
import { told } from "../../shared/js/told.js";

// Five are shown, and two more where the screen is wide.
const ROWS = 7;
const SEEN_MOST = 4000;
// What follows from a change, and first answers: told where nothing else fills the list.
const GIVES_WAY = new Set(["failover", "first"]);
// The overview has shapes of states alone; a look that is none is drawn as what it means.
const SHAPES = { change: "healthy", retry: "degraded", failed: "offline", config: "disabled" };

const shapeOf = (look) => (look.startsWith("state:") ? look.slice(6) : SHAPES[look]);

function chosen(lines) {
  const news = lines.filter(({ one }) => !GIVES_WAY.has(one.kind));
  const rest = lines.filter(({ one }) => GIVES_WAY.has(one.kind));
  return [...news, ...rest].slice(0, ROWS).sort((a, b) => b.one.at - a.one.at);
}

export class Changes {
  #spells = new Spells();
  #seen = new Set();

  constructor(list) {
    this.list = list;
  }

  get size() {
    return this.#spells.entries.length;
  }

  // Events of the monitor or of the stream, which tell the same; `answer` is the monitor's, where it is one.
  add(events, answer = null) {
    const isTold = this.#spells.add(events.filter((event) => this.#isNew(event)), now());
    if (answer) this.#spells.answered(answer);
    if (isTold || answer) this.#show();
  }

  // Troubles that began before this page was opened, or before the server was started anew.
  known(incidents) {
    this.#spells.known(incidents, now());
    this.#show();
  }

  // Numbers begin anew with a new process of the server: the time belongs to the identity.
  #isNew({ id, t }) {
    const name = `${id} ${t}`;
    if (this.#seen.has(name)) return false;
    this.#seen.add(name);
    if (this.#seen.size > SEEN_MOST) this.#seen = new Set([...this.#seen].slice(-SEEN_MOST / 2));
    return true;
  }

  #show() {
    each(this.list, chosen(this.#spells.lines), ({ one }) => one.id, () => this.#make(), (line, { one, all }) => this.#fill(line, one, told(one, all)));
  }

  #make() {
    const parts = { mark: shape("unknown"), what: h("a"), why: h("span", { class: "note" }), age: since(NaN) };
    const line = h("li", null, parts.mark, h("div", null, parts.what, parts.why), parts.age);
    line.parts = parts;
    return line;
  }

  #fill(line, one, { look, what, more, href }) {
    const { parts } = line;
    const key = shapeOf(look);
    if (line.dataset.state !== key) {
      line.dataset.state = key;
      const mark = shape(key);
      parts.mark.replaceWith(mark);
      parts.mark = mark;
    }
    setText(parts.what, what);
    setAttribute(parts.what, "href", href);
    setText(parts.why, more);
    setAttribute(parts.why, "title", more);
    setSince(parts.age, one.at);
  }
}
