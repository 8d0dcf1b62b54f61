"""Queries for markets, and their results: tickers, order books, trades, pairs, coins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from decimal import Decimal
from functools import partial
from math import isfinite
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from coinmux.framework.errors import Implausible, InvalidSymbol, UnknownSymbol
from coinmux.framework.models.base import FUTURE_MS, Cut, Query, Result
from coinmux.framework.models.levels import Level, ranked, read_sides
from coinmux.framework.models.quick import ticker_figures, trade_figures
from coinmux.framework.reference.rows import field_left_out, read_field, read_rows, row_left_out
from coinmux.framework.reference.symbols import Symbol, SymbolStyle
from coinmux.framework.reference.values import (
    Amount,
    AmountOrNone,
    CleanName,
    CleanText,
    IdOrNone,
    NumberOrNone,
    Price,
    PriceOrNone,
    RankOrNone,
    Timestamp,
    clean_text,
    number,
    percent,
    price_or_none,
    seconds_ms,
)

#: A source may tell the time of a trade differently by REST, and the second alone.
_SAME_TRADE_MS = 1_000
#: The most a bid may stand above the best ask (`faults.md` E1).
CROSSED_LIMIT = 1.05


class TickerQuery(Query["Ticker"]):
    """The state of one market over the last 24 hours."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")


class Ticker(Result):
    """One market now and over the last 24 hours. A figure the source does not give is null."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")
    timestamp: Timestamp | None = Field(default=None, description="The quote's own time, Unix ms")
    last: Price = Field(description="Price of the last trade, in quote")
    bid: PriceOrNone = Field(default=None, description="Best bid, in quote")
    ask: PriceOrNone = Field(default=None, description="Best ask, in quote")
    open: PriceOrNone = Field(default=None, description="Price 24 h ago, in quote")
    high: PriceOrNone = Field(default=None, description="Highest of 24 h, in quote")
    low: PriceOrNone = Field(default=None, description="Lowest of 24 h, in quote")
    change_percent: NumberOrNone = Field(default=None, description="Change over 24 h, in percent")
    volume_base: AmountOrNone = Field(default=None, description="Traded in 24 h, in base units")
    volume_quote: AmountOrNone = Field(default=None, description="Traded in 24 h, in quote units")

    @classmethod
    def of(
        cls,
        query: TickerQuery,
        *,
        last: Any,
        open: Any = None,  # noqa: A002 - the field's name
        moved: Any = None,
        change_percent: Any = None,
        change_fraction: Any = None,
        timestamp: Any = None,
        timestamp_s: Any = None,
        **fields: Any,
    ) -> Self:
        """A ticker from a source's figures; a missing `open` or change is computed if possible.

        Args:
            query: the question.
            last: price of the last trade; 0, "" and null mean that there is none.
            open: price 24 h ago.
            moved: `last` minus the price 24 h ago, in place of `open`.
            change_percent: over 24 h; "" means that the source has none. Without it and
                `change_fraction`, the change is computed from `open`.
            change_fraction: the change as a fraction, in place of `change_percent`.
            timestamp: Unix ms.
            timestamp_s: Unix seconds, in place of `timestamp`.
            **fields: further fields, by name.

        Raises:
            UnknownSymbol: there is no last price; the pair is listed but not traded.
        """
        if timestamp_s is not None:
            timestamp = read_field("timestamp", seconds_ms, timestamp_s)
        if change_fraction is not None:
            change_percent = None
        given = {
            **fields, "last": last, "open": open, "change_percent": change_percent,
            "timestamp": timestamp,
        }  # fmt: skip
        figures = ticker_figures(given, CROSSED_LIMIT) if cls is Ticker else None
        price = last_price(query.symbol, last) if figures is None else figures["last"]
        if figures is not None and open is not None:
            opened = figures["open"]
        elif open is not None:
            opened = read_field("open", price_or_none, open)
        elif moved is not None:
            opened = read_field("open", partial(_before, price), moved)
        else:
            opened = None
        if change_fraction is not None:
            change_percent = read_field("change_percent", percent, change_fraction)
        elif change_percent is None and opened is not None:
            change_percent = (price / opened - 1) * 100
        elif figures is not None:
            change_percent = figures["change_percent"]
        if figures is None or not (_is_sound(opened) and _is_sound(change_percent)):
            given.update(last=price, open=opened, change_percent=change_percent)
            return cls(symbol=query.symbol, **given)
        figures["open"], figures["change_percent"] = opened, change_percent
        values = {"notes": (), "rows_left_out": 0, "symbol": query.symbol, **figures}
        return cls.sound(values, _TICKER_FIELDS)

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.bid is not None and self.ask is not None and self.bid > self.ask * CROSSED_LIMIT:
            self._drop("bid", "ask", f"a bid of {self.bid:g} is far above an ask of {self.ask:g}")
        if self.high is not None and self.low is not None and self.high < self.low:
            self._drop("high", "low", f"a high of {self.high:g} is below a low of {self.low:g}")
        return self

    def _drop(self, one: str, other: str, reason: str) -> None:
        """Two figures that contradict each other are null: which is wrong is not known."""
        object.__setattr__(self, one, None)
        object.__setattr__(self, other, None)
        field_left_out(f"{one} and {other}", reason)

    def tells_more(self, known: Self) -> bool:
        figures = ((self.last, known.last), (self.bid, known.bid), (self.ask, known.ask))
        return any(new != old for new, old in figures if new is not None and old is not None)

    def figure(self, query: Any) -> float | None:
        return self.last

    def fingerprint(self) -> tuple[float | None, ...]:
        return (self.last, self.bid, self.ask, self.volume_base)

    def is_distinctive(self) -> bool:
        return bool(self.volume_base)


#: What a ticker is made of.
_TICKER_FIELDS = set(Ticker.model_fields) - set(Result.model_fields)


def _is_sound(computed: float | None) -> bool:
    """Whether a figure that was computed is a number, or there is none."""
    return computed is None or isfinite(computed)


def _before(price: float, moved: Any) -> float | None:
    """The price before it moved by `moved`; None if that is none."""
    before = float(Decimal(repr(price)) - Decimal(repr(number(moved))))
    return before if before > 0 else None


def last_price(symbol: Symbol, value: Any) -> float:
    """A source's price of the last trade.

    Raises:
        UnknownSymbol: there is no last price; the pair is listed but not traded yet.
        ValueError: it is no number.
    """
    price = price_or_none(value)
    if price is None:
        raise UnknownSymbol(symbol, f"{symbol} is listed there but has not been traded yet")
    return price


class OrderBookQuery(Query["OrderBook"]):
    """The best bids and asks of one market."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")
    depth: int = Field(default=20, ge=1, le=500, description="Levels on each side")


