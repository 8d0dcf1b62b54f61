// The tab of changes: what is different now, since when, why, and for how long it was.
import { each, h, setAttribute, setText } from "../../shared/js/dom.js";
import { Roving } from "../../shared/js/roving.js";
import { Spells } from "../../shared/js/spells.js";
import { shape } from "../../shared/js/states.js";
import { clock, now, span, stamp } from "../../shared/js/time.js";
import { told } from "../../shared/js/told.js";
import { mark } from "./marks.js";

const MOST_LINES = 60;

export class Changes {
  // `still` for a screen that only shows: nothing leads anywhere.
  constructor(list, { still = false } = {}) {
    this.list = list;
    this.tag = still ? "div" : "a";
    this.spells = new Spells();
    this.roving = new Roving(list, "a");
  }

  // `answer` is the monitor's that came with the events, or null where the stream told them.
  add(events, answer) {
    const isTold = this.spells.add(events, now());
    if (answer) this.spells.answered(answer);
    if (isTold || answer) this.show();
  }

  known(incidents) {
    this.spells.known(incidents, now());
    this.show();
  }

  get size() {
    return this.spells.entries.length;
  }

  show() {
    const lines = this.spells.lines.slice(0, MOST_LINES);
    each(this.list, lines, ({ one }) => one.id, () => make(this.tag), (item, line) => fill(item.firstChild, line));
    this.roving.refresh();
  }

  // Lasting troubles grow older between two answers.
  tick() {
    for (const item of this.list.children) {
      const { since, took } = item.firstChild;
      if (since) setText(took, span(now() - since));
    }
  }
}

function make(tag) {
  const box = h(tag, { class: "line" }, h("time"), h("span", { class: "is" }), h("div", null, h("div", { class: "what" }), h("div", { class: "more" })), h("span", { class: "took" }));
  box.took = box.lastChild;
  return h("li", null, box);
}

function fill(box, { one, all }) {
  const [time, sign, text] = box.children;
  setText(time, clock(one.at, { seconds: false }));
  setAttribute(time, "datetime", new Date(one.at).toISOString());
  setAttribute(time, "title", stamp(one.at));
  const { look, what, more, href } = told(one, all);
  if (sign.dataset.look !== look) {
    sign.dataset.look = look;
    sign.replaceChildren(look.startsWith("state:") ? shape(look.slice(6)) : mark(look));
  }
  setAttribute(box, "data-kind", one.kind);
  setAttribute(box, "data-lasts", one.until === null ? "" : null);
  setText(text.children[0], what);
  setText(text.children[1], more);
  setAttribute(text.children[1], "title", more.length > 40 ? more : null);
  if (box.localName === "a") setAttribute(box, "href", href);
  box.since = one.until === null ? one.at : null;
  setText(box.took, one.count ? `×${one.count}` : one.until === null ? span(now() - one.at) : one.until > one.at ? span(one.until - one.at) : "");
}
