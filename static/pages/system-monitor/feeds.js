// Live feeds as what they are: a row a feed, with the strand of its messages, and the connections behind them.
// Loaded with the first feed.
import { get, root } from "../../shared/js/api.js";
import { h, setAttribute, setText } from "../../shared/js/dom.js";
import { NONE, ms, number, words } from "../../shared/js/format.js";
import { compact } from "../../shared/js/money.js";
import { Poller } from "../../shared/js/poll.js";
import { Table } from "../../shared/js/table.js";
import { now, setSince, since, span } from "../../shared/js/time.js";
import { Spark } from "../../shared/components/spark.js";

const EVERY_MS = 5000;
// While nothing is followed there is little to miss.
const IDLE_MS = 15000;
const KEPT = 60;
// From what needs a look to what does not.
const STATES = ["stale", "starting", "polled", "live"];

const chartOf = ({ subject }) => {
  const [symbol, interval] = subject.split(" ");
  return new URL(`chart?${new URLSearchParams({ symbol, ...(interval ? { interval } : {}) })}`, root).href;
};

const sum = (rows, read) => rows.reduce((total, row) => total + (read(row) ?? 0), 0);
const figure = (key, title, read, show = (value) => number(value)) => ({ key, title, num: true, first: "desc", sort: read, set: (cell, row) => setText(cell, show(read(row))) });
const rate = (value) => number(value, value < 10 ? 1 : 0);

// How it is followed, in a colour, a shape and a word.
const mark = {
  key: "state", title: "State", sort: (row) => STATES.indexOf(row.state), cell: () => h("span", { class: "feed how" }),
  set: (cell, row) => {
    setText(cell, row.state);
    setAttribute(cell, "data-feed", STATES.includes(row.state) ? row.state : "starting");
    setAttribute(cell, "title", row.reason);
  },
};

const SOCKETS = [
  { key: "source", title: "Source", sort: (row) => row.title ?? row.provider, set: (cell, row) => setText(cell, `${row.title ?? row.provider}${row.socket ? `, ${words(row.socket)}` : ""}`) },
  { key: "state", title: "State", sort: (row) => row.state, set: (cell, row) => {
    setText(cell, words(row.state));
    setAttribute(cell, "title", row.reason);
  } },
  figure("channels", "Channels", (row) => row.channels),
  figure("rate", "Messages / s", (row) => row.messages_per_s, rate),
  figure("bytes", "Bytes", (row) => row.bytes, compact),
  { key: "frame", title: "Last frame", sort: (row) => row.last_frame, first: "desc", cell: () => since(null), set: (cell, row) => setSince(cell, row.last_frame) },
  { key: "opened", title: "Open for", sort: (row) => row.opened, cell: () => since(null, (at) => (Number.isFinite(at) ? span(now() - at) : NONE)), set: (cell, row) => setSince(cell, row.opened) },
  figure("reconnects", "Reconnects", (row) => row.reconnects),
];

export class Feeds {
  #strands = new Map();
  #heard = new Map();

