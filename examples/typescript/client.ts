// A server asked from TypeScript: every path, parameter and answer is known to the compiler.
//
// `npm install`, then with a server running `npm run types && npm run build`; in a program of your
// own: `import { markets } from "./built/client.js"`.

import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

type Problem = components["schemas"]["Problem"];
type Ticker = components["schemas"]["Ticker"];
type Meta = components["schemas"]["Meta"];

/** A problem document (RFC 9457) as an error; `code` is stable. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.code}: ${problem.detail} (request ${problem.request_id})`);
  }
}

/** What a page shows: the price, who told it, and whether it may be trusted. */
export interface Shown {
  last: Ticker["last"];
  provider: Meta["provider"];
  isStale: Meta["stale"];
  closes: (number | null)[];
  rsi: number | null;
  failed: string;
}

/** The JSON of an answer: what is also a table is text only for whoever asks for `.csv`. */
function answered<T>(result: { data?: T; error?: Problem }): Exclude<T, string> {
  if (result.data === undefined) {
    throw new Refused(result.error as Problem);
  }
  return result.data as Exclude<T, string>;
}

/** One market from a server: asked one by one, and several questions at once. */
export async function markets(baseUrl: string, symbol: string, apiKey?: string): Promise<Shown> {
  const headers = apiKey === undefined ? {} : { "X-API-Key": apiKey };
  const client = createClient<paths>({ baseUrl, headers });

  const query = { symbol, max_age_s: 5 };
  const ticker = answered(await client.GET("/api/market/ticker", { params: { query } }));

  const candles = answered(
    await client.GET("/api/market/candles", {
      params: { query: { symbol, interval: "1h", limit: 3 } },
    }),
  );
  const close = candles.data.columns.indexOf("close");

  const batch = answered(
    await client.POST("/api/batch", {
      body: {
        queries: [
          { id: "rsi", indicator: "rsi", params: { symbol, interval: "4h", period: 7 } },
          { id: "wrong", capability: "ticker", params: {} },
        ],
      },
    }),
  );
  let rsi: number | null = null;
  let failed = "";
  for (const one of batch.results) {
    if ("error" in one) {
      failed = `${one.id}: ${one.error.code}`;
    } else {
      const latest = one.data["latest"] as Record<string, number | null>;
      rsi = latest["rsi"] ?? null;
    }
  }
  return {
    last: ticker.data.last,
    provider: ticker.meta.provider,
    isStale: ticker.meta.stale,
    closes: candles.data.rows.map((row) => row[close] ?? null),
    rsi,
    failed,
  };
}
