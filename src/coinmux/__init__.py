"""coinmux's public API. Names outside `__all__` may change any day.

A name is imported when it is first used, so that a program, a plugin or a command loads what it
uses and nothing else.
"""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from coinmux import client, models, sockets
    from coinmux.framework import errors
    from coinmux.framework.cache.answer import Answer, AnswerMeta
    from coinmux.framework.clock import Clock, Deadline, SystemClock
    from coinmux.framework.dialects.etherscan import (
        explorer_balance,
        explorer_chain_head,
        explorer_error,
        explorer_gas,
        explorer_tokens,
        explorer_transactions,
    )
    from coinmux.framework.dialects.evm_rpc import (
        evm_balance,
        evm_chain_head,
        evm_gas,
        quantity,
        rpc_error,
        rpc_request,
        rpc_result,
    )
    from coinmux.framework.errors import (
        AllProvidersFailed,
        AuthRefused,
        BadEncoding,
        BadStatus,
        Banned,
        BlockedAddress,
        Challenge,
        CoinmuxError,
        CutShort,
        DeadlineExceeded,
        Disconnected,
        Empty,
        FeatureDisabled,
        GeoBlocked,
        Implausible,
        InputsMissing,
        InsufficientData,
        InvalidRequest,
        InvalidSymbol,
        LocalNetwork,
        Malformed,
        NoProviderAvailable,
        NotFound,
        NotJSON,
        NotOffered,
        OtherSubject,
        Outcome,
        Overloaded,
        PlanRestricted,
        PluginError,
        PluginTimeout,
        ProtocolViolation,
        ProviderBusy,
        ProviderError,
        QuotaExhausted,
        RateLimited,
        Redirected,
        RoutingError,
        SchemaMismatch,
        Stale,
        TLSFailure,
        ToldToWait,
        TooLarge,
        UnknownChain,
        UnknownFeature,
        UnknownIndicator,
        UnknownIndicatorParameter,
        UnknownInterval,
        UnknownMetric,
        UnknownProvider,
        UnknownSymbol,
        Unreachable,
        UpstreamTimeout,
    )
    from coinmux.framework.events import Event, EventBus
    from coinmux.framework.formats.feeds import FeedEntry
    from coinmux.framework.formats.headlines import names_of, stories, symbols_in
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.health.tracker import State
    from coinmux.framework.indicators.authors.periods import (
        LONGEST_MS,
        Stretch,
        starts_of,
        stretches,
    )
    from coinmux.framework.indicators.authors.readings import (
        against_price,
        between,
        crossing,
        sign,
        within_band,
    )
    from coinmux.framework.indicators.authors.warmup import ema_memory, wilder_memory
    from coinmux.framework.indicators.result import IndicatorMeta, IndicatorResult
    from coinmux.framework.models.base import Head, Query, Result
    from coinmux.framework.models.candles import Candles, CandlesQuery
    from coinmux.framework.models.capability import (
        CAPABILITIES,
        Capability,
        Consensus,
        Freshness,
        JumpRule,
    )
    from coinmux.framework.models.chain import (
        Balance,
        BalanceQuery,
        ChainHead,
        ChainHeadQuery,
        Entity,
        EntityQuery,
        Gas,
        GasQuery,
        LargeTransfer,
        LargeTransfers,
        LargeTransfersQuery,
        Party,
        TokenBalance,
        TokenBalances,
        TokenBalancesQuery,
        Transaction,
        Transactions,
        TransactionsQuery,
        scaled,
    )
    from coinmux.framework.models.market import (
        Coin,
        Coins,
        CoinsQuery,
        GlobalStats,
        GlobalStatsQuery,
        Market,
        Markets,
        MarketsQuery,
        OrderBook,
        OrderBookQuery,
        Ticker,
        TickerQuery,
        Trade,
        Trades,
        TradesQuery,
        last_price,
    )
    from coinmux.framework.models.news import News, NewsItem, NewsQuery, NewsSentiment
    from coinmux.framework.models.onchain import OnchainMetric, OnchainMetricQuery, Tvl, TvlQuery
    from coinmux.framework.models.sentiment import (
        FearGreed,
        FearGreedQuery,
        Social,
        SocialMetric,
        SocialQuery,
    )
    from coinmux.framework.models.text import TextSentiment, TextSentimentQuery, TextSentimentResult
    from coinmux.framework.plugins.discovery import in_process
    from coinmux.framework.plugins.error_table import ErrorTable, When
    from coinmux.framework.plugins.extensions.advice import Advice, RankedSource
    from coinmux.framework.plugins.extensions.alert_kinds import Alert, AlertChannelKind
    from coinmux.framework.plugins.extensions.routes import Route, RouteRequest
    from coinmux.framework.plugins.hookspecs import hookimpl, hookspec
    from coinmux.framework.plugins.indicator_info import (
        Column,
        Columns,
        IndicatorInfo,
        Latest,
        Output,
        Parameter,
        Values,
        period,
    )
    from coinmux.framework.plugins.provider_info import (
        Channel,
        EnvVar,
        HTTPClient,
        ProviderInfo,
        Reply,
        UsageHeader,
    )
    from coinmux.framework.plugins.rate_limit import RateLimit
    from coinmux.framework.reference.assets import AssetCandidate, AssetId
    from coinmux.framework.reference.chains import CHAINS, Chain, ChainFacts
    from coinmux.framework.reference.checksums import base58check_encode
    from coinmux.framework.reference.intervals import INTERVALS, Interval
    from coinmux.framework.reference.metrics import (
        METRICS,
        MetricForm,
        MetricInfo,
        common_metrics,
        named_metrics,
    )
    from coinmux.framework.reference.strategy import Strategy
    from coinmux.framework.reference.symbols import Symbol, SymbolStyle
    from coinmux.framework.reference.values import (
        Amount,
        CleanText,
        Number,
        Price,
        RawInteger,
        Timestamp,
        clean_text,
        iso_ms,
        number,
        price_or_none,
    )
    from coinmux.framework.routing.options import RequestKeywords, RequestOptions
    from coinmux.framework.sources.http import HTTP, segment
    from coinmux.framework.sync import SyncGateway