class OrderBook(Result):
    """Bids and asks, best first, as `[price, amount]` in quote and base units."""

    symbol: Symbol
    timestamp: Timestamp | None = Field(default=None, description="The book's own time, Unix ms")
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]

    cuts = (Cut("bids", "depth"), Cut("asks", "depth"))
    cells = dict.fromkeys(("bids", "asks"), ("price", "amount"))

    @model_validator(mode="before")
    @classmethod
    def _read(cls, values: Any) -> Any:
        if not isinstance(values, Mapping) or not values.keys() >= {"bids", "asks"}:
            return values
        bids, asks = read_sides(values["bids"], values["asks"])
        return {**values, "bids": bids, "asks": asks}

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        count = self.data_length()
        object.__setattr__(self, "bids", ranked(self.bids, reverse=True))
        object.__setattr__(self, "asks", ranked(self.asks, reverse=False))
        if self.data_length() < count:
            said = f"{count - self.data_length()} duplicate levels dropped"
            object.__setattr__(self, "notes", (*self.notes, said))
        if self.bids and self.asks and self.bids[0][0] > self.asks[0][0] * CROSSED_LIMIT:
            raise Implausible(f"bid {self.bids[0][0]:g} is far above ask {self.asks[0][0]:g}")
        return self

    def cut(self, depth: int) -> OrderBook:
        """The best `depth` levels of each side."""
        return self.model_copy(update={"bids": self.bids[:depth], "asks": self.asks[:depth]})

    def _cut(self, query: Any) -> Self:
        most = query.__dict__.get("depth")
        if most is not None and len(self.bids) <= most and len(self.asks) <= most:
            return self
        return super()._cut(query)

    def is_empty(self) -> bool:
        return not self.bids and not self.asks

    def data_length(self) -> int:
        return len(self.bids) + len(self.asks)

    def tells_more(self, known: Self) -> bool:
        return (self.bids[:1], self.asks[:1]) != (known.bids[:1], known.asks[:1])

    def figure(self, query: Any) -> float | None:
        """The middle of the best bid and ask."""
        bids, asks = self.bids, self.asks
        if bids and asks:
            return (bids[0][0] + asks[0][0]) / 2
        best = bids or asks
        return best[0][0] if best else None


