// The candles as a table and as files.
import { h } from "../../shared/js/dom.js";
import { compact } from "../../shared/js/money.js";
import { encode } from "./source.js";
import { fixed, outputName } from "./figures.js";
import { times } from "./times.js";

const MOST = 200;
const COLUMNS = ["Open", "High", "Low", "Close", "Volume"];

export function fillTable(table, rows, digits) {
  const body = h("tbody", null, rows.slice(-MOST).reverse().map((row) => h("tr", null,
    h("th", { scope: "row" }, h("time", { datetime: iso(row[0]), text: times.text(row[0]) })),
    row.slice(1, 5).map((value) => h("td", { class: "num", text: fixed(value, digits) })),
    h("td", { class: "num", text: compact(row[5]) }))));
  table.replaceChildren(h("caption", { class: "away", text: "Candles, newest first" }),
    h("thead", null, h("tr", null, [`Time, ${times.name}`, ...COLUMNS].map((name, at) => h("th", { scope: "col", class: at ? "num" : null, text: name })))), body);
}

const iso = (ms) => new Date(ms).toISOString();

// The columns of what is shown: the candles', then each output of each indicator.
function wide({ columns, rows }, shown) {
  const names = shown.flatMap((one) => one.info.outputs.map((output) => `${encode(one)}${one.info.outputs.length > 1 ? ` ${outputName(output.name)}` : ""}`));
  const found = shown.map((one) => new Map(one.rows.map((row) => [row[0], row.slice(1)])));
  const values = (time) => shown.flatMap((one, at) => found[at].get(time) ?? one.info.outputs.map(() => null));
  return { columns: ["time", ...columns, ...names], rows: rows.map((row) => [iso(row[0]), ...row, ...values(row[0])]) };
}

const cell = (value) => (/[",\n]/.test(value ?? "") ? `"${String(value).replaceAll('"', '""')}"` : (value ?? ""));

export function csvOf(market, shown) {
  const { columns, rows } = wide(market, shown);
  const { symbol, interval, meta, source } = market;
  const head = [`# ${symbol} ${interval}`, `# source: ${source} (${meta.provider})`, `# fetched at: ${iso(meta.fetched_at)}`, `# simulated: ${meta.simulated ? "yes, no number here is a market's" : "no"}`];
  return `${[...head, columns.map(cell).join(","), ...rows.map((row) => row.map(cell).join(","))].join("\n")}\n`;
}

export function jsonOf(market, shown) {
  const { columns, rows } = wide(market, shown);
  const { symbol, interval, meta, source } = market;
  const head = { symbol, interval, source, provider: meta.provider, fetched_at: iso(meta.fetched_at), simulated: Boolean(meta.simulated), columns };
  const members = Object.entries(head).map(([name, value]) => ` ${JSON.stringify(name)}: ${JSON.stringify(value)}`);
  return `{\n${members.join(",\n")},\n "rows": [\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n")}\n ]\n}\n`;
}

export function download(kind, market, shown) {
  const text = kind === "csv" ? csvOf(market, shown) : jsonOf(market, shown);
  const url = URL.createObjectURL(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" }));
  h("a", { href: url, download: `${market.symbol.replace("/", "-")}-${market.interval}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