  // `part(name, draw)` shows the panel; `nothing` is the sentence while nothing is followed.
  constructor(panel, part, nothing) {
    Object.assign(this, { panel, part, nothing });
    const looks = h("link", { rel: "stylesheet", href: new URL("./feeds.css", import.meta.url).href });
    document.head.append(looks);
    this.note = panel.card.querySelector("header .note");
    const feeds = h("table", { class: "stack", id: "feeds" }, h("caption", { class: "away", text: "What is followed, by whom, and how well" }));
    const sockets = h("table", { class: "stack", id: "sockets" }, h("caption", { class: "away", text: "Connections to sources" }));
    this.count = h("summary");
    this.more = h("details", { class: "sockets", hidden: true }, this.count, h("div", { class: "scroll" }, sockets));
    panel.body.append(h("div", { class: "scroll" }, feeds), this.more);
    this.feeds = new Table(feeds, this.#columns(), { keyOf: (row) => row.key, sorted: "state" });
    this.sockets = new Table(sockets, SOCKETS, { keyOf: (row) => row.key });
    this.list = feeds.parentElement;
    this.poller = new Poller(() => this.#round(), { interval: EVERY_MS, onBad: (problem) => problem.unreachable || panel.error(problem) }).start();
  }

  #columns() {
    return [
      { key: "feed", title: "Feed", sort: (row) => row.subject, cell: () => h("span", { class: "who" }, h("a"), h("small")), set: (cell, row) => {
        const [link, small] = cell.children;
        setText(link, row.subject);
        setAttribute(link, "href", chartOf(row));
        setText(small, `${words(row.capability)}${row.strategy && row.strategy !== "priority" ? `, ${words(row.strategy)}` : ""}`);
      } },
      mark,
      { key: "source", title: "Source", sort: (row) => row.title, class: "by", cell: () => h("span", null, h("span"), h("small")), set: (cell, row) => {
        const [name, why] = cell.children;
        setText(name, row.title ?? row.provider ?? NONE);
        setAttribute(name, "title", Number.isFinite(row.since) ? `${row.provider}, for ${span(now() - row.since)}` : row.provider);
        // Why another tells it than usual, or nobody does.
        setText(why, row.state === "live" ? "" : (row.reason ?? ""));
      } },
      { key: "strand", title: "Messages", class: "strand", cell: (row) => (this.#strand(row).spark = new Spark(row.subject)).element, set: (cell, row) => this.#draw(row) },
      figure("rate", "Per second", (row) => row.rate, rate),
      figure("lag", "Behind", (row) => row.lag_ms, ms),
      { key: "last", title: "Last message", sort: (row) => row.last_message, first: "desc", cell: () => since(null), set: (cell, row) => setSince(cell, row.last_message) },
      figure("readers", "Readers", (row) => row.readers),
      figure("failovers", "Failovers", (row) => row.failovers),
      figure("reconnects", "Reconnects", (row) => row.reconnects),
      { ...figure("lost", "Gaps", (row) => row.gaps), set: (cell, row) => {
        setText(cell, number(row.gaps));
        setAttribute(cell, "title", `${number(row.gaps)} losses that could not be fetched, ${number(row.dropped)} events that readers were too slow for, ${number(row.left_out)} messages left out as bad`);
      } },
      { key: "worker", title: "Told by", sort: (row) => row.told_by, set: (cell, row) => {
        setText(cell, row.told_by ?? "");
        // Alone, a server tells all of them.
        setAttribute(cell.closest("td"), "data-none", row.told_by ? null : "");
      } },
    ];
  }

  async #round() {
    const answer = await get("api/feeds");
    this.part("feeds", () => this.#show(answer));
    this.poller.interval = answer.feeds.length ? EVERY_MS : IDLE_MS;
  }

  // Null, or the sentence for a server that follows nothing.
  #show({ feeds, sockets, left_out: unlisted, updated: at }) {
    const rows = named(feeds, (row) => [row.capability, row.subject, row.strategy, row.told_by]);
    for (const row of rows) row.rate = this.#rate(row, at);
    for (const name of [...this.#strands.keys()]) if (!rows.some((row) => row.key === name)) this.#strands.delete(name);
    this.list.hidden = rows.length === 0;
    this.list.toggleAttribute("data-alone", rows.every((row) => !row.told_by));
    this.feeds.show(rows);
    const open = named(sockets, (row) => [row.provider, row.socket]);
    this.more.hidden = open.length === 0;
    setText(this.count, `${open.length === 1 ? "1 connection" : `${open.length} connections`}, ${rate(sum(open, (row) => row.messages_per_s))} messages a second`);
    this.sockets.show(open);
    const counts = STATES.toReversed().map((state) => [rows.filter((row) => row.state === state).length, state]).filter(([count]) => count);
    setText(this.note, rows.length ? [...counts.map((one) => one.join(" ")), `${number(sum(rows, (row) => row.readers))} readers`, ...(unlisted ? [`${number(unlisted)} more not listed`] : [])].join(", ") : "");
    return rows.length ? null : this.nothing;
  }

  // As the server says, else as the page counted since its last look.
  #rate(row, at) {
    const before = this.#heard.get(row.key);
    this.#heard.set(row.key, { messages: row.messages, at });
    const counted = before && at > before.at ? Math.max(0, ((row.messages - before.messages) * 1000) / (at - before.at)) : null;
    const value = row.messages_per_s ?? counted;
    const { values } = this.#strand(row);
    values.push(value);
    if (values.length > KEPT) values.shift();
    return value;
  }

  #strand({ key }) {
    if (!this.#strands.has(key)) this.#strands.set(key, { values: [], spark: null });
    return this.#strands.get(key);
  }

  #draw(row) {
    const { values, spark } = this.#strand(row);
    const known = values.filter(Number.isFinite);
    // From the right: what came first moves to the left.
    spark?.set([{ values: [...Array(KEPT - values.length).fill(null), ...values], least: 1 }],
      known.length ? `Messages a second since this page was opened: ${rate(Math.min(...known))} to ${rate(Math.max(...known))}` : "Not known yet");
  }
}

// Rows with names of their own; those that are alike are counted.
function named(rows, parts) {
  const seen = new Map();
  return rows.map((row) => {
    const name = parts(row).map((part) => part ?? "").join(" ");
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return { ...row, key: `${name} ${count}` };
  });
}