class TradesQuery(Query["Trades"]):
    """The latest trades of one market."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")
    limit: int = Field(default=50, ge=1, le=1000, description="At most so many, the latest")


class Trade(Result):
    """One trade."""

    id: IdOrNone = Field(default=None, description="The source's own id")
    timestamp: Timestamp = Field(description="Unix ms")
    side: Literal["buy", "sell"] | None = Field(default=None, description="The taker's side")
    price: Price
    amount: Amount

    @classmethod
    def of(
        cls,
        *,
        id: Any = None,  # noqa: A002 - the field's name
        timestamp: Any,
        side: Any = None,
        price: Any,
        amount: Any,
    ) -> Self:
        """As `Trade(...)`, in a third of its time where nothing is wrong.

        Args:
            id: the source's own.
            timestamp: Unix ms.
            side: the taker's.
            price: in quote.
            amount: in base units.
        """
        figures = trade_figures(id, timestamp, side, price, amount) if cls is Trade else None
        if figures is None:
            return cls(id=id, timestamp=timestamp, side=side, price=price, amount=amount)
        return cls.sound({"notes": (), "rows_left_out": 0, **figures}, _TRADE_FIELDS)


#: What a trade is made of.
_TRADE_FIELDS = set(Trade.model_fields) - set(Result.model_fields)


class Trades(Result):
    """Trades of one market, newest last."""

    symbol: Symbol
    trades: tuple[Trade, ...]

    cuts = (Cut("trades", "limit", newest_last=True),)

    @classmethod
    def read(
        cls,
        query: TradesQuery,
        rows: Any,
        one: Callable[[Any], Trade | None],
        *,
        newest_first: bool = False,
    ) -> Trades:
        """The trades that `one` reads from `rows`, sorted by time; a bad row is left out.

        `check` cuts them to what was asked for. A list that is null is one without trades, which
        is noted.

        Args:
            query: the question.
            rows: the list as the source sent it.
            one: reads a row.
            newest_first: the order of the list, which trades of one moment keep.
        """
        if rows is None:
            return cls(symbol=query.symbol, trades=(), notes=("the list of trades is null",))
        trades = read_rows(rows, one, kind="trades")
        return cls._sorted(query, trades[::-1] if newest_first else trades)

    @classmethod
    def latest(cls, query: TradesQuery, trades: Iterable[Trade]) -> Trades:
        """The newest `query.limit` of `trades`, sorted by time."""
        made = cls._sorted(query, trades)
        return made.model_copy(update={"trades": made.trades[-query.limit :]})

    @classmethod
    def _sorted(cls, query: TradesQuery, trades: Iterable[Trade]) -> Trades:
        """`trades` by time; one that is there twice, with its id, is dropped and noted."""
        ordered = sorted(trades, key=lambda trade: trade.timestamp)
        keys = ((trade if trade.id is not None else at) for at, trade in enumerate(ordered))
        distinct = dict(zip(keys, ordered, strict=True))
        dropped = len(ordered) - len(distinct)
        notes = (f"{dropped} duplicate trades dropped",) if dropped else ()
        return cls(symbol=query.symbol, trades=tuple(distinct.values()), notes=notes)

    def check(self, query: Any, now_ms: int) -> Self:
        latest_ms = now_ms + FUTURE_MS
        future = sum([trade.timestamp > latest_ms for trade in self.trades])
        if 0 < 2 * future <= len(self.trades):
            good = tuple([trade for trade in self.trades if trade.timestamp <= latest_ms])
            row_left_out("trades", "its time is in the future", future)
            return self.model_copy(update={"trades": good}).check(query, now_ms)
        return super().check(query, now_ms)

    def is_empty(self) -> bool:
        return not self.trades

    def data_length(self) -> int:
        return len(self.trades)

    def own_time_ms(self) -> int | None:
        return self.trades[-1].timestamp if self.trades else None

    def tells_more(self, known: Self) -> bool:
        if not (self.trades and known.trades):
            return bool(self.trades)
        newest = self.trades[-1]
        is_known = newest.id is not None and newest.id in {one.id for one in known.trades}
        return not is_known and newest.timestamp > known.trades[-1].timestamp + _SAME_TRADE_MS

    def figure(self, query: Any) -> float | None:
        return self.trades[-1].price if self.trades else None


class MarketsQuery(Query["Markets"]):
    """Every pair one source lists."""


class Market(Result):
    """A pair a source lists, in our spelling and in its own."""

    symbol: Symbol
    native: CleanName
    active: bool

    @classmethod
    def of(
        cls, style: SymbolStyle, base: str, quote: str, *, native: str, active: bool
    ) -> Market | None:
        """A pair by the source's asset names; None if `style` spells it otherwise than `native`."""
        symbol = Symbol(f"{style.asset(base)}/{style.asset(quote)}")
        if style.native(symbol) != native:
            return None
        return cls(symbol=symbol, native=native, active=active)


def traded(status: Any, words: Collection[str]) -> bool:
    """Whether a source's word for the state of a market is one of `words`.

    Raises:
        ValueError: it says nothing, so whether the market is traded is not known.
    """
    if type(status) not in (str, int) or status == "":
        raise ValueError(f"the state of a market is a word, not {str(status)[:20]!r}")
    return str(status) in words


