// The question of a dry run: a field for each parameter, filled with something that can be asked.
import { $, h } from "../../shared/js/dom.js";
import { words } from "../../shared/js/format.js";
import { question } from "./names.js";

// Addresses anybody may look at: the first block's reward, a well-known person's, a stablecoin's treasury.
const ADDRESSES = { bitcoin: "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", tron: "TJQQLsfYvwK1gJyET4C7hvPdJ2YyNcAUbL" };
const OF_EVM = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045";
const STARTING = { symbol: "BTC/USDT", chain: "ethereum", asset: "BTC", metric: "active_addresses", interval: "1h" };
const HIDDEN = new Set(["start", "end", "cursor", "limit", "page", "per_page", "depth", "min_usd", "texts", "model", "sentiment"]);
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const addressOf = (chain) => ADDRESSES[chain] ?? OF_EVM;

const capabilities = new Map();

export function fillQuestions(list) {
  for (const one of list) capabilities.set(one.name, one);
  $("#capability").replaceChildren(...list.filter((one) => !one.query.properties?.texts)
    .map((one) => h("option", { value: one.name, text: question(one.name), title: one.description })));
}

// The fields of the chosen question, with the values of the address where it has them.
export function showFields(params) {
  const { query: schema } = capabilities.get($("#capability").value) ?? { query: {} };
  const required = new Set(schema.required ?? []);
  const known = Object.entries(schema.properties ?? {}).filter(([name]) => required.has(name) || !HIDDEN.has(name));
  const chain = params.get("chain") ?? STARTING.chain;
  $("#fields").replaceChildren(...known.map(([name, property]) => {
    const value = params.get(name) ?? property.default ?? (required.has(name) ? (name === "address" ? addressOf(chain) : (STARTING[name] ?? "")) : "");
    const choices = property.enum ?? schema.$defs?.[property.$ref?.split("/").at(-1)]?.enum;
    const attributes = { class: "field", name, required: required.has(name) };
    return h("label", { class: `labelled${name === "address" ? " long" : ""}`, title: property.description ?? "" }, capital(words(name)),
      choices ? h("select", attributes, choices.map((one) => h("option", { value: one, text: one, selected: one === value }))) : h("input", { ...attributes, value, autocomplete: "off", spellcheck: "false" }));
  }));
}

// An address belongs to its chain: one that was filled in here changes with it.
export function followChain() {
  const [chain, address] = ["chain", "address"].map((name) => $("#fields").querySelector(`[name=${name}]`));
  if (chain && address && [OF_EVM, ...Object.values(ADDRESSES), ""].includes(address.value.trim())) address.value = addressOf(chain.value);
}

export function setForm(params) {
  if (capabilities.has(params.get("capability"))) $("#capability").value = params.get("capability");
  $("#strategy").value = params.get("strategy") ?? "";
  showFields(params);
}

export const asked = () => Object.fromEntries([...new FormData($("#dry"))].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== ""));
