"""The following half of `Gateway`: what happens is told, and not asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.models.live import STREAMED
from coinmux.framework.models.market import OrderBookQuery, TickerQuery, TradesQuery
from coinmux.framework.questions import query_of
from coinmux.framework.reference.strategy import Strategy
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.routing.options import CONSENSUS, RequestOptions
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.indicators.service import IndicatorService
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.models.indicator_values import IndicatorValues
    from coinmux.framework.models.market import OrderBook, Ticker, Trades
    from coinmux.framework.streams.explanation import FeedExplanation
    from coinmux.framework.streams.feed_figures import FeedUse
    from coinmux.framework.streams.reader import Reader
    from coinmux.framework.streams.service import LiveFeeds, LiveFigures
    from coinmux.framework.streams.stream import Stream

    Opened = tuple[Reader[Any], Callable[[Reader[Any]], None]]

#: Levels of a book that is followed, and events that may wait, where nothing else is asked for.
_DEPTH, _WAITING = 20, 1_000
_MOST_WAITING = 100_000


class StreamKeywords(TypedDict, total=False):
    """The keywords of `Gateway.stream`."""

    interval: str | None
    depth: int | None
    provider: str | None
    strategy: Strategy
    since: str | None
    waiting: int


class IndicatorKeywords(TypedDict, total=False):
    """The keywords of `Gateway.stream_indicator`."""

    interval: str
    parameters: Mapping[str, int | float | str] | None
    closed_only: bool
    provider: str | None
    strategy: Strategy
    since: str | None
    waiting: int


class GatewayStreams(ABC):
    """The following half of `Gateway`."""

    indicators: IndicatorService
    clock: Clock
    simulated: bool

    @abstractmethod
    def parse_symbol(self, text: str) -> Symbol:
        """A pair as a person writes it."""

    @abstractmethod
    def capability(self, name: str) -> Capability:
        """The capability of that name."""

    @abstractmethod
    def _live_feeds(self) -> LiveFeeds:
        """The feeds, made when the first is asked for."""

    @overload
    def stream(
        self, capability: Literal["ticker"], symbol: str, *, provider: str | None = None,
        strategy: Strategy = "priority", since: str | None = None, waiting: int = _WAITING,
    ) -> Stream[Ticker]: ...  # fmt: skip

    @overload
    def stream(
        self, capability: Literal["trades"], symbol: str, *, provider: str | None = None,
        strategy: Strategy = "priority", since: str | None = None, waiting: int = _WAITING,
    ) -> Stream[Trades]: ...  # fmt: skip

    @overload
    def stream(
        self, capability: Literal["order_book"], symbol: str, *, depth: int = _DEPTH,
        provider: str | None = None, strategy: Strategy = "priority", since: str | None = None,
        waiting: int = _WAITING,
    ) -> Stream[OrderBook]: ...  # fmt: skip

    @overload
    def stream(
        self, capability: Literal["candles"], symbol: str, *, interval: str = "1m",
        provider: str | None = None, strategy: Strategy = "priority", since: str | None = None,
        waiting: int = _WAITING,
    ) -> Stream[Candles]: ...  # fmt: skip

    @overload
    def stream(
        self, capability: str, symbol: str, *, interval: str | None = None,
        depth: int | None = None, provider: str | None = None, strategy: Strategy = "priority",
        since: str | None = None, waiting: int = _WAITING,
    ) -> Stream[Result]: ...  # fmt: skip

    def stream(
        self,
        capability: str,
        symbol: str,
        *,
        interval: str | None = None,
        depth: int | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
        waiting: int = _WAITING,
    ) -> Stream[Result]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            symbol: a pair, as in a question.
            interval: of candles; `1m` where it is not given.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: `priority`; `fastest`; `consensus` for prices: the median of several sources'
                feeds, those far from it named in `meta.outliers`.
            since: id of an event; what came after it is told, if it is not too long ago.
            waiting: events that may wait for this reader; beyond, the oldest are dropped and
                counted in `meta.dropped`. Prices and books are replaced by newer ones.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        _check_waiting(waiting)
        row, query, options = self._followed(
            capability, symbol, interval, depth, provider, strategy
        )
        feeds = self._live_feeds

        def opened() -> Awaitable[Opened]:
            return feeds().open(
                row, query, options, most=waiting, since=since, timeout_s=self._patience_s()
            )

        return self._reading(opened, lambda: feeds().explain(row, query, options))

    def stream_indicator(
        self,
        name: str,
        symbol: str,
        *,
        interval: str = "1h",
        parameters: Mapping[str, int | float | str] | None = None,
        closed_only: bool = False,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
        waiting: int = _WAITING,
    ) -> Stream[IndicatorValues]:
        """Follow an indicator of one market: its values as candles change and close.

        It is computed once for all readers. What closed candles told never changes; the open
        candle's values are marked by `last_closed`.

        Args:
            name: of the indicator.
            symbol: a pair, as in a question.
            interval: of the candles.
            parameters: of the indicator, by name: `{"period": 21}`.
            closed_only: leave out the open candle.
            provider: follow the candles of this one alone; no failover.
            strategy: `priority` or `fastest`.
            since, waiting: as of `stream`.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        _check_waiting(waiting)
        row, query, options = self._followed("candles", symbol, interval, None, provider, strategy)
        plan = self.indicators.catalogue.plan(name, parameters or {})
        # Imported by the first who follows something: no start waits for it.
        from coinmux.framework.live_indicators import IndicatorFeed, IndicatorQuestion

        fields = query.__dict__
        question = IndicatorQuestion(
            plan, fields["symbol"], fields["interval"], options, closed_only
        )
        feeds = self._live_feeds

        def candles() -> Stream[Candles]:
            pair, every = str(question.symbol), str(question.interval)
            return self.stream(
                "candles", pair, interval=every, provider=provider, strategy=strategy
            )

        def made() -> IndicatorFeed:
            return IndicatorFeed(
                question, candles, self.indicators, self.clock, feeds().defect,
                simulated=self.simulated,
            )  # fmt: skip

        def opened() -> Awaitable[Opened]:
            return feeds().join(
                question.key, made, most=waiting, since=since, timeout_s=self._patience_s()
            )

        return self._reading(opened, lambda: feeds().explain(row, query, options))

    def explain_stream(
        self,
        capability: str,
        symbol: str,
        *,
        interval: str | None = None,
        depth: int | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
    ) -> FeedExplanation:
        """Why a market that is followed is told by whom, or would be; follows nothing.

        Args:
            capability, symbol, interval, depth, provider, strategy: as of `stream`.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        row, query, options = self._followed(
            capability, symbol, interval, depth, provider, strategy
        )
        return self._live_feeds().explain(row, query, options)

    async def explain_shared_stream(
        self,
        capability: str,
        symbol: str,
        *,
        interval: str | None = None,
        depth: int | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
    ) -> FeedExplanation:
        """As `explain_stream`; of a market that only another worker follows, what that one says.

        Its `candidates` are judged as this worker sees them. Without a `STATE_URL` it is the same.

        Args:
            capability, symbol, interval, depth, provider, strategy: as of `stream`.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        row, query, options = self._followed(
            capability, symbol, interval, depth, provider, strategy
        )
        return await self._live_feeds().explain_shared(row, query, options)

    def _reading(
        self, opened: Callable[[], Awaitable[Opened]], explained: Callable[[], FeedExplanation]
    ) -> Stream[Any]:
        """A stream of one reader, begun when it is entered."""
        # Imported by the first who follows something: no start waits for it.
        from coinmux.framework.streams.stream import Stream

        return Stream(opened, explained)

    @abstractmethod
    def _patience_s(self) -> float:
        """How long the first event of a stream is waited for."""

    def _followed(
        self,
        capability: str,
        symbol: str,
        interval: str | None,
        depth: int | None,
        provider: str | None,
        strategy: Strategy,
    ) -> tuple[Capability, Query, RequestOptions]:
        """The question that is followed, and of whom.

        Raises:
            InvalidRequest: a value will not do; its subtypes say why.
        """
        if capability not in STREAMED:
            known = list(STREAMED)
            raise _refused(
                "capability", "takes what can be followed", known=known,
                did_you_mean=near(capability, known),
            )  # fmt: skip
        if interval is not None and capability != "candles":
            raise _refused("interval", "is for candles alone")
        if depth is not None and capability != "order_book":
            raise _refused("depth", "is for order books alone")
        row = self.capability(capability)
        if strategy == CONSENSUS and row.consensus is None:
            raise _refused("strategy", f"takes priority or fastest for {row.name}")
        if strategy == CONSENSUS and provider is not None:
            raise _refused("strategy", "takes priority or fastest where a provider is pinned")
        pair = symbol if isinstance(symbol, Symbol) else self.parse_symbol(symbol)
        if capability == "candles":
            every = "1m" if interval is None else interval
            asked = _asked(CandlesQuery, provider, strategy, symbol=pair, interval=every)
        elif capability == "order_book":
            levels = _DEPTH if depth is None else depth
            asked = _asked(OrderBookQuery, provider, strategy, symbol=pair, depth=levels)
        else:
            kind = TickerQuery if capability == "ticker" else TradesQuery
            asked = _asked(kind, provider, strategy, symbol=pair)
        return row, *asked

    @abstractmethod
    def feeds(self) -> list[FeedUse]:
        """Each feed that is followed now, in figures."""

    @abstractmethod
    def live_figures(self) -> LiveFigures | None:
        """What live feeds and their connections counted; None before the first is followed."""


def _asked(
    kind: type[Query], provider: str | None, strategy: Strategy, **fields: object
) -> tuple[Query, RequestOptions]:
    """The question; the same object for all who ask it, of whom there may be thousands.

    Raises:
        InvalidRequest: a value will not do.
    """
    try:
        return _made_once(kind, provider, strategy, **fields)
    except TypeError:  # a value that cannot be looked up will not do; it says so itself
        return _made(kind, provider, strategy, **fields)


def _made(
    kind: type[Query], provider: str | None, strategy: Strategy, **fields: object
) -> tuple[Query, RequestOptions]:
    return query_of(kind, **fields), RequestOptions(provider=provider, strategy=strategy)


_made_once = lru_cache(maxsize=256, typed=True)(_made)


def _check_waiting(waiting: int) -> None:
    if not 1 <= waiting <= _MOST_WAITING:
        raise _refused("waiting", f"takes a whole number from 1 to {_MOST_WAITING}")


def _refused(name: str, message: str, **more: object) -> InvalidRequest:
    return InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message, **more}])
