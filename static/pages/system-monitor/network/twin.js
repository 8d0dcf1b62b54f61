// What the network shows, as a table; its rows are made when it is opened.
import { setText } from "../../../shared/js/dom.js";
import { ms, number } from "../../../shared/js/format.js";
import { badge, setBadge, severity, stateOf } from "../../../shared/js/states.js";
import { Table } from "../../../shared/js/table.js";

const numeric = (key, title, read, show) => ({ key, title, num: true, first: "desc", sort: read, set: (cell, one) => setText(cell, show(read(one))) });

export class Twin {
  #providers = [];

  constructor(details, table) {
    this.details = details;
    this.table = new Table(table, [
      { key: "name", title: "Source", sort: (one) => one.name, set: (cell, one) => setText(cell, one.title ?? one.name) },
      { key: "state", title: "State", sort: (one) => severity(one.state), cell: () => badge(null), set: (cell, one) => setBadge(cell, one.state) },
      numeric("rate", "Requests", (one) => one.requests_per_min, (value) => number(value)),
      numeric("failures", "Failures", (one) => one.failures_per_min, (value) => number(value)),
      numeric("p95", "p95", (one) => one.p95_ms, ms),
    ], { keyOf: (one) => one.name, sorted: "rate", direction: "desc" });
    details.addEventListener("toggle", () => this.#draw());
  }

  show(providers) {
    this.#providers = providers;
    this.#draw();
  }

  #draw() {
    this.table.show(this.details.open ? this.#providers.filter((one) => one.requests_per_min > 0 || stateOf(one.state).key === "offline") : []);
  }
}
