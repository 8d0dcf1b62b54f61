// What questions are called, in the words of the capability boards, and sources: those by their titles, as everywhere.
import { words } from "../../shared/js/format.js";

export { learn, titled, titleOf } from "../../shared/js/words.js";

const QUESTIONS = {
  ticker: "A price", tickers: "Several prices", candles: "Candles", order_book: "An order book", trades: "Trades", markets: "The list of pairs", coins: "The list of coins", global_stats: "Market totals",
  gas: "Gas", chain_head: "The newest block", balance: "A balance", transactions: "Transactions", token_balances: "Token balances", entity: "The owner of an address", large_transfers: "Whale transfers",
  news: "News", fear_greed: "Fear and greed", social: "Social figures", onchain_metric: "An on-chain figure", tvl: "Value locked", text_sentiment: "The sentiment of texts",
};

export const question = (capability) => QUESTIONS[capability] ?? (words(capability).charAt(0).toUpperCase() + words(capability).slice(1));
