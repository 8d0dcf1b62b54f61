// Breaking and mending simulated sources, to see what the rest does about it.
import { ask, get } from "../../shared/js/api.js";
import { h, setAttribute, setText } from "../../shared/js/dom.js";
import { words } from "../../shared/js/format.js";

export class Drill {
  // `onChange` is called after a source was broken or mended.
  constructor(onChange) {
    this.onChange = onChange;
    this.broken = {};
    this.faults = [];
    this.followed = [];
    this.descriptions = {};
    this.said = h("span");
    this.mend = h("button", { class: "button small", type: "button", onclick: () => this.#mendAll() }, "Mend all");
    this.strip = h("div", { class: "drilled", role: "status" }, this.said, this.mend);
    // One menu for all rows: it belongs to the row whose button was pressed.
    this.menu = h("div", { class: "menu", popover: "auto", role: "menu", "aria-label": "Break with" });
    this.menu.addEventListener("keydown", (event) => this.#key(event));
    this.menu.addEventListener("toggle", (event) => {
      if (event.newState === "closed") this.opener?.setAttribute("aria-expanded", "false");
    });
    document.body.append(this.menu);
  }

  async load() {
    const drill = await get("api/drill");
    Object.assign(this, { broken: { ...drill.broken }, faults: drill.available ? (drill.faults ?? []) : [], descriptions: drill.descriptions ?? {}, followed: drill.followed ?? [] });
    this.#tell();
    return this;
  }

  cell(one) {
    const button = h("button", { class: "button small", type: "button", "aria-haspopup": "menu", "aria-expanded": "false" }, "⋯");
    button.addEventListener("click", () => this.#open(button, one.name));
    return button;
  }

  set(cell, one) {
    const button = cell.firstChild;
    const fault = this.broken[one.name];
    setText(button, fault ? words(fault) : "⋯");
    setAttribute(button, "aria-label", fault ? `${one.title ?? one.name} is broken: ${words(fault)}` : `Break ${one.title ?? one.name}`);
  }

  #open(button, name) {
    this.opener = button;
    const fault = this.broken[name];
    // Only who has live feeds can have a broken one.
    const faults = this.faults.filter((one) => !one.startsWith("feed_") || this.followed.includes(name));
    this.menu.replaceChildren(...[null, ...faults].map((one) => h("button", {
      type: "button", role: "menuitemradio", "aria-checked": String((fault ?? null) === one), title: one ? (this.descriptions[one] ?? "") : "", text: one ? words(one) : "works",
      onclick: () => {
        this.menu.hidePopover();
        button.focus();
        this.#set(name, one, button);
      },
    })));
    this.menu.showPopover();
    button.setAttribute("aria-expanded", "true");
    const box = button.getBoundingClientRect();
    const size = this.menu.getBoundingClientRect();
    this.menu.style.left = `${Math.max(8, Math.min(box.left, innerWidth - size.width - 8))}px`;
    this.menu.style.top = `${Math.max(8, Math.min(box.bottom + 4, innerHeight - size.height - 8))}px`;
    (this.menu.querySelector('[aria-checked="true"]') ?? this.menu.firstChild).focus();
  }

  #key(event) {
    const items = [...this.menu.children];
    const at = items.indexOf(document.activeElement);
    const to = { ArrowDown: items[at + 1], ArrowUp: items[at - 1], Home: items[0], End: items.at(-1) }[event.key];
    if (!to) return;
    event.preventDefault();
    to.focus();
  }

  async #set(name, fault, button) {
    try {
      await ask(`api/drill/${encodeURIComponent(name)}`, { method: "POST", body: { fault } });
      if (fault) this.broken[name] = fault;
      else delete this.broken[name];
      setAttribute(button, "title", null);
    } catch (problem) {
      setAttribute(button, "title", problem.detail || problem.title);
      setText(this.said, problem.detail || problem.title);
      return;
    }
    this.#tell();
    this.onChange();
  }

  async #mendAll() {
    for (const name of Object.keys(this.broken)) {
      await ask(`api/drill/${encodeURIComponent(name)}`, { method: "POST", body: { fault: null } });
      delete this.broken[name];
    }
    this.#tell();
    this.onChange();
  }

  #tell() {
    const count = Object.keys(this.broken).length;
    setText(this.said, !this.faults.length ? "This server has no drill to offer." : count === 0 ? "Drill: break a source by its ⋯ and watch who answers for it." : `${count} ${count === 1 ? "source is" : "sources are"} broken by you`);
    this.mend.setAttribute("aria-disabled", String(count === 0));
  }
}
