"""The hooks a plugin may implement. Arguments match by name; an implementation may take fewer.

A provider implements `provider_info` and one `fetch_<capability>` for each query it can answer, as
`async def` or as a plain function (which then runs in a thread). A fetch hook returns the
capability's result model and raises only the framework's own errors; anything else it raises is
reported as `plugin_error`. `ProviderInfo.errors` is the table of the source's error codes;
`map_error` is for errors that a table cannot express.

A provider with sockets declares them in `ProviderInfo.sockets` and implements `socket_dialect` and
one `stream_<capability>` for each question that can be followed: plain functions, called in the
event loop, that must not do I/O.

An indicator implements `indicator_info` and `compute`.

Any plugin may implement the hooks beyond fetching, which are the last ones here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from click import Command

    from coinmux.framework.events import Event
    from coinmux.framework.models import (
        candles,
        chain,
        live,
        market,
        news,
        onchain,
        sentiment,
        text,
    )
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability, Freshness
    from coinmux.framework.plugins.extensions.advice import Advice, RankedSource
    from coinmux.framework.plugins.extensions.alert_kinds import AlertChannelKind
    from coinmux.framework.plugins.extensions.routes import Route
    from coinmux.framework.plugins.indicator_info import Column, Columns, IndicatorInfo, Values
    from coinmux.framework.plugins.provider_info import HTTPClient, ProviderInfo, Reply
    from coinmux.framework.plugins.socket_dialect import SocketDialect, Subscription

PROJECT = "coinmux"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def provider_info() -> ProviderInfo | Sequence[ProviderInfo]:  # type: ignore[empty-body]
    """The declaration of the source. Called once, at load; must not do I/O.

    One plugin may declare several sources that speak the same protocol. Each of them is a provider
    with all fetch hooks of the plugin; `http.provider` names the one that is called.
    """


@hookspec
def map_error(reply: Reply, query: Query) -> Exception | None:
    """The error in a reply for which `ProviderInfo.errors` has no row.

    Called for every such reply, HTTP 200 or not, before the fetch hook gets its body. Return the
    error that fits (`UnknownSymbol`, `RateLimited`, `AuthRefused`, `QuotaExhausted`, `GeoBlocked`,
    `BadStatus`…), or None if the reply is an answer or its HTTP status is enough.
    """


@hookspec
def coinmux_capabilities() -> Sequence[Capability]:  # type: ignore[empty-body]
    """Capabilities a plugin adds; their hooks take `(query, http)`, unless it has a `@hookspec`."""


@hookspec
def indicator_info() -> IndicatorInfo | Sequence[IndicatorInfo]:  # type: ignore[empty-body]
    """The declaration of an indicator, or of several with one `compute`. Called once, at load."""


@hookspec
def compute(  # type: ignore[empty-body]
    indicator: str, inputs: Columns, parameters: Values
) -> Column | Sequence[Column]:
    """The values of an indicator, oldest first; must not do I/O or store anything between calls.

    Args:
        indicator: the name of the indicator, for a plugin with several.
        inputs: `(n,)` columns by name, without nan, n being at least the indicator's `minimum`: the
            columns of `IndicatorInfo.inputs`, and the chosen prices under the names of its
            `series`. The arrays are shared, so do not write to them.
        parameters: every parameter by name, each within its bounds.

    Returns:
        One `(n,)` float64 array for each output, in their declared order; nan for no value.
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

    Build the result with `Candles.from_rows`, which sorts, cuts and checks the rows.
    """


@hookspec
def fetch_order_book(query: market.OrderBookQuery, http: HTTPClient) -> Awaitable[market.OrderBook]:  # type: ignore[empty-body]
    """Best bids and asks; at least `query.depth` levels of each side, if the book has them."""


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
    """Figures of the whole market."""


@hookspec
def fetch_gas(query: chain.GasQuery, http: HTTPClient) -> Awaitable[chain.Gas]:  # type: ignore[empty-body]
    """The current price of a transaction: in gwei on EVM chains, in sat/vB on bitcoin."""


@hookspec
def fetch_chain_head(query: chain.ChainHeadQuery, http: HTTPClient) -> Awaitable[chain.ChainHead]:  # type: ignore[empty-body]
    """The newest block."""


@hookspec
def fetch_balance(query: chain.BalanceQuery, http: HTTPClient) -> Awaitable[chain.Balance]:  # type: ignore[empty-body]
    """Balance of an address in the chain's own coin; build the result with `Balance.native`."""


@hookspec
def fetch_transactions(  # type: ignore[empty-body]
    query: chain.TransactionsQuery, http: HTTPClient
) -> Awaitable[chain.Transactions]:
    """Transactions of an address, newest first; an empty result is valid."""


@hookspec
def fetch_token_balances(  # type: ignore[empty-body]
    query: chain.TokenBalancesQuery, http: HTTPClient
) -> Awaitable[chain.TokenBalances]:
    """Token balances of an address; an empty result is valid."""


@hookspec
def fetch_entity(query: chain.EntityQuery, http: HTTPClient) -> Awaitable[chain.Entity]:  # type: ignore[empty-body]
    """The owner of an address."""


@hookspec
def fetch_large_transfers(  # type: ignore[empty-body]
    query: chain.LargeTransfersQuery, http: HTTPClient
) -> Awaitable[chain.LargeTransfers]:
    """Large transfers, newest first; an empty result is valid."""


