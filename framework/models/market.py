"""Questions about markets, and their answers: tickers, candles, order books, trades, coins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import msgspec
import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from coinmux.framework.errors import Implausible, InvalidSymbol, SchemaMismatch, UnknownSymbol
from coinmux.framework.models.base import (
    EARLIEST_MS,
    LATEST_MS,
    Amount,
    AmountOrNone,
    CleanText,
    Number,
    NumberOrNone,
    Price,
    PriceOrNone,
    Query,
    Result,
    Timestamp,
    number,
    percent,
    price_or_none,
    seconds_ms,
)
from coinmux.framework.models.window import Window, window_of
from coinmux.framework.reference.symbols import Interval, Symbol, SymbolStyle

if TYPE_CHECKING:
    import pandas
    import polars
    from numpy.typing import NDArray

    IntColumn = NDArray[np.int64]
    FloatColumn = NDArray[np.float64]
else:
    # `Candles` checks its columns itself, once.
    IntColumn = FloatColumn = Any

#: The most a bid may stand above the best ask (`faults.md` E1).
CROSSED_LIMIT = 1.05


#: Rows of one answer.
MOST_CANDLES = 1000


class TickerQuery(Query["Ticker"]):
    """The state of one market over the last 24 hours."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")


class Ticker(Result):
    """One market now and over the last 24 hours. What the source does not say is null."""

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
        """A ticker from a source's figures; what it does not say and follows is worked out.

        Args:
            query: the question.
            last: price of the last trade; 0, "" and null say that there is none.
            open: price 24 h ago.
            moved: `last` less the price 24 h ago, in place of `open`.
            change_percent: over 24 h; "" says that the source knows none. Without it and
                `change_fraction`, it is worked out from `open`.
            change_fraction: the same as a fraction.
            timestamp: Unix ms.
            timestamp_s: the same in seconds.
            **fields: further fields, by name.

        Raises:
            UnknownSymbol: there is no last price: the pair is listed and not traded.
        """
        price = last_price(query.symbol, last)
        if open is None and moved is not None and moved != "":
            before = float(Decimal(repr(price)) - Decimal(repr(number(moved))))
            open = before if before > 0 else None  # noqa: A001 - as above
        opened = price_or_none(open)
        if change_fraction is not None and change_fraction != "":
            change_percent = percent(change_fraction)
        elif change_fraction is None and change_percent is None and opened is not None:
            change_percent = (price / opened - 1) * 100
        if timestamp_s is not None:
            timestamp = seconds_ms(timestamp_s)
        return cls(
            symbol=query.symbol,
            last=price,
            open=opened,
            change_percent=change_percent,
            timestamp=timestamp,
            **fields,
        )

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if self.bid is not None and self.ask is not None and self.bid > self.ask * CROSSED_LIMIT:
            raise Implausible(f"bid {self.bid:g} is far above ask {self.ask:g}")
        if self.high is not None and self.low is not None and self.high < self.low:
            raise Implausible(f"high {self.high:g} is below low {self.low:g}")
        return self


def last_price(symbol: Symbol, value: Any) -> float:
    """A source's price of the last trade.

    Raises:
        UnknownSymbol: there is none: the pair is listed, and nobody has traded it yet.
        ValueError: it is no number.
    """
    price = price_or_none(value)
    if price is None:
        raise UnknownSymbol(symbol, f"{symbol} is listed there, and nobody has traded it yet")
    return price


