"""What a caller asks to follow, from a query string or a message of a socket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.models.market import OrderBookQuery, TickerQuery, TradesQuery
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.suggest import near
from coinmux.server.asgi.query_params import QueryReader, named, read_ask, refused, single_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.models.base import Query
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.routing.options import RequestOptions

#: Markets one stream of events may follow.
MOST_SYMBOLS = 50
#: What can be followed: its reader, and the fields that say which feed besides the pair.
FOLLOWED: Mapping[str, tuple[QueryReader, tuple[str, ...]]] = {
    "ticker": (QueryReader("ticker", TickerQuery), ()),
    "trades": (QueryReader("trades", TradesQuery), ()),
    "order_book": (QueryReader("order_book", OrderBookQuery), ("depth",)),
    "candles": (QueryReader("candles", CandlesQuery), ("interval",)),
}
_HOW = ("provider", "strategy")
#: What else a socket follows, by members of its own.
INDICATOR = "indicator"
_OF_INDICATORS = ("indicator", "symbol", "interval", "closed_only", "parameters", *_HOW, "since")


@dataclass(frozen=True, slots=True)
class LiveQuestion:
    """One market to follow.

    Attributes:
        since: id of the last event the caller has; None for none.
    """

    capability: str
    query: Query
    options: RequestOptions
    since: str | None = None

    @property
    def symbol(self) -> Symbol:
        """The pair."""
        symbol: Symbol = self.query.__dict__["symbol"]
        return symbol

    @property
    def fields(self) -> dict[str, Any]:
        """Interval and depth, where the question has them."""
        _, names = FOLLOWED[self.capability]
        return {name: getattr(self.query, name) for name in names}


@dataclass(frozen=True, slots=True)
class IndicatorFollowed:
    """An indicator to follow.

    Attributes:
        given: its parameters by name.
        since: id of the last event the caller has; None for none.
    """

    name: str
    symbol: Symbol
    interval: str
    given: Mapping[str, int | float | str]
    closed_only: bool
    options: RequestOptions
    since: str | None = None


def parameters_of(capability: str) -> tuple[str, ...]:
    """The parameters of a stream of this capability."""
    return ("symbols", *FOLLOWED[capability][1], *_HOW)


def read_questions(
    capability: str,
    query_string: bytes,
    last_event_id: str | None,
    parse_symbol: Callable[[str], Symbol],
    beside: tuple[str, ...] = (),
) -> list[LiveQuestion]:
    """The markets a request follows, in the order given.

    Args:
        last_event_id: what the caller received last: an id for each market, commas between.
        beside: further parameters, which the route reads itself.

    Raises:
        InvalidRequest: `errors` names each parameter that will not do.
    """
    reader, _ = FOLLOWED[capability]
    values = single_values(query_string, (*parameters_of(capability), "symbol", *beside))
    for name in beside:
        values.pop(name, None)
    if "symbol" in values and "symbols" in values:
        raise refused([{"name": "symbols", "message": "is given twice, as symbols and as symbol"}])
    text = values.pop("symbols", "") or values.pop("symbol", "")
    names = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not 1 <= len(names) <= MOST_SYMBOLS:
        message = f"takes 1 to {MOST_SYMBOLS} pairs, comma between"
        raise refused([{"name": "symbols", "message": message}])
    ids = [] if last_event_id is None else last_event_id.split(",")
    if len(ids) != len(names):  # of another list of markets: each begins with a snapshot
        ids = [""] * len(names)
    questions: dict[Symbol, LiveQuestion] = {}
    for name, since in zip(names, ids, strict=True):
        try:
            pair = parse_symbol(name)
        except InvalidRequest as error:
            raise named(error, "symbols") from None
        read = reader.build({**values, "symbol": name}, parse_symbol)
        question = LiveQuestion(capability, read.query, read.ask, since or None)
        questions.setdefault(pair, question)
    return list(questions.values())


def read_message(
    message: Mapping[str, object], parse_symbol: Callable[[str], Symbol]
) -> LiveQuestion | IndicatorFollowed:
    """The market, or the indicator of one, that a message of a socket follows.

    Raises:
        InvalidRequest: `errors` names each member that will not do.
    """
    capability = str(message.get("capability", "")).replace("-", "_")
    if capability == INDICATOR:
        return _read_indicator(message, parse_symbol)
    if capability not in FOLLOWED:
        known = [*FOLLOWED, INDICATOR]
        problem: dict[str, Any] = {
            "name": "capability",
            "message": "takes what can be followed",
            "known": known,
        }
        if meant := near(capability, known):
            problem["did_you_mean"] = meant
        raise refused([problem])
    reader, fields = FOLLOWED[capability]
    takes = ("symbol", *fields, *_HOW)
    errors: list[dict[str, Any]] = []
    values: dict[str, str] = {}
    for name, value in message.items():
        if name in ("op", "id", "capability", "since"):
            continue
        if name not in takes:
            known = [*takes, "since"]
            errors.append({"name": name[:60], "message": "is no member of it", "known": known})
        elif name == "depth" and (isinstance(value, bool) or not isinstance(value, int)):
            errors.append({"name": name, "message": "takes a whole number"})
        elif name != "depth" and not isinstance(value, str):
            errors.append({"name": name, "message": "takes a text"})
        else:
            values[name] = str(value)
    since = message.get("since")
    if since is not None and not isinstance(since, str):
        errors.append({"name": "since", "message": "takes the id of an event"})
    if errors:
        raise refused(errors)
    read = reader.build(values, parse_symbol)
    return LiveQuestion(capability, read.query, read.ask, since if isinstance(since, str) else None)


def read_explained(query_string: bytes, parse_symbol: Callable[[str], Symbol]) -> LiveQuestion:
    """The market that is to be explained: as a message of a socket, in a query string.

    Raises:
        InvalidRequest: `errors` names each parameter that will not do.
    """
    values = single_values(query_string, ("capability", "symbol", "interval", "depth", *_HOW))
    depth = values.get("depth", "")
    whole = {"depth": int(depth)} if depth.isascii() and depth.isdigit() else {}
    if values.get("capability") == INDICATOR:
        message = "takes what its candles are followed by: candles, with their interval"
        raise refused([{"name": "capability", "message": message}])
    question = read_message({**values, **whole}, parse_symbol)
    assert isinstance(question, LiveQuestion)
    return question


def _read_indicator(
    message: Mapping[str, object], parse_symbol: Callable[[str], Symbol]
) -> IndicatorFollowed:
    errors: list[dict[str, Any]] = []
    for name, value in message.items():
        if name in ("op", "id", "capability"):
            continue
        if name not in _OF_INDICATORS:
            known = list(_OF_INDICATORS)
            errors.append({"name": name[:60], "message": "is no member of it", "known": known})
        elif name == "closed_only" and not isinstance(value, bool):
            errors.append({"name": name, "message": "takes true or false"})
        elif name == "parameters" and not isinstance(value, dict):
            errors.append({"name": name, "message": "takes a JSON object"})
        elif name not in ("closed_only", "parameters") and not isinstance(value, str):
            errors.append({"name": name, "message": "takes a text"})
    errors += [
        {"name": name, "message": "is missing"}
        for name in ("indicator", "symbol")
        if name not in message
    ]
    texts = {name: str(message[name]) for name in _HOW if name in message}
    options = read_ask(texts, errors)
    if errors:
        raise refused(errors)
    try:
        pair = parse_symbol(str(message["symbol"]))
    except InvalidRequest as error:
        raise named(error, "symbol") from None
    try:
        interval = Interval(str(message.get("interval", "1h")))
    except InvalidRequest as error:
        raise named(error, "interval") from None
    given: Any = message.get("parameters", {})
    since = message.get("since")
    return IndicatorFollowed(
        name=str(message["indicator"]),
        symbol=pair,
        interval=str(interval),
        given=given,
        closed_only=message.get("closed_only") is True,
        options=options,
        since=since if isinstance(since, str) else None,
    )
