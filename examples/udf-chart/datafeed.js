// What a charting library's UDF client does, in forty lines: markets, bars back in time, the newest bar.

export class Datafeed {
  constructor(server) {
    this.base = `${server.replace(/\/$/, "")}/udf`;
  }

  async ask(route, values = {}) {
    const reply = await fetch(`${this.base}/${route}?${new URLSearchParams(values)}`);
    const body = await reply.json();
    // Errors of UDF come within an answer of status 200; those of the server itself have a detail.
    if (!reply.ok || body.s === "error") throw new Error(body.errmsg ?? body.detail ?? reply.statusText);
    return body;
  }

  config() {
    return this.ask("config");
  }

  search(query) {
    return this.ask("search", { query, limit: 12 });
  }

  market(symbol) {
    return this.ask("symbols", { symbol });
  }

  // `count` bars before `to` (Unix seconds), oldest first; fewer only where the market begins.
  async bars(ticker, resolution, to, count) {
    const body = await this.ask("history", { symbol: ticker, resolution, to, countback: count });
    if (body.s === "no_data") return { bars: [], meta: null };
    const bars = body.t.map((time, at) => ({
      time, open: body.o[at], high: body.h[at], low: body.l[at], close: body.c[at],
    }));
    return { bars, meta: body.meta };
  }
}
