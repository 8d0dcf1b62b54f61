// What sources and questions are called: their titles, as the server tells them.
import { words } from "../../shared/js/format.js";

const QUESTIONS = {
  ticker: "A ticker", candles: "Candles", order_book: "An order book", trades: "Trades", markets: "The list of markets", coins: "The list of coins", global_stats: "Global market figures",
  gas: "A gas price", chain_head: "A chain head", balance: "A balance", transactions: "Transactions", token_balances: "Token balances", entity: "The owner of an address", large_transfers: "Large transfers",
  news: "News", fear_greed: "Fear and greed", social: "Social figures", onchain_metric: "An on-chain metric", tvl: "Total value locked", text_sentiment: "The sentiment of texts",
};

const titles = new Map();
let pattern = null;

export function learn(providers) {
  const before = titles.size;
  for (const one of providers) titles.set(one.name, one.title ?? one.name);
  if (titles.size === before) return;
  // The longest first, so that no id is found inside another.
  const ids = [...titles.keys()].sort((a, b) => b.length - a.length);
  pattern = new RegExp(`(?<![\\w.])(${ids.join("|")})(?![\\w.])`, "g");
}

export const titleOf = (name) => titles.get(name) ?? name;

// A sentence of the server with titles in place of ids.
export const titled = (text) => (pattern && text ? text.replace(pattern, (id) => titles.get(id)) : (text ?? ""));

export const question = (capability) => QUESTIONS[capability] ?? (words(capability).charAt(0).toUpperCase() + words(capability).slice(1));
