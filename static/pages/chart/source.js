// What the chart asks: one route for all of a picture, one for pairs. Both answer 200 when they understood;
// what went wrong stands in its part.
import { Problem, ask, get } from "../../shared/js/api.js";
import { TIMEOUT_MS, first } from "./first.js";


// `rsi:period=7` for each indicator, in their order.
export const encode = (one) => [one.name, ...Object.entries(one.parameters).map(([name, value]) => `${name}=${value}`)].join(":");

export function decode(text) {
  const [name, ...rest] = text.split(":");
  return { name, parameters: Object.fromEntries(rest.map((pair) => pair.split("=", 2)).filter(([key, value]) => key && value)) };
}

// A part's problem document as the error it is.
export function problemOf(error) {
  return new Problem(error.title ?? "Something the page cannot read", {
    status: error.status, detail: error.detail ?? "", code: error.code ?? "", requestId: error.request_id ?? "", retryAfter: error.retry_after_s ?? null, body: error,
  });
}

export async function picture({ symbol, interval, limit, indicators = [], end = null }, signal) {
  const ind = indicators.map(encode).join(",");
  const params = { symbol, interval, limit, ind, end };
  const { data } = await (first(params, signal) ?? ask("api/pages/chart", { params, signal, timeout: TIMEOUT_MS }));
  return data;
}

export const pairs = async (search, signal) => (await get("api/pages/pairs", { search }, { signal })).pairs;

export const catalogue = async () => (await get("api/indicators")).indicators;
