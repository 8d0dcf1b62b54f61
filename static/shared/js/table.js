// Tables whose columns sort, and whose rows are reused between refreshes.
import { each, h, setAttribute } from "./dom.js";

// `columns`: {key, title, sort: row -> value, first: "asc" | "desc", num, cell: () -> element, set: (element, row)}.
// The first column's cells are the row's header.
export class Table {
  constructor(table, columns, { keyOf, sorted = columns[0].key, direction = "asc", onSort = () => {}, onRow = null }) {
    Object.assign(this, { columns, keyOf, sorted, direction, onSort, onRow, rows: [] });
    this.heads = columns.map((column) => {
      const head = h("th", { scope: "col", class: column.num ? "num" : null });
      if (column.sort) head.append(h("button", { class: "sort", type: "button", onclick: () => this.#turn(column) }, column.title));
      else head.textContent = column.title;
      return head;
    });
    this.body = h("tbody");
    table.append(h("thead", null, h("tr", null, this.heads)), this.body);
  }

  show(rows) {
    this.rows = rows;
    const by = this.columns.find((column) => column.key === this.sorted) ?? this.columns[0];
    const sign = this.direction === "asc" ? 1 : -1;
    const ordered = by.sort ? [...rows].sort((a, b) => compare(by.sort(a), by.sort(b), sign) || compare(this.keyOf(a), this.keyOf(b), 1)) : rows;
    this.columns.forEach((column, at) => {
      const mine = column.key === this.sorted;
      setAttribute(this.heads[at], "aria-sort", mine ? (this.direction === "asc" ? "ascending" : "descending") : null);
    });
    each(this.body, ordered, this.keyOf, (row) => this.#make(row), (line, row) => {
      this.columns.forEach((column, at) => column.set(line.cells[at].firstChild ?? line.cells[at], row, line));
    });
  }

  #make(row) {
    const cells = this.columns.map((column, at) =>
      h(at === 0 ? "th" : "td", { scope: at === 0 ? "row" : null, class: [column.num ? "num" : "", column.class ?? ""].join(" ").trim() || null },
        column.cell ? column.cell(row) : h("span")),
    );
    return h("tr", { data: { key: this.keyOf(row) } }, cells);
  }

  #turn(column) {
    if (this.sorted === column.key) this.direction = this.direction === "asc" ? "desc" : "asc";
    else {
      this.sorted = column.key;
      this.direction = column.first ?? "asc";
    }
    this.show(this.rows);
    this.onSort(this.sorted, this.direction);
  }
}

// What is not known comes last, whichever way.
function compare(a, b, sign) {
  const none = (value) => value === null || value === undefined || Number.isNaN(value);
  if (none(a) || none(b)) return none(a) - none(b);
  return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
}
