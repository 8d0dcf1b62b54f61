// The candles as a table and as files.
import { h } from "../../shared/js/dom.js";
import { compact, price } from "../../shared/js/format.js";

const MOST = 200;
const COLUMNS = ["Time", "Open", "High", "Low", "Close", "Volume"];

const utc = (ms) => new Date(ms).toISOString().replace("T", " ").slice(0, 16);

export function fillTable(table, rows) {
  const body = h("tbody", null, rows.slice(-MOST).reverse().map((row) => h("tr", null,
    h("th", { scope: "row", text: utc(row[0]) }),
    row.slice(1, 5).map((value) => h("td", { class: "num", text: price(value) })),
    h("td", { class: "num", text: compact(row[5]) }))));
  table.replaceChildren(h("caption", { class: "away", text: "Candles, newest first" }),
    h("thead", null, h("tr", null, COLUMNS.map((name, at) => h("th", { scope: "col", class: at ? "num" : null, text: name })))), body);
}

export function download(kind, { symbol, interval, columns, rows, meta }) {
  const name = `${symbol.replace("/", "-")}-${interval}`;
  const text = kind === "csv"
    ? `${[columns.join(","), ...rows.map((row) => row.map((value) => value ?? "").join(","))].join("\n")}\n`
    : `${JSON.stringify({ symbol, interval, columns, rows, provider: meta.provider, fetched_at: meta.fetched_at, simulated: meta.simulated }, null, 1)}\n`;
  const url = URL.createObjectURL(new Blob([text], { type: kind === "csv" ? "text/csv" : "application/json" }));
  h("a", { href: url, download: `${name}.${kind}` }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
