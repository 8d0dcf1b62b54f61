// What questions are called, and sources: those by their titles, as everywhere.
import { words } from "../../shared/js/format.js";

export { learn, titled, titleOf } from "../../shared/js/words.js";

const QUESTIONS = {
  ticker: "A ticker", candles: "Candles", order_book: "An order book", trades: "Trades", markets: "The list of markets", coins: "The list of coins", global_stats: "Global market figures",
  gas: "A gas price", chain_head: "A chain head", balance: "A balance", transactions: "Transactions", token_balances: "Token balances", entity: "The owner of an address", large_transfers: "Large transfers",
  news: "News", fear_greed: "Fear and greed", social: "Social figures", onchain_metric: "An on-chain metric", tvl: "Total value locked", text_sentiment: "The sentiment of texts",
};

export const question = (capability) => QUESTIONS[capability] ?? (words(capability).charAt(0).toUpperCase() + words(capability).slice(1));