class CandlesQuery(Query["Candles"]):
    """Candles of one market: the latest `limit`, or those opening in [start, end]."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")
    interval: Interval = Field(default=Interval("1h"), description="Length of a candle")
    limit: int = Field(
        default=200, ge=1, le=MOST_CANDLES, description="At most so many, the latest"
    )
    start: int | None = Field(
        default=None, ge=EARLIEST_MS, le=LATEST_MS, description="First opening time, Unix ms"
    )
    end: int | None = Field(
        default=None, ge=EARLIEST_MS, le=LATEST_MS, description="Last opening time, Unix ms"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError("start is after end")
        return self

    def window(self, most: int, now_ms: int | None = None) -> Window:
        """The opening times to ask a source for that gives at most `most` candles at once."""
        return window_of(self, most, now_ms)


CANDLE_COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")


def _float_column(values: Sequence[Any], name: str) -> NDArray[np.float64]:
    """A finite float column from JSON numbers or decimal strings."""
    try:
        # msgspec reads strings by the grammar of JSON numbers, in a quarter of float()'s time.
        exact = msgspec.convert(values, list[float], strict=False)
        array = np.fromiter(exact, np.float64, len(exact))
        if np.isfinite(array).all():
            return array
    except msgspec.ValidationError:
        pass  # perhaps a decimal that JSON does not know, such as ".5": judged one by one below
    try:
        return np.array([number(value) for value in values], dtype=np.float64)
    except ValueError as error:
        raise SchemaMismatch(f"candle {name}: {error}") from error


class Candles(Result):
    """Candles as columns, oldest first, no two of one time; gaps stay gaps.

    Attributes:
        timestamp: `(n,)` int64, opening times in Unix ms.
        open, high, low, close: `(n,)` float64, in quote.
        volume: `(n,)` float64, in base units; nan where the source has none (null in JSON).
        last_closed: whether the last candle is finished; None until judged against a clock.
    """

    symbol: Symbol
    interval: Interval
    timestamp: IntColumn
    open: FloatColumn
    high: FloatColumn
    low: FloatColumn
    close: FloatColumn
    volume: FloatColumn
    last_closed: bool | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        time = self.timestamp
        if not isinstance(time, np.ndarray) or time.dtype != np.int64 or time.ndim != 1:
            raise SchemaMismatch("candle times take an int64 column; use Candles.from_rows")
        prices = (self.open, self.high, self.low, self.close)
        for column in (*prices, self.volume):
            if (
                not isinstance(column, np.ndarray)
                or column.dtype != np.float64
                or column.shape != time.shape
            ):
                raise SchemaMismatch("candle values take float64 columns of one length")
        if time.size == 0:
            return self
        if time[0] < EARLIEST_MS or time[-1] > LATEST_MS:
            raise Implausible(f"candle times {time[0]} to {time[-1]} are not Unix milliseconds")
        if time.size > 1 and not (time[1:] > time[:-1]).all():
            raise Implausible("candles are not in ascending order of distinct times")
        low, high = self.low, self.high
        # nan compares false, so each test is put the way that nan fails it.
        sound = (
            (low > 0)
            & (high >= low)
            & (self.open <= high)
            & (self.open >= low)
            & (self.close <= high)
            & (self.close >= low)
        )
        if not sound.all():
            at = int(np.argmin(sound))
            raise Implausible(
                f"candle {time[at]}: open {self.open[at]:g} high {high[at]:g} "
                f"low {low[at]:g} close {self.close[at]:g}"
            )
        if (self.volume < 0).any():
            raise Implausible("a candle of negative volume")
        return self

    @classmethod
    def from_rows(
        cls,
        query: CandlesQuery,
        rows: Sequence[Sequence[Any]] | Sequence[Mapping[str, Any]],
        *,
        order: Sequence[str] = CANDLE_COLUMNS,
        time_unit: Literal["ms", "s"] = "ms",
        notes: Iterable[str] = (),
    ) -> Candles:
        """Candles from a source's rows, in whatever column order and direction it sends them.

        Rows are sorted, exact duplicates dropped, and what lies outside the asked range or beyond
        the asked limit is cut (the latest are kept, or the oldest where `start` is given).

        Args:
            rows: lists, or mappings.
            order: the name of each leading column of a row; `""` for one that is not wanted.
                Without `volume` the volumes are nan. Of mappings: their keys, in the order of
                time, open, high, low, close and, where there is one, volume.
            time_unit: of the times; numbers, or strings of digits.

        Raises:
            SchemaMismatch: a cell is no number, or the rows differ in length.
            Implausible: two different candles of one time (`faults.md` E7), or prices that
                contradict each other.
        """
        remarks = list(notes)
        places: dict[str, Any] = {name: at for at, name in enumerate(order) if name}
        table_rows: Sequence[Any] = rows
        try:
            if table_rows and isinstance(table_rows[0], Mapping):
                places = dict(zip(CANDLE_COLUMNS, order, strict=False))
            elif len(set(map(len, table_rows))) > 1:
                raise SchemaMismatch("candle rows differ in length")
            columns = {name: [row[at] for row in table_rows] for name, at in places.items()}
        except (TypeError, IndexError, KeyError) as error:
            raise SchemaMismatch(f"candle rows lack some of {len(order)} columns") from error
        scale = 1000 if time_unit == "s" else 1
        time = _time_column(columns.pop("timestamp"), scale)
        table = [
            _float_column(columns[name], name) if name in columns else np.full(time.shape, np.nan)
            for name in CANDLE_COLUMNS[1:]
        ]
        if time.size:
            if not (time[1:] > time[:-1]).all():
                if (time[1:] < time[:-1]).all():
                    time, table = time[::-1], [column[::-1] for column in table]
                else:
                    time, table = _sorted_unique(time, table, remarks)
            lower = query.start if query.start is not None else time[0]
            upper = query.end if query.end is not None else time[-1]
            wanted = (time >= lower) & (time <= upper)
            if not wanted.all():
                time, table = time[wanted], [column[wanted] for column in table]
            if time.size > query.limit:
                kept = (
                    slice(None, query.limit)
                    if query.start is not None
                    else slice(-query.limit, None)
                )
                time, table = time[kept], [column[kept] for column in table]
        return cls(
            symbol=query.symbol,
            interval=query.interval,
            timestamp=np.ascontiguousarray(time),
            **{
                name: np.ascontiguousarray(column)
                for name, column in zip(CANDLE_COLUMNS[1:], table, strict=True)
            },
            notes=tuple(remarks),
        )

    def is_empty(self) -> bool:
        return len(self) == 0

    def data_length(self) -> int:
        return len(self)

    def size(self) -> int:
        return 100 * len(self)

    def __len__(self) -> int:
        return int(self.timestamp.size)

    def encode(self) -> bytes:
        columns = [self.timestamp.tolist()]
        columns += [
            column.tolist() for column in (self.open, self.high, self.low, self.close, self.volume)
        ]
        return _ENCODER.encode(
            {
                "symbol": str(self.symbol),
                "interval": str(self.interval),
                "columns": CANDLE_COLUMNS,
                "rows": list(zip(*columns, strict=True)),
                "last_closed": self.last_closed,
            }
        )

    def to_numpy(self) -> NDArray[np.float64]:
        """`(n, 6)` float64 in the order of `CANDLE_COLUMNS`; times lose nothing up to 2**53."""
        return np.column_stack(
            (self.timestamp, self.open, self.high, self.low, self.close, self.volume)
        ).astype(np.float64)

    def to_pandas(self) -> pandas.DataFrame:
        """A DataFrame indexed by UTC opening time. Needs pandas."""
        import pandas

        columns = {name: getattr(self, name) for name in CANDLE_COLUMNS[1:]}
        index = pandas.to_datetime(self.timestamp, unit="ms", utc=True)
        return pandas.DataFrame(columns, index=index.rename("timestamp"))

    def to_polars(self) -> polars.DataFrame:
        """A DataFrame with a UTC `timestamp` column. Needs polars."""
        import polars

        frame = polars.DataFrame({name: getattr(self, name) for name in CANDLE_COLUMNS})
        return frame.with_columns(
            polars.from_epoch("timestamp", time_unit="ms").dt.replace_time_zone("UTC")
        )


_ENCODER = msgspec.json.Encoder()


def _time_column(values: Sequence[Any], scale: int) -> NDArray[np.int64]:
    try:
        exact = msgspec.convert(values, list[int], strict=False)
        return np.fromiter(exact, np.int64, len(exact)) * scale
    except (msgspec.ValidationError, OverflowError) as error:
        raise SchemaMismatch("a candle's time is no whole number") from error


def _sorted_unique(
    time: NDArray[np.int64], table: list[NDArray[np.float64]], remarks: list[str]
) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    order = np.argsort(time, kind="stable")
    time, table = time[order], [column[order] for column in table]
    same = time[1:] == time[:-1]
    if same.any():
        # The newest may be open still, and have moved between two reports of it.
        closed = same & (time[1:] != time[-1])
        for column in table:
            before, after = column[:-1][closed], column[1:][closed]
            if not ((before == after) | (np.isnan(before) & np.isnan(after))).all():
                raise Implausible("two different candles of one time")
        keep = np.concatenate((~same, [True]))
        time, table = time[keep], [column[keep] for column in table]
        remarks.append(f"{int(same.sum())} duplicate candles dropped")
    else:
        remarks.append("candles came unordered and were sorted")
    return time, table


class OrderBookQuery(Query["OrderBook"]):
    """The best bids and asks of one market."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")
    depth: int = Field(default=20, ge=1, le=500, description="Levels on each side")


