// A long table on a phone: its rows in groups that open and close. Which are open is in the address.
import { h, setAttribute, setText } from "../../shared/js/dom.js";
import { shell } from "../../shared/js/shell.js";

const narrow = matchMedia("(max-width: 639px)");
const named = (title) => title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-");
const opened = () => new Set((shell.params().get("open") ?? "").split(" ").filter(Boolean));

export class Folds {
  // `of(row)` is the title of its group, `note(rows)` what is said of a group; while `all()` is true every one is
  // open, as while something is looked for. `turned` draws the table again.
  constructor({ of, note, all = () => false, turned }) {
    Object.assign(this, { of, note, all, turned });
    narrow.addEventListener("change", turned);
    document.addEventListener("address", turned);
  }

  // The rows as they are where there is room; else heads of groups, each with its rows where it is open.
  laid(rows) {
    if (!narrow.matches) return rows;
    const groups = new Map();
    for (const row of rows) {
      const title = this.of(row);
      if (!groups.has(title)) groups.set(title, []);
      groups.get(title).push(row);
    }
    const open = opened();
    const everyone = this.all();
    return [...groups].sort(([a], [b]) => a.localeCompare(b)).flatMap(([title, mine]) => {
      const isOpen = everyone || open.has(named(title));
      return [{ fold: `fold ${title}`, title, note: this.note(mine), isOpen }, ...(isOpen ? mine : [])];
    });
  }

  make({ title }) {
    const button = h("button", { class: "fold", type: "button", onclick: () => this.#turn(title) }, h("span", { text: title }), h("small"));
    return h("tr", { class: "group", role: "row" }, h("th", { role: "rowheader", scope: "row" }, button));
  }

  set(line, { note, isOpen }) {
    const button = line.firstChild.firstChild;
    setAttribute(button, "aria-expanded", isOpen);
    setText(button.lastChild, note);
  }

  #turn(title) {
    const open = opened();
    const name = named(title);
    if (!open.delete(name)) open.add(name);
    shell.replace({ open: [...open].join(" ") || null });
    this.turned();
  }
}
