"""The public API as a type checker sees it. Never run: `test_types.py` checks it.

It is read by mypy in strict mode and by pyright; `assert_type` says what an editor must know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

from coinmux import (
    CAPABILITIES,
    HTTP,
    Answer,
    AnswerMeta,
    Balance,
    Candles,
    CandlesQuery,
    Capability,
    ChainHead,
    CoinmuxError,
    Coins,
    Entity,
    FearGreed,
    Freshness,
    Gas,
    GasQuery,
    Gateway,
    GlobalStats,
    IndicatorResult,
    InvalidRequest,
    LargeTransfers,
    Markets,
    News,
    OnchainMetric,
    OrderBook,
    ProviderInfo,
    Query,
    RateLimit,
    RequestKeywords,
    RequestOptions,
    Result,
    Social,
    Symbol,
    SyncGateway,
    TextSentiment,
    Ticker,
    TickerQuery,
    TokenBalances,
    Trades,
    Transactions,
    Tvl,
    hookimpl,
    hookspec,
)
from coinmux.client import Asked, AsyncClient, Client

ADDRESS = "0x0000000000000000000000000000000000000000"


def readme() -> None:
    """README's first example, line by line."""
    with SyncGateway.from_env() as gateway:  # or: async with Gateway.from_env()
        print(gateway.ticker("BTC/USDT").data.last)
        candles = gateway.candles("ETH/USDT", "1h", limit=500).data  # NumPy columns
        print(candles.close.mean())
        assert_type(gateway.ticker("BTC/USDT"), Answer[Ticker])
        assert_type(gateway.ticker("BTC/USDT").data.last, float)
        assert_type(candles, Candles)
        assert_type(candles.close, NDArray[np.float64])
        assert_type(candles.timestamp, NDArray[np.int64])


async def every_capability(gateway: Gateway) -> None:
    """A method for each."""
    assert_type(await gateway.ticker("BTC/USDT"), Answer[Ticker])
    assert_type(await gateway.candles("BTC/USDT", "4h", 10, start=0, end=1), Answer[Candles])
    assert_type(await gateway.order_book("BTC/USDT", 5), Answer[OrderBook])
    assert_type(await gateway.trades("BTC/USDT", 5), Answer[Trades])
    assert_type(await gateway.markets("kraken"), Answer[Markets])
    assert_type(await gateway.coins(2, per_page=10), Answer[Coins])
    assert_type(await gateway.global_stats(), Answer[GlobalStats])
    assert_type(await gateway.gas("ethereum"), Answer[Gas])
    assert_type(await gateway.chain_head("bitcoin"), Answer[ChainHead])
    assert_type(await gateway.balance("ethereum", ADDRESS), Answer[Balance])
    assert_type(await gateway.transactions("ethereum", ADDRESS, 5), Answer[Transactions])
    assert_type(await gateway.token_balances("ethereum", ADDRESS), Answer[TokenBalances])
    assert_type(await gateway.entity(ADDRESS), Answer[Entity])
    assert_type(await gateway.large_transfers(asset="BTC"), Answer[LargeTransfers])
    assert_type(await gateway.news("BTC", sentiment=True), Answer[News])
    assert_type(await gateway.fear_greed(7), Answer[FearGreed])
    assert_type(await gateway.social("BTC"), Answer[Social])
    assert_type(await gateway.onchain_metric("nvt", "BTC"), Answer[OnchainMetric])
    assert_type(await gateway.tvl(protocol="aave"), Answer[Tvl])
    assert_type(await gateway.text_sentiment(["up"]), Answer[TextSentiment])


async def asking(gateway: Gateway, name: str) -> None:
    """A query says what its answer is; so do the options."""
    query = TickerQuery(symbol=gateway.parse_symbol("BTC/USDT"))
    options = RequestOptions(provider="kraken", max_age_s=0)
    assert_type(await gateway.fetch(query), Answer[Ticker])
    assert_type(await gateway.fetch(query, options, request_id="r1"), Answer[Ticker])
    assert_type(await gateway.fetch("ticker", query, options), Answer[Ticker])
    assert_type(gateway.peek("ticker", query), Answer[Ticker] | None)
    loose = gateway.query(name, {"symbol": "BTC/USDT"})
    assert_type(loose, Query[Result])
    assert_type(await gateway.fetch(name, loose), Answer[Result])
    assert_type(await gateway.get("gas", chain="bitcoin"), Answer[Result])
    keywords: RequestKeywords = {"strategy": "consensus", "timeout_s": 2.0}
    assert_type(await gateway.gas("ethereum", **keywords), Answer[Gas])
    await gateway.ticker("BTC", provider="kraken", strategy="fastest", quote_fallback=True)
    await gateway.ticker("BTC", strategy="slowest")  # type: ignore[arg-type]  # pyright: ignore
    await gateway.ticker("BTC", hurry=True)  # type: ignore[call-arg]  # pyright: ignore
    (await gateway.gas("ethereum")).data.last  # type: ignore[attr-defined]  # pyright: ignore