def _levels(rows: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(rows, (list, tuple)):
        raise ValueError("takes a list of [price, amount]")
    try:
        levels = tuple([(number(row[0]), number(row[1])) for row in rows])
    except (IndexError, KeyError, TypeError) as error:
        raise ValueError("takes a list of [price, amount]") from error
    for price, amount in levels:
        if price <= 0 or amount < 0:
            raise Implausible(f"an order of {amount:g} at {price:g}")
    return levels


Levels = Annotated[tuple[tuple[float, float], ...], BeforeValidator(_levels)]


class OrderBook(Result):
    """Bids and asks, best first, as `[price, amount]` in quote and base units."""

    symbol: Symbol
    timestamp: Timestamp | None = Field(default=None, description="The book's own time, Unix ms")
    bids: Levels
    asks: Levels

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        object.__setattr__(self, "bids", _ranked(self.bids, reverse=True))
        object.__setattr__(self, "asks", _ranked(self.asks, reverse=False))
        if self.bids and self.asks and self.bids[0][0] > self.asks[0][0] * CROSSED_LIMIT:
            raise Implausible(f"bid {self.bids[0][0]:g} is far above ask {self.asks[0][0]:g}")
        return self

    def cut(self, depth: int) -> OrderBook:
        """The best `depth` levels of each side."""
        if len(self.bids) <= depth and len(self.asks) <= depth:
            return self
        return self.model_copy(update={"bids": self.bids[:depth], "asks": self.asks[:depth]})

    def is_empty(self) -> bool:
        return not self.bids and not self.asks

    def data_length(self) -> int:
        return len(self.bids) + len(self.asks)


def _ranked(
    levels: tuple[tuple[float, float], ...], *, reverse: bool
) -> tuple[tuple[float, float], ...]:
    return tuple(sorted(levels, key=lambda level: level[0], reverse=reverse))


class TradesQuery(Query["Trades"]):
    """The latest trades of one market."""

    symbol: Symbol = Field(description="The pair, BASE/QUOTE")
    limit: int = Field(default=50, ge=1, le=1000, description="At most so many, the latest")


class Trade(Result):
    """One trade."""

    id: str | None = Field(default=None, description="The source's own id")
    timestamp: Timestamp = Field(description="Unix ms")
    side: Literal["buy", "sell"] | None = Field(description="The taker's side")
    price: Price
    amount: Amount


class Trades(Result):
    """Trades of one market, newest last."""

    symbol: Symbol
    trades: tuple[Trade, ...]

    @classmethod
    def latest(cls, query: TradesQuery, trades: Iterable[Trade]) -> Trades:
        """The asked number of the newest trades, in order of time whatever order they came in."""
        ordered = sorted(trades, key=lambda trade: trade.timestamp)
        return cls(symbol=query.symbol, trades=tuple(ordered[-query.limit :]))

    def is_empty(self) -> bool:
        return not self.trades

    def data_length(self) -> int:
        return len(self.trades)


class MarketsQuery(Query["Markets"]):
    """Every pair one source lists."""


class Market(Result):
    """A pair a source lists, in our spelling and in its own."""

    symbol: Symbol
    native: str
    active: bool

    @classmethod
    def of(
        cls, style: SymbolStyle, base: str, quote: str, *, native: str, active: bool
    ) -> Market | None:
        """A pair by the source's names of its assets; None where our names do not lead to it."""
        symbol = Symbol(f"{style.asset(base)}/{style.asset(quote)}")
        if style.native(symbol) != native:
            return None
        return cls(symbol=symbol, native=native, active=active)


class Markets(Result):
    """The pairs of one source, from its own list: the one way a joined spelling is split."""

    markets: tuple[Market, ...]

    @classmethod
    def read(cls, rows: Iterable[Any], one: Callable[[Any], Market | None]) -> Markets:
        """Each row through `one`; what it answers None for, or is no pair, is left out."""
        markets = []
        left_out = 0
        for row in rows:
            try:
                market = one(row)
            except InvalidSymbol:
                market = None
            if market is None:
                left_out += 1
            else:
                markets.append(market)
        notes = (f"{left_out} entries that are no spot pairs left out",) if left_out else ()
        return cls(markets=tuple(markets), notes=notes)

    def is_empty(self) -> bool:
        return not self.markets

    def data_length(self) -> int:
        return len(self.markets)


class CoinsQuery(Query["Coins"]):
    """One page of coins, largest market capitalisation first."""

    page: int = Field(default=1, ge=1, le=200)
    per_page: int = Field(default=100, ge=1, le=250)
    quote: str = Field(
        default="USD", pattern="^[A-Z0-9]{2,10}$", description="Currency of the figures"
    )


class Coin(Result):
    """One coin and its market figures, in the asked quote."""

    id: str = Field(description="The answering source's id of the coin")
    symbol: str = Field(description="Ticker, upper case; not unique")
    name: CleanText
    rank: int | None = Field(default=None, description="By market capitalisation, 1 is the largest")
    price: Amount | None = None
    market_cap: Amount | None = None
    volume_24h: Amount | None = None
    change_percent_24h: Number | None = Field(default=None, description="In percent")
    circulating_supply: Amount | None = None


class Coins(Result):
    """One page of coins."""

    page: int
    per_page: int
    coins: tuple[Coin, ...]

    def is_empty(self) -> bool:
        return not self.coins

    def data_length(self) -> int:
        return len(self.coins)


class GlobalStatsQuery(Query["GlobalStats"]):
    """The whole market."""


class GlobalStats(Result):
    """The whole market in a few figures."""

    timestamp: Timestamp | None = None
    market_cap_usd: Amount
    volume_24h_usd: Amount | None = None
    btc_dominance_percent: Amount | None = None
    eth_dominance_percent: Amount | None = None
    active_coins: int | None = None
