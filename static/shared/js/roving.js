// One stop for Tab in a whole list or table; arrow keys move inside.

const STEP = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

export class Roving {
  // `selector` finds the controls in `element`. With `row` (a selector) left and right stay within a row,
  // up and down go to the same control of the next row.
  constructor(element, selector, { row = null } = {}) {
    Object.assign(this, { element, selector, row, current: null });
    element.addEventListener("keydown", (event) => this.#key(event), true);
    element.addEventListener("focusin", (event) => {
      const at = event.target.closest(selector);
      if (at) this.#choose(at);
    });
  }

  get all() {
    return [...this.element.querySelectorAll(this.selector)];
  }

  // After rows came, went or moved: exactly one of them can be reached by Tab.
  refresh() {
    const all = this.all;
    if (!all.includes(this.current)) this.current = all[0] ?? null;
    for (const one of all) {
      const index = one === this.current ? "0" : "-1";
      if (one.getAttribute("tabindex") !== index) one.setAttribute("tabindex", index);
    }
  }

  #choose(at) {
    if (at === this.current && at.getAttribute("tabindex") === "0") return;
    this.current?.setAttribute("tabindex", "-1");
    this.current = at;
    at.setAttribute("tabindex", "0");
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const at = event.target.closest(this.selector);
    if (!at) return;
    const to = this.#next(at, event.key);
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    to?.focus();
  }

  // Undefined where the key is not ours; a slider keeps left and right until its ends.
  #next(at, key) {
    const all = this.all;
    if (key === "Home" && !isSlider(at)) return all[0];
    if (key === "End" && !isSlider(at)) return all.at(-1);
    const step = STEP[key];
    if (step === undefined) return undefined;
    const sideways = key === "ArrowLeft" || key === "ArrowRight";
    if (sideways && isSlider(at) && !atEnd(at, step)) return undefined;
    if (!this.row || sideways) {
      const to = all[all.indexOf(at) + step] ?? null;
      return this.row && to?.closest(this.row) !== at.closest(this.row) ? null : to;
    }
    const rows = [...this.element.querySelectorAll(this.row)].filter((one) => one.querySelector(this.selector));
    const place = rows.indexOf(at.closest(this.row));
    const column = [...rows[place].querySelectorAll(this.selector)].indexOf(at);
    const there = rows[place + step]?.querySelectorAll(this.selector);
    return there ? there[Math.min(column, there.length - 1)] : null;
  }
}

const isSlider = (element) => element.getAttribute("role") === "slider";
const atEnd = (element, step) => element.getAttribute("aria-valuenow") === element.getAttribute(step > 0 ? "aria-valuemax" : "aria-valuemin");