__all__ = [
    "CAPABILITIES",
    "CHAINS",
    "HTTP",
    "INTERVALS",
    "LONGEST_MS",
    "METRICS",
    "Advice",
    "Alert",
    "AlertChannelKind",
    "AllProvidersFailed",
    "Amount",
    "Answer",
    "AnswerMeta",
    "AssetCandidate",
    "AssetId",
    "AuthRefused",
    "BadEncoding",
    "BadStatus",
    "Balance",
    "BalanceQuery",
    "Banned",
    "BlockedAddress",
    "Candles",
    "CandlesQuery",
    "Capability",
    "Chain",
    "ChainFacts",
    "ChainHead",
    "ChainHeadQuery",
    "Challenge",
    "Channel",
    "CleanText",
    "Clock",
    "Coin",
    "CoinmuxError",
    "Coins",
    "CoinsQuery",
    "Column",
    "Columns",
    "Consensus",
    "CutShort",
    "Deadline",
    "DeadlineExceeded",
    "Disconnected",
    "Empty",
    "Entity",
    "EntityQuery",
    "EnvVar",
    "ErrorTable",
    "Event",
    "EventBus",
    "FearGreed",
    "FearGreedQuery",
    "FeatureDisabled",
    "FeedEntry",
    "Freshness",
    "Gas",
    "GasQuery",
    "Gateway",
    "GeoBlocked",
    "GlobalStats",
    "GlobalStatsQuery",
    "HTTPClient",
    "Head",
    "Implausible",
    "IndicatorInfo",
    "IndicatorMeta",
    "IndicatorResult",
    "InputsMissing",
    "InsufficientData",
    "Interval",
    "InvalidRequest",
    "InvalidSymbol",
    "JumpRule",
    "LargeTransfer",
    "LargeTransfers",
    "LargeTransfersQuery",
    "Latest",
    "LocalNetwork",
    "Malformed",
    "Market",
    "Markets",
    "MarketsQuery",
    "MetricForm",
    "MetricInfo",
    "News",
    "NewsItem",
    "NewsQuery",
    "NewsSentiment",
    "NoProviderAvailable",
    "NotFound",
    "NotJSON",
    "NotOffered",
    "Number",
    "OnchainMetric",
    "OnchainMetricQuery",
    "OrderBook",
    "OrderBookQuery",
    "OtherSubject",
    "Outcome",
    "Output",
    "Overloaded",
    "Parameter",
    "Party",
    "PlanRestricted",
    "PluginError",
    "PluginTimeout",
    "Price",
    "ProtocolViolation",
    "ProviderBusy",
    "ProviderError",
    "ProviderInfo",
    "Query",
    "QuotaExhausted",
    "RankedSource",
    "RateLimit",
    "RateLimited",
    "RawInteger",
    "Redirected",
    "Reply",
    "RequestKeywords",
    "RequestOptions",
    "Result",
    "Route",
    "RouteRequest",
    "RoutingError",
    "SchemaMismatch",
    "Social",
    "SocialMetric",
    "SocialQuery",
    "Stale",
    "State",
    "Strategy",
    "Stretch",
    "Symbol",
    "SymbolStyle",
    "SyncGateway",
    "SystemClock",
    "TLSFailure",
    "TextSentiment",
    "TextSentimentQuery",
    "TextSentimentResult",
    "Ticker",
    "TickerQuery",
    "Timestamp",
    "TokenBalance",
    "TokenBalances",
    "TokenBalancesQuery",
    "ToldToWait",
    "TooLarge",
    "Trade",
    "Trades",
    "TradesQuery",
    "Transaction",
    "Transactions",
    "TransactionsQuery",
    "Tvl",
    "TvlQuery",
    "UnknownChain",
    "UnknownFeature",
    "UnknownIndicator",
    "UnknownIndicatorParameter",
    "UnknownInterval",
    "UnknownMetric",
    "UnknownProvider",
    "UnknownSymbol",
    "Unreachable",
    "UpstreamTimeout",
    "UsageHeader",
    "Values",
    "When",
    "against_price",
    "base58check_encode",
    "between",
    "clean_text",
    "client",
    "common_metrics",
    "crossing",
    "ema_memory",
    "errors",
    "evm_balance",
    "evm_chain_head",
    "evm_gas",
    "explorer_balance",
    "explorer_chain_head",
    "explorer_error",
    "explorer_gas",
    "explorer_tokens",
    "explorer_transactions",
    "hookimpl",
    "hookspec",
    "in_process",
    "iso_ms",
    "last_price",
    "models",
    "named_metrics",
    "names_of",
    "number",
    "period",
    "price_or_none",
    "quantity",
    "rpc_error",
    "rpc_request",
    "rpc_result",
    "scaled",
    "segment",
    "sign",
    "sockets",
    "starts_of",
    "stories",
    "stretches",
    "symbols_in",
    "wilder_memory",
    "within_band",
]

