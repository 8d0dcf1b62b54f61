"""What a plugin may implement. Arguments are matched by name; an implementation may take fewer.

A provider implements `provider_info` and one `fetch_<capability>` for each question it can answer,
as `async def` or as a plain function (which then runs in a thread). A fetch hook returns the
capability's result model and raises only the framework's own errors; anything else it raises is
reported as `plugin_error`. What the source's error codes mean is declared in `ProviderInfo.errors`;
`map_error` is for what a table cannot say.

An indicator implements `indicator_info` and `compute`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from coinmux.framework.models import candles, chain, market, news, onchain, sentiment, text
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.indicator_info import Column, Columns, IndicatorInfo, Values
    from coinmux.framework.plugins.provider_info import HTTPClient, ProviderInfo, Reply

PROJECT = "coinmux"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def provider_info() -> ProviderInfo | Sequence[ProviderInfo]:  # type: ignore[empty-body]
    """What the source is and what it needs. Called once, at load; does no I/O.

    Several sources that speak one protocol may come from one plugin: each of them is a provider
    with all of the plugin's fetch hooks; `http.provider` names the one that is asked.
    """


@hookspec
def map_error(reply: Reply, query: Query) -> Exception | None:
    """What a reply means when it is no answer and `ProviderInfo.errors` has no row for it.

    Called for every such reply, HTTP 200 or not, before the fetch hook sees its body. Return the
    error that fits (`UnknownSymbol`, `RateLimited`, `AuthRefused`, `QuotaExhausted`, `GeoBlocked`,
    `BadStatus`…), or None for an answer, or for a status that says enough by itself.
    """


@hookspec
def coinmux_capabilities() -> Sequence[Capability]:  # type: ignore[empty-body]
    """Capabilities a plugin adds. Their hookspecs stand in the same plugin, marked `@hookspec`."""


@hookspec
def indicator_info() -> IndicatorInfo | Sequence[IndicatorInfo]:  # type: ignore[empty-body]
    """An indicator, or several that one `compute` serves. Called once, at load."""


@hookspec
def compute(  # type: ignore[empty-body]
    indicator: str, inputs: Columns, parameters: Values
) -> Column | Sequence[Column]:
    """The values of an indicator over candles, oldest first; does no I/O and keeps nothing.

    Args:
        indicator: its name, for a plugin of several.
        inputs: `(n,)` columns by name, without nan, and at least as many as its `minimum`: those of
            `IndicatorInfo.inputs`, and the chosen prices under the names of its `series`. They are
            shared: not to be written to.
        parameters: every parameter by name, each within its bounds.

    Returns:
        One `(n,)` float64 array for each output, in order; nan where there is no value.
    """


@hookspec
def fetch_ticker(query: market.TickerQuery, http: HTTPClient) -> Awaitable[market.Ticker]:  # type: ignore[empty-body]
    """One market now and over the last 24 hours.

    Raises:
        UnknownSymbol: the source does not list the pair.
    """


@hookspec
def fetch_candles(query: candles.CandlesQuery, http: HTTPClient) -> Awaitable[candles.Candles]:  # type: ignore[empty-body]
    """Candles; `query.interval` is one of the keys of `ProviderInfo.intervals`.

    Build the result with `Candles.from_rows`, which sorts, cuts and checks.
    """


@hookspec
def fetch_order_book(query: market.OrderBookQuery, http: HTTPClient) -> Awaitable[market.OrderBook]:  # type: ignore[empty-body]
    """Best bids and asks; at least `query.depth` levels where there are as many."""


@hookspec
def fetch_trades(query: market.TradesQuery, http: HTTPClient) -> Awaitable[market.Trades]:  # type: ignore[empty-body]
    """The latest trades; build the result with `Trades.latest`."""


@hookspec
def fetch_markets(query: market.MarketsQuery, http: HTTPClient) -> Awaitable[market.Markets]:  # type: ignore[empty-body]
    """Every spot pair the source lists, from its own list of base and quote."""


@hookspec
def fetch_coins(query: market.CoinsQuery, http: HTTPClient) -> Awaitable[market.Coins]:  # type: ignore[empty-body]
    """One page of coins, largest market capitalisation first."""


@hookspec
def fetch_global_stats(  # type: ignore[empty-body]
    query: market.GlobalStatsQuery, http: HTTPClient
) -> Awaitable[market.GlobalStats]:
    """The whole market."""


@hookspec
def fetch_gas(query: chain.GasQuery, http: HTTPClient) -> Awaitable[chain.Gas]:  # type: ignore[empty-body]
    """What a transaction costs now: gwei on EVM chains, sat/vB on bitcoin."""


@hookspec
def fetch_chain_head(query: chain.ChainHeadQuery, http: HTTPClient) -> Awaitable[chain.ChainHead]:  # type: ignore[empty-body]
    """The newest block."""


@hookspec
def fetch_balance(query: chain.BalanceQuery, http: HTTPClient) -> Awaitable[chain.Balance]:  # type: ignore[empty-body]
    """What an address holds of the chain's own coin; build it with `Balance.native`."""


@hookspec
def fetch_transactions(  # type: ignore[empty-body]
    query: chain.TransactionsQuery, http: HTTPClient
) -> Awaitable[chain.Transactions]:
    """Transactions of an address, newest first; none is legal."""


@hookspec
def fetch_token_balances(  # type: ignore[empty-body]
    query: chain.TokenBalancesQuery, http: HTTPClient
) -> Awaitable[chain.TokenBalances]:
    """Tokens of an address; none is legal."""


@hookspec
def fetch_entity(query: chain.EntityQuery, http: HTTPClient) -> Awaitable[chain.Entity]:  # type: ignore[empty-body]
    """Who an address belongs to."""


@hookspec
def fetch_large_transfers(  # type: ignore[empty-body]
    query: chain.LargeTransfersQuery, http: HTTPClient
) -> Awaitable[chain.LargeTransfers]:
    """Large transfers, newest first; none is legal."""


@hookspec
def fetch_news(query: news.NewsQuery, http: HTTPClient) -> Awaitable[news.News]:  # type: ignore[empty-body]
    """Headlines, newest first; none is legal."""


@hookspec
def fetch_fear_greed(  # type: ignore[empty-body]
    query: sentiment.FearGreedQuery, http: HTTPClient
) -> Awaitable[sentiment.FearGreed]:
    """The fear and greed index, 0 to 100."""


@hookspec
def fetch_social(query: sentiment.SocialQuery, http: HTTPClient) -> Awaitable[sentiment.Social]:  # type: ignore[empty-body]
    """Social metrics of one asset."""


@hookspec
def fetch_onchain_metric(  # type: ignore[empty-body]
    query: onchain.OnchainMetricQuery, http: HTTPClient
) -> Awaitable[onchain.OnchainMetric]:
    """A figure derived from a chain over time, oldest first."""


@hookspec
def fetch_tvl(query: onchain.TvlQuery, http: HTTPClient) -> Awaitable[onchain.Tvl]:  # type: ignore[empty-body]
    """Total value locked, in US dollars."""


@hookspec
def fetch_text_sentiment(  # type: ignore[empty-body]
    query: text.TextSentimentQuery, http: HTTPClient
) -> Awaitable[text.TextSentiment]:
    """How positive or negative each text is, in the order asked."""