@hookspec
def fetch_news(query: news.NewsQuery, http: HTTPClient) -> Awaitable[news.News]:  # type: ignore[empty-body]
    """Headlines, newest first; an empty result is valid."""


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
    """How positive or negative each text is, in the order of `query.texts`."""


@hookspec
def socket_dialect(socket: str) -> SocketDialect:  # type: ignore[empty-body]
    """How one new connection of `ProviderInfo.sockets[socket]` speaks."""


@hookspec
def stream_ticker(query: market.TickerQuery) -> Subscription[market.Ticker]:  # type: ignore[empty-body]
    """How one market is followed; each message that changes it is read to a whole `Ticker`.

    Raises:
        NotOffered: this market cannot be followed.
    """


@hookspec
def stream_trades(  # type: ignore[empty-body]
    query: market.TradesQuery,
) -> Subscription[market.Trade | live.TradeMark]:
    """How the trades of one market are followed.

    Raises:
        NotOffered: this market cannot be followed.
    """


@hookspec
def stream_order_book(  # type: ignore[empty-body]
    query: market.OrderBookQuery,
) -> Subscription[live.BookChange]:
    """How the book of one market is followed, at least `query.depth` levels deep if it can be.

    Raises:
        NotOffered: this market cannot be followed.
    """


@hookspec
def stream_candles(query: candles.CandlesQuery) -> Subscription[live.LiveCandle]:  # type: ignore[empty-body]
    """How candles of `query.interval` are followed.

    Raises:
        NotOffered: this market or interval cannot be followed.
    """


@hookspec
def advise_order(
    capability: str, query: Query, sources: Sequence[RankedSource]
) -> Sequence[Advice] | None:
    """Which sources to ask earlier or later for this question than their rank says.

    Called for each request that no cached answer serves and no `provider=` pins, so it must be a
    plain function that computes: no I/O, no waiting, nothing written to its arguments. It has 50
    ms, of which a sound one takes some hundredths; one that is late is left out for a second, then
    for two, for a minute at most.

    Advice moves a source among those that are as healthy as it is, never before a healthier one,
    and never to one that may not be asked. What several plugins say of a source is added up.
    `explain` shows all of it with the plugin's name and the reason. Live feeds and work in the
    background do not ask.

    Args:
        capability: such as `ticker`.
        query: the question.
        sources: those that offer the capability, in the order of their rank.

    Returns:
        One `Advice` for each source it has something to say of; others than `sources` are passed
        over. None for nothing.
    """


@hookspec
def cache_rule(capability: str, query: Query, freshness: Freshness) -> Freshness | None:
    """How long the answer to this question is good.

    Called when a source has answered, before the answer is cached. A plain function that computes,
    as `advise_order`, under the same limits. Where several plugins have a rule for a question, the
    first by name decides.

    Shorter is always taken. Longer is cut to the capability's `max_age_s`, where it has one: a
    price that old is stale and is not served as fresh. `meta.cache_rule` of the answer and
    `explain` name the plugin.

    Args:
        capability: such as `ticker`.
        query: the question.
        freshness: how long its answer is good without the rule, in seconds.

    Returns:
        How long it is good in seconds; None to leave it as it is.
    """


@hookspec
def on_event(event: Event) -> Awaitable[None] | None:
    """Something happened: an attempt, a change of a source's state, a reload, a request.

    Called with every event of this process since the gateway opened, one after another, `async` in
    a task of its own or a plain function in a thread of its own: whoever publishes waits for
    neither. `event.kind` says what it is; most are `attempt` and `request`. Texts are free of
    secrets. What the hook asks of a gateway makes events too.

    1,000 events wait at most; of more the oldest are dropped, which is counted and said. One event
    may take 10 s; an `async` hook is then cancelled.
    """


@hookspec
def register_commands() -> Sequence[Command]:  # type: ignore[empty-body]
    """Commands of `coinmux`, made with click (or rich-click), each with a name.

    Called in the process of the command, where a name is none of coinmux's own or all are listed;
    a server never calls it. A name that is taken is left out and said, as is a hook that raises. A
    command that needs a gateway makes one: `SyncGateway.from_env()`.
    """


@hookspec
def register_alert_channels() -> Sequence[AlertChannelKind]:  # type: ignore[empty-body]
    """Kinds of channels for `ALERT_URLS`, beside those of apprise.

    Called once, at load; must not do I/O. A kind's `send` is called in a thread of its channel,
    `async` or plain, for each alert: it has 60 s, and what it raises is why the alert did not
    arrive. Four further tries follow within some minutes. Damping, routes, quiet hours and the
    words are those of every channel. The address and the secret variables are kept out of what is
    shown. A kind goes before one of apprise of the same scheme.
    """


@hookspec
def register_routes() -> Sequence[Route]:  # type: ignore[empty-body]
    """Routes and pages of the server, below `/plugins/<plugin>`.

    Called once, at load; must not do I/O. What is true of every route is true of these: keys and
    limits, ids, problem documents, headers, the OpenAPI document and `/docs`. A handler asks by
    `request.gateway` and has 30 s; what it raises or cannot be sent is that answer's error 502. A
    page may load files of this server alone, `../../static/site.css` and other routes of the plugin
    among them, and runs no script within its HTML. The Providers page lists pages by their names.
    """