class Markets(Result):
    """The pairs of one source, from its own list, which says how a joined spelling is split."""

    markets: tuple[Market, ...]

    @classmethod
    def read(cls, rows: Iterable[Any], one: Callable[[Any], Market | None]) -> Markets:
        """The markets that `one` reads from `rows`.

        Left out and noted are rows that are no spot pairs, that our spelling of pairs has no room
        for, or that cannot be read.
        """
        others: Counter[str] = Counter()

        def asked_for(row: Any) -> Market | None:
            try:
                market = one(row)
            except (InvalidSymbol, UnknownSymbol):
                others["pairs that our names cannot ask for"] += 1
                return None
            if market is None:
                others["entries that are no spot pairs"] += 1
            return market

        markets = read_rows(rows, asked_for, kind="markets")
        distinct = tuple(dict.fromkeys(markets))
        others["entries that are there twice"] += len(markets) - len(distinct)
        notes = tuple(f"{count} {what} left out" for what, count in others.items() if count)
        return cls(markets=distinct, notes=notes)

    def is_empty(self) -> bool:
        return not self.markets

    def data_length(self) -> int:
        return len(self.markets)


#: Pages of coins that may be asked for.
_MOST_PAGES = 200


class CoinsQuery(Query["Coins"]):
    """One page of coins, largest market capitalisation first."""

    page: int = Field(default=1, ge=1, le=_MOST_PAGES)
    per_page: int = Field(default=100, ge=1, le=250)
    quote: str = Field(
        default="USD", pattern="^[A-Z0-9]{2,10}$", description="Currency of the figures"
    )
    cursor: str | None = Field(
        default=None,
        max_length=2_000,
        description="From the page before: the next page of the same source, in place of `page`",
    )

    @model_validator(mode="after")
    def _is_one_page(self) -> Self:
        if self.cursor is not None and self.page != 1:
            raise ValueError("page and cursor are two ways to name a page; send one of them")
        return self

    def resumed(self, following: str) -> Self:
        return self.model_copy(update={"page": int(following), "cursor": None})


class Coin(Result):
    """One coin and its market figures in the asked quote; null is what the source does not give."""

    id: CleanName = Field(description="The answering source's id of the coin")
    symbol: CleanName = Field(description="Ticker, upper case; not unique")
    name: CleanText = Field(description="The coin's ticker if the source gives no name")
    rank: RankOrNone = Field(default=None, description="By market capitalisation, 1 is the largest")
    price: PriceOrNone = None
    market_cap: AmountOrNone = None
    volume_24h: AmountOrNone = None
    change_percent_24h: NumberOrNone = Field(default=None, description="In percent")
    circulating_supply: AmountOrNone = None

    @model_validator(mode="before")
    @classmethod
    def _is_named(cls, values: Any) -> Any:
        """The ticker in capitals, which stands for a missing name, and the digits of a number."""
        if not isinstance(values, dict):
            return values
        if type(values.get("id")) is int:
            values = {**values, "id": str(values["id"])}
        symbol = values.get("symbol")
        if not isinstance(symbol, str):
            return values
        name = values.get("name")
        is_named = isinstance(name, str) and clean_text(name)
        return {**values, "symbol": symbol.upper(), "name": name if is_named else symbol.upper()}


class Coins(Result):
    """One page of coins.

    Attributes:
        twice: coins that were there twice and were dropped.
    """

    page: int
    per_page: int
    coins: tuple[Coin, ...]
    cursor: str | None = Field(
        default=None, description="Ask with it for the next page of this source; null at the end"
    )
    twice: int = Field(default=0, exclude=True)

    cuts = (Cut("coins", "per_page"),)

    @classmethod
    def of(cls, query: CoinsQuery, coins: Iterable[Coin]) -> Coins:
        """The requested page; a coin that is there twice is dropped and noted."""
        every = list(coins)
        distinct = dict.fromkeys(every)
        dropped = len(every) - len(distinct)
        notes = (f"{dropped} duplicate coins dropped",) if dropped else ()
        return cls(
            page=query.page,
            per_page=query.per_page,
            coins=tuple(distinct),
            notes=notes,
            twice=dropped,
        )

    def next_page(self, query: CoinsQuery) -> str | None:
        # A coin that could not be read, or was there twice, is no sign of the last page.
        is_full = len(self.coins) + self.twice + self.rows_left_out >= self.per_page
        return str(self.page + 1) if is_full and self.page < _MOST_PAGES else None

    def is_empty(self) -> bool:
        return not self.coins

    def data_length(self) -> int:
        return len(self.coins)


class GlobalStatsQuery(Query["GlobalStats"]):
    """The whole market."""


class GlobalStats(Result):
    """The whole market in a few figures."""

    timestamp: Timestamp | None = None
    market_cap_usd: Price
    volume_24h_usd: AmountOrNone = None
    btc_dominance_percent: AmountOrNone = None
    eth_dominance_percent: AmountOrNone = None
    active_coins: RankOrNone = None