async def indicators(gateway: Gateway, candles: Candles) -> None:
    """An indicator over routed candles, over a caller's, and many at once."""
    rsi = await gateway.indicator("rsi", "BTC/USDT", parameters={"period": 9}, provider="kraken")
    assert_type(rsi, IndicatorResult)
    assert_type(rsi.values["rsi"], NDArray[np.float64])
    assert_type(rsi.timestamps, NDArray[np.int64])
    assert_type(rsi.latest["rsi"], float | None)
    assert_type(rsi.candles, Candles)
    assert_type(rsi.meta["pages"], int)
    own = gateway.indicator_over("rsi", candles)
    assert_type(own.reading, str | None)
    for market in (await gateway.indicator_batch(["rsi"], ["BTC/USDT"])).values():
        if not isinstance(market, CoinmuxError):
            assert_type(market[1][0], IndicatorResult | CoinmuxError)


def answers(answer: Answer[Ticker], of_any: Answer) -> None:
    """An answer's members; without a type in brackets it holds some result."""
    assert_type(answer.data.symbol, Symbol)
    assert_type(answer.provider, str)
    assert_type(answer.body, bytes)
    assert_type(answer.meta, AnswerMeta)
    assert_type(answer.meta["elapsed_ms"], float)
    assert_type(of_any.data, Result)
    taken: Answer = answer
    assert_type(taken.data.notes, tuple[str, ...])


async def over_http(client: AsyncClient) -> None:
    async with client, client.stream("ticker", "BTC/USDT") as stream:
        ticker: Answer[Ticker] = await client.ticker("BTC/USDT", max_age_s=0)
        candles: Answer[Candles] = await client.candles("BTC/USDT", "1h")
        async for event in stream:
            if event.data is not None:
                told: Ticker = event.data
                print(told.last, ticker.meta["provider"], candles.data.close)


def over_http_blocking(client: Client) -> None:
    with client, client.stream("trades", "BTC/USDT") as stream:
        ticker: Answer[Ticker] = client.ticker("BTC/USDT", max_age_s=0)
        for event in stream:
            print(event.data, ticker.data.last)
        for one in client.batch(
            [Asked.of("gas", chain="ethereum"), TickerQuery(symbol=client.parse_symbol("BTC"))]
        ):
            if isinstance(one, CoinmuxError):
                print(one.code)


def blocking(gateway: SyncGateway) -> None:
    """The twin has the same methods, without `await`."""
    assert_type(gateway.fetch(GasQuery.model_validate({"chain": "bitcoin"})), Answer[Gas])
    assert_type(gateway.order_book("BTC/USDT"), Answer[OrderBook])
    assert_type(gateway.get("gas", chain="bitcoin"), Answer[Result])
    assert_type(gateway.parse_symbol("BTC"), Symbol)
    assert_type(gateway.settings.default_quote, str)
    gateway.tickr("BTC")  # type: ignore[attr-defined]  # pyright: ignore
    try:
        gateway.ticker("BTC")
    except InvalidRequest as error:
        assert_type(error.code, str)
    except CoinmuxError as error:
        assert_type(error.detail, str)


class Moon(Result):
    """A plugin's own result."""

    lit: float


class MoonQuery(Query[Moon]):
    """A plugin's own query, which says its result."""


@hookspec
def fetch_moon(query: MoonQuery, http: HTTP) -> Moon:
    """A plugin's own hook."""
    raise NotImplementedError


@hookimpl
def coinmux_capabilities() -> list[Capability]:
    """A plugin's own capability."""
    return [Capability("moon", MoonQuery, Moon, Freshness(3600, 0, 86400))]


async def own_capability(gateway: Gateway) -> None:
    """A plugin's capability is typed as a built-in one."""
    assert_type((await gateway.fetch(MoonQuery())).data.lit, float)
    assert_type(CAPABILITIES, Mapping[str, Capability])


@hookimpl
def provider_info() -> ProviderInfo:
    """A provider."""
    return ProviderInfo(
        name="acme",
        title="Acme",
        category="market",
        base_url="https://api.acme.example",
        rate_limits=(RateLimit(60, per_s=60),),
    )


@hookimpl
async def fetch_ticker(query: TickerQuery, http: HTTP) -> Ticker:
    """A provider's hook: foreign JSON is `Any`, what it makes of it is not."""
    body: Any = await http.get_json("/v1/ticker", params={"pair": query.symbol})
    return Ticker(symbol=query.symbol, last=body["last"])


@hookimpl
async def fetch_candles(query: CandlesQuery, http: HTTP) -> Candles:
    """Candles from rows."""
    return Candles.from_rows(query, await http.get_json("/v1/candles"))
