"""`confirm` refuses an answer about another pair."""

from coinmux import HTTP, SymbolStyle, Ticker, TickerQuery, hookimpl


@hookimpl
async def fetch_ticker(query: TickerQuery, http: HTTP) -> Ticker:
    style = SymbolStyle(separator="-")
    body = await http.get_json("/ticker", {"pair": style.native(query.symbol)})
    style.confirm(query.symbol, body["pair"])
    return Ticker(symbol=query.symbol, last=body["last"], timestamp=body["time"] * 1000)