#: Old names and their present ones; they leave with the next release.
_RENAMED = {
    "Ask": "RequestOptions",
    "Computed": "IndicatorResult",
    "Routed": "IndicatorResult",
}
#: The modules of `framework`, and the names each gives; a test compares them with the imports.
_NAMES = {
    "cache.answer": "Answer AnswerMeta",
    "clock": "Clock Deadline SystemClock",
    "dialects.etherscan": (
        "explorer_balance explorer_chain_head explorer_error explorer_gas explorer_tokens "
        "explorer_transactions"
    ),
    "dialects.evm_rpc": (
        "evm_balance evm_chain_head evm_gas quantity rpc_error rpc_request rpc_result"
    ),
    "errors": (
        "AllProvidersFailed AuthRefused BadEncoding BadStatus Banned BlockedAddress Challenge "
        "CoinmuxError CutShort DeadlineExceeded Disconnected Empty FeatureDisabled GeoBlocked "
        "Implausible InputsMissing InsufficientData InvalidRequest InvalidSymbol LocalNetwork "
        "Malformed NoProviderAvailable NotFound NotJSON NotOffered OtherSubject Outcome Overloaded "
        "PlanRestricted PluginError PluginTimeout ProtocolViolation ProviderBusy "
        "ProviderError QuotaExhausted RateLimited Redirected RoutingError SchemaMismatch "
        "Stale TLSFailure ToldToWait TooLarge UnknownChain UnknownFeature UnknownIndicator "
        "UnknownIndicatorParameter UnknownInterval UnknownMetric UnknownProvider "
        "UnknownSymbol Unreachable UpstreamTimeout"
    ),
    "events": "Event EventBus",
    "formats.feeds": "FeedEntry",
    "formats.headlines": "names_of stories symbols_in",
    "gateway": "Gateway",
    "health.tracker": "State",
    "indicators.authors.periods": "LONGEST_MS Stretch starts_of stretches",
    "indicators.authors.readings": "against_price between crossing sign within_band",
    "indicators.authors.warmup": "ema_memory wilder_memory",
    "indicators.result": "IndicatorMeta IndicatorResult",
    "models.base": "Head Query Result",
    "models.candles": "Candles CandlesQuery",
    "models.capability": "CAPABILITIES Capability Consensus Freshness JumpRule",
    "models.chain": (
        "Balance BalanceQuery ChainHead ChainHeadQuery Entity EntityQuery Gas GasQuery "
        "LargeTransfer LargeTransfers LargeTransfersQuery Party TokenBalance TokenBalances "
        "TokenBalancesQuery Transaction Transactions TransactionsQuery scaled"
    ),
    "models.market": (
        "Coin Coins CoinsQuery GlobalStats GlobalStatsQuery Market Markets MarketsQuery "
        "OrderBook OrderBookQuery Ticker TickerQuery Trade Trades TradesQuery last_price"
    ),
    "models.news": "News NewsItem NewsQuery NewsSentiment",
    "models.onchain": "OnchainMetric OnchainMetricQuery Tvl TvlQuery",
    "models.sentiment": "FearGreed FearGreedQuery Social SocialMetric SocialQuery",
    "models.text": "TextSentiment TextSentimentQuery TextSentimentResult",
    "plugins.discovery": "in_process",
    "plugins.error_table": "ErrorTable When",
    "plugins.extensions.advice": "Advice RankedSource",
    "plugins.extensions.alert_kinds": "Alert AlertChannelKind",
    "plugins.extensions.routes": "Route RouteRequest",
    "plugins.hookspecs": "hookimpl hookspec",
    "plugins.indicator_info": "Column Columns IndicatorInfo Latest Output Parameter Values period",
    "plugins.provider_info": "Channel EnvVar HTTPClient ProviderInfo Reply UsageHeader",
    "plugins.rate_limit": "RateLimit",
    "reference.assets": "AssetCandidate AssetId",
    "reference.chains": "CHAINS Chain ChainFacts",
    "reference.checksums": "base58check_encode",
    "reference.intervals": "INTERVALS Interval",
    "reference.metrics": "METRICS MetricForm MetricInfo common_metrics named_metrics",
    "reference.symbols": "Symbol SymbolStyle",
    "reference.values": (
        "Amount CleanText Number Price RawInteger Timestamp clean_text iso_ms number price_or_none"
    ),
    "reference.strategy": "Strategy",
    "routing.options": "RequestKeywords RequestOptions",
    "sources.http": "HTTP segment",
    "sync": "SyncGateway",
}
_MODULE_OF = {
    "errors": "errors",
    **{name: module for module, names in _NAMES.items() for name in names.split()},
}

# A type checker does not see these functions: to it every name would exist.
if not TYPE_CHECKING:

    def __getattr__(name):  # noqa: ANN001, ANN202 - for the interpreter alone
        """A public name, imported now; an old one with a warning that states the present one."""
        if present := _RENAMED.get(name):
            message = f"coinmux.{name} is now coinmux.{present}"
            warnings.warn(message, DeprecationWarning, stacklevel=2)
            return getattr(import_module(__name__), present)
        if name in ("client", "models", "sockets"):
            return import_module(f"coinmux.{name}")
        module = _MODULE_OF.get(name)
        if module is None:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = import_module(f"coinmux.framework.{module}")
        value = found if name == module else getattr(found, name)
        globals()[name] = value
        return value

    def __dir__():  # noqa: ANN202 - for the interpreter alone
        """Every public name, loaded or not."""
        return sorted({*globals(), *__all__})
