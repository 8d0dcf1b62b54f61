// The list: what is open first, then day by day, the newest first.
import { each, h } from "../../shared/js/dom.js";
import { address } from "../../shared/js/api.js";
import { Roving } from "../../shared/js/roving.js";
import { clock, day, now, timeOf, when, zone } from "../../shared/js/time.js";
import { cost, kindOf, length, mark, openOf } from "./words.js";

const DAY_MS = 86400000;

export class List {
  // `onOpen(id)` is called where a row is followed within the page.
  constructor(place, onOpen) {
    this.place = place;
    this.onOpen = onOpen;
    this.roving = new Roving(place, ".incident");
  }

  show(incidents) {
    const groups = new Map();
    for (const one of openOf(incidents)) add(groups, "Open now", one);
    for (const one of incidents.filter((incident) => incident.ended_at !== null)) add(groups, dayOf(one.started_at), one);
    each(this.place, [...groups], ([title]) => title, ([title]) => this.#group(title), (section, [, rows]) => {
      each(section.lastElementChild, rows, (one) => one.id, (one) => this.#row(one), (row, one) => this.#fill(row, one));
    });
    this.roving.refresh();
  }

  #group(title) {
    return h("section", { class: "day" }, h("h3", { text: title }), h("ol"));
  }

  #row(one) {
    const link = h("a", { class: "incident", href: linkOf(one.id) });
    link.addEventListener("click", (event) => {
      if (event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      this.onOpen(one.id);
    });
    return h("li", null, link);
  }

  // A row is written anew only where something of it changed: its age ticks by itself.
  #fill(row, one) {
    const link = row.firstElementChild;
    const key = `${one.updated_at}/${one.ended_at}/${one.reason}/${one.maintenance}/${cost(one)}/${zone()}`;
    if (link.dataset.key === key) return;
    link.dataset.key = key;
    link.dataset.severity = one.severity;
    link.toggleAttribute("data-open", one.ended_at === null);
    link.replaceChildren(
      h("span", { class: "mark" }, mark(one.severity), h("span", { class: "away", text: `${one.severity}: ` })),
      h("span", { class: "said" }, h("strong", { text: one.reason }),
        h("small", null, one.maintenance ? "in maintenance · " : "", `${kindOf(one)} · `, timeOf(one.started_at, one.ended_at === null ? when : clock), " · ", cost(one))),
      h("span", { class: "long" }, length(one), one.times > 1 ? h("small", { text: `${one.times} times` }) : null,
        one.unknown_until ? h("small", { text: "end not known" }) : null),
    );
  }
}

const linkOf = (id) => {
  const target = address("incidents", Object.fromEntries(new URLSearchParams(location.search)));
  target.searchParams.set("id", id);
  return target.href;
};

function add(groups, title, one) {
  if (!groups.has(title)) groups.set(title, []);
  groups.get(title).push(one);
}

function dayOf(at) {
  const word = day(at);
  if (word === day(now())) return "Today";
  return word === day(now() - DAY_MS) ? "Yesterday" : word;
}
