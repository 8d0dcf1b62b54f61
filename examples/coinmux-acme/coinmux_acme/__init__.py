"""Acme Exchange: spot tickers. Key optional. Source: https://acme.example/docs/rest#ticker."""

from coinmux import EnvVar, HTTP, ProviderInfo, RateLimit, SymbolStyle, Ticker, TickerQuery
from coinmux import Reply, UnknownSymbol, hookimpl

COINMUX_API = 1
STYLE = SymbolStyle(separator="-")


@hookimpl
def provider_info() -> ProviderInfo:
    return ProviderInfo(
        name="acme", title="Acme Exchange", category="market", symbols=STYLE,
        base_url="https://api.acme.example", rate_limits=(RateLimit(60, per_s=60),),
        env=(EnvVar("ACME_API_KEY", required=False, send_as="header:X-Acme-Key",
                    description="Raises the limits of Acme."),),
        docs_url="https://acme.example/docs/rest", docs_read="2026-11-23",
    )  # fmt: skip


@hookimpl
def map_error(reply: Reply, query: TickerQuery) -> Exception | None:
    return UnknownSymbol(query.symbol) if reply.status == 404 and reply.is_json else None


@hookimpl
async def fetch_ticker(query: TickerQuery, http: HTTP) -> Ticker:
    body = await http.get_json("/v1/ticker", {"pair": STYLE.native(query.symbol)})
    STYLE.confirm(query.symbol, body["pair"])
    return Ticker(symbol=query.symbol, last=body["last"], timestamp=body["time"] * 1000)
