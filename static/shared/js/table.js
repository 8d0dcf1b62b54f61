// Tables whose columns sort, and whose rows are reused between refreshes.
import { each, h, setAttribute } from "./dom.js";

const FOCUSABLE = "a[href], button, select, input, summary, [tabindex]";

// `columns`: {key, title, sort: row -> value, first: "asc" | "desc", num, class, cell: () -> element, set: (element, row)}.
// The first column's cells are the row's header. Every cell knows its column's title (`data-label`),
// so that a style sheet can stack the cells of a row on a phone; the roles keep it a table then.
// `folds` may put heads of groups between the rows: items with a `fold`, their key, which it makes and fills itself.
export class Table {
  constructor(table, columns, { keyOf, sorted = columns[0].key, direction = "asc", onSort = () => {}, folds = null }) {
    Object.assign(this, { table, columns, keyOf, sorted, direction, onSort, folds, rows: [] });
    this.heads = columns.map((column) => {
      const head = h("th", { scope: "col", role: "columnheader", class: column.num ? "num" : null, data: { column: column.key } });
      if (column.sort) head.append(h("button", { class: "sort", type: "button", onclick: () => this.#turn(column) }, column.title));
      else head.textContent = column.title;
      return head;
    });
    this.body = h("tbody", { role: "rowgroup" });
    table.setAttribute("role", "table");
    table.append(h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, this.heads)), this.body);
  }

  // A refresh moves no row while something inside the table has the focus: who is about to press
  // a button of a row must not find another row under it.
  show(rows, { moves = !this.body.contains(document.activeElement) } = {}) {
    this.rows = rows;
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    const near = focused && [...this.body.rows].indexOf(focused.closest("tr"));
    const ordered = moves ? this.#ordered(rows) : this.#asTheyStand(rows);
    this.columns.forEach((column, at) => {
      const mine = column.key === this.sorted;
      setAttribute(this.heads[at], "aria-sort", mine ? (this.direction === "asc" ? "ascending" : "descending") : null);
    });
    const items = this.folds?.laid(ordered) ?? ordered;
    each(this.body, items, (item) => item.fold ?? this.keyOf(item), (item) => (item.fold ? this.folds.make(item) : this.#make(item)), (line, row) => {
      if (row.fold) this.folds.set(line, row);
      else this.columns.forEach((column, at) => column.set(line.cells[at].firstChild ?? line.cells[at], row, line));
    });
    if (focused && document.activeElement !== focused) this.#refocus(focused, near);
  }

  #ordered(rows) {
    const by = this.columns.find((column) => column.key === this.sorted) ?? this.columns[0];
    const sign = this.direction === "asc" ? 1 : -1;
    return by.sort ? [...rows].sort((a, b) => compare(by.sort(a), by.sort(b), sign) || compare(this.keyOf(a), this.keyOf(b), 1)) : rows;
  }

  // New rows come after those that are there.
  #asTheyStand(rows) {
    const places = new Map([...this.body.rows].map((line, at) => [line.dataset.key, at]));
    const place = (row) => places.get(String(this.keyOf(row))) ?? Infinity;
    return this.#ordered(rows).sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
  }

  // A row that moved takes its focus along; one that is gone hands it to its neighbour.
  #refocus(focused, near) {
    if (!focused.isConnected) {
      const line = this.body.rows[Math.min(near, this.body.rows.length - 1)];
      focused = line?.querySelector(FOCUSABLE) ?? this.table.querySelector("th button.sort");
    }
    focused?.focus({ preventScroll: true });
  }

  #make(row) {
    const cells = this.columns.map((column, at) =>
      h(at === 0 ? "th" : "td", {
        scope: at === 0 ? "row" : null,
        role: at === 0 ? "rowheader" : "cell",
        class: [column.num ? "num" : "", column.class ?? ""].join(" ").trim() || null,
        data: { column: column.key, label: column.title },
      }, column.cell ? column.cell(row) : h("span")),
    );
    return h("tr", { role: "row", data: { key: this.keyOf(row) } }, cells);
  }

  #turn(column) {
    if (this.sorted === column.key) this.direction = this.direction === "asc" ? "desc" : "asc";
    else {
      this.sorted = column.key;
      this.direction = column.first ?? "asc";
    }
    this.show(this.rows, { moves: true });
    this.onSort(this.sorted, this.direction);
  }
}

// What is not known comes last, whichever way.
function compare(a, b, sign) {
  const none = (value) => value === null || value === undefined || Number.isNaN(value);
  if (none(a) || none(b)) return none(a) - none(b);
  return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
}
