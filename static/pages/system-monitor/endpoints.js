// The endpoints that were asked, without those this dashboard asks itself; the rest behind two buttons.
import { setAttribute, setText } from "../../shared/js/dom.js";
import { ms, number, share } from "../../shared/js/format.js";
import { badge, setBadge, severity, stateOf } from "../../shared/js/states.js";
import { setSince, since } from "../../shared/js/time.js";
import { Table } from "../../shared/js/table.js";

const numeric = (key, title, read, show) => ({ key, title, num: true, first: "desc", sort: read, set: (cell, one) => setText(cell, show(read(one))) });
const state = {
  key: "state", title: "State", sort: (one) => severity(one.state), cell: () => badge(null), set: (cell, one) => setBadge(cell, one.state),
};

export class Endpoints {
  #known = [];
  #idle = false;
  #own = false;

  // `onSort(key, direction)` puts the order into the address.
  constructor(table, { idle, own, sorted = "rate", direction = "desc", onSort }) {
    this.idle = idle;
    this.own = own;
    this.table = new Table(table, [
      { key: "route", title: "Endpoint", sort: (one) => one.route, set: (cell, one) => setText(cell, one.route + (one.own ? " · dashboard" : "")) },
      { key: "method", title: "Method", sort: (one) => one.method, set: (cell, one) => setText(cell, one.method) },
      state,
      numeric("rate", "Req/min", (one) => one.requests_per_min, (value) => number(value)),
      numeric("p50", "p50", (one) => one.p50_ms, ms),
      numeric("p95", "p95", (one) => one.p95_ms, ms),
      numeric("errors", "Failed", (one) => one.error_rate, (value) => share(value)),
      { key: "last", title: "Last asked", sort: (one) => one.last_at, first: "desc", cell: () => since(null), set: (cell, one) => setSince(cell, one.last_at) },
    ], { keyOf: (one) => `${one.method} ${one.route}`, sorted, direction, onSort });
    idle.addEventListener("click", () => {
      this.#idle = !this.#idle;
      this.#draw();
    });
    own.addEventListener("click", () => {
      this.#own = !this.#own;
      this.#draw();
    });
  }

  // Null, or the sentence for a table without rows.
  show(endpoints) {
    this.#known = endpoints;
    return this.#draw();
  }

  #draw() {
    const works = this.#known.filter((one) => !one.own);
    const asked = works.filter((one) => stateOf(one.state).key !== "unknown" || one.last_at);
    const shown = [...(this.#idle ? works : asked), ...(this.#own ? this.#known.filter((one) => one.own) : [])];
    this.table.show(shown);
    const rest = works.length - asked.length;
    this.#button(this.idle, rest, this.#idle, `Hide ${rest} idle endpoints`, `Show ${rest} idle endpoints`);
    const own = this.#known.length - works.length;
    this.#button(this.own, own, this.#own, `Hide ${own} of the dashboard`, `Show ${own} of the dashboard`);
    return shown.length ? null : "No requests in the last 15 minutes. Ask the API for something, for example api/market/ticker?symbol=BTC/USDT.";
  }

  #button(button, count, on, hide, show) {
    button.hidden = count === 0;
    setText(button, on ? hide : show);
    setAttribute(button, "aria-pressed", String(on));
  }
}
