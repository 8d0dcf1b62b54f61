"""What the indicator routes are asked, read from query strings and bodies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError, InvalidSymbol, UnknownInterval
from coinmux.framework.indicators.caller_forms import column_name, members_of
from coinmux.framework.models.candles import CANDLE_COLUMNS, MOST_CANDLES
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.reference.times import time_ms
from coinmux.server.asgi.query_params import (
    ASK_PARAMETERS,
    QUOTE_FALLBACK,
    flag,
    named,
    pairs_of,
    read_ask,
    refused,
    single_values,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.indicators.catalogue import Catalogue
    from coinmux.framework.indicators.plan import Plan
    from coinmux.framework.routing.options import RequestOptions

#: Of every route over routed candles.
MARKET_PARAMETERS = ("symbol", "interval", "closed_only", *ASK_PARAMETERS, QUOTE_FALLBACK)
#: Of a route that follows them: nothing is kept for it, nor waited for.
FOLLOWED_PARAMETERS = ("symbol", "interval", "closed_only", "provider", "strategy")
#: Of a body of the caller's own candles: what an answer's `data` has, or closes alone.
CALLER_MEMBERS = (
    "rows", "columns", "symbol", "interval", "last_closed", "closes", "parameters",
    "data", "index", "schema", *CANDLE_COLUMNS,
)  # fmt: skip
#: Intervals of one call.
MOST_INTERVALS = 5
#: Of one batch.
MOST_SYMBOLS = 500
MOST_INDICATORS = 20
MOST_PAIRS = 5_000
MOST_SHOWN = 100
DEFAULT_LIMIT = 200
#: Letters of a name that are sent back.
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class MarketAsk:
    """Which candles an indicator needs, and how they are fetched.

    Attributes:
        intervals: more than one where the caller asked for several.
        parameters: of the indicator, as texts.
        start: the first candle shown, in place of the latest, Unix ms.
        end: the last candle shown, Unix ms.
    """

    symbol: Symbol
    intervals: tuple[Interval, ...]
    limit: int
    closed_only: bool
    ask: RequestOptions
    parameters: Mapping[str, str]
    start: int | None = None
    end: int | None = None


def read_market_ask(
    query_string: bytes,
    parse_symbol: Callable[[str], Symbol],
    *,
    takes_parameters: bool = True,
    takes_limit: bool = True,
    is_followed: bool = False,
) -> MarketAsk:
    """The question of a GET request.

    Args:
        takes_parameters: whether what the route does not know is left to the indicator.
        takes_limit: whether the caller says which values are shown, and how many.
        is_followed: whether the candles are followed, and not asked for.

    Raises:
        InvalidRequest: `errors` names what will not do.
    """
    of_market = FOLLOWED_PARAMETERS if is_followed else MARKET_PARAMETERS
    known = (*of_market, *(("limit", "start", "end") if takes_limit else ()))
    names = {name for name, _ in pairs_of(query_string)} if takes_parameters else set()
    values = single_values(query_string, {*known, *names})
    parameters = {name: values.pop(name) for name in list(values) if name not in known}
    errors: list[dict[str, Any]] = []
    ask = read_ask(values, errors)
    closed_only = False
    try:
        closed_only = flag(values.get("closed_only", "false"))
    except ValueError as error:
        errors.append({"name": "closed_only", "message": str(error)})
    times: dict[str, int] = {}
    for name in ("start", "end"):
        try:
            if name in values:
                times[name] = time_ms(values[name])
        except ValueError as error:
            errors.append({"name": name, "message": str(error)})
    if "symbol" not in values:
        errors.append({"name": "symbol", "message": "is missing"})
    if errors:
        raise refused(errors)
    limit = whole(values, "limit", default=DEFAULT_LIMIT, low=1, high=MOST_CANDLES)
    return MarketAsk(
        symbol=_symbol(values["symbol"], parse_symbol, "symbol"),
        intervals=_intervals(values.get("interval", "1h")),
        limit=limit,
        closed_only=closed_only,
        ask=ask,
        parameters=parameters,
        start=times.get("start"),
        end=times.get("end"),
    )


@dataclass(frozen=True, slots=True)
class RefusedPlan:
    """An indicator of a batch that cannot be computed, and why."""

    name: str
    parameters: Mapping[str, Any]
    error: CoinmuxError


@dataclass(frozen=True, slots=True)
class BatchAsk:
    """Many indicators of many markets; what is wrong with one name is said in its place.

    Attributes:
        markets: each once, by its pair, or by the text that is none.
    """

    markets: Mapping[str, Symbol | CoinmuxError]
    choices: Sequence[Plan | RefusedPlan]
    interval: Interval
    limit: int
    closed_only: bool
    ask: RequestOptions

    @property
    def symbols(self) -> list[Symbol]:
        """The markets that are pairs."""
        return [one for one in self.markets.values() if isinstance(one, Symbol)]

    @property
    def plans(self) -> list[Plan]:
        """The indicators that can be computed."""
        return [one for one in self.choices if not isinstance(one, RefusedPlan)]


_BATCH_MEMBERS = ("symbols", "indicators", "interval", "limit", "closed_only")


def read_batch_ask(
    query_string: bytes,
    body: Any,
    catalogue: Catalogue,
    parse_symbol: Callable[[str], Symbol],
) -> BatchAsk:
    """The question of a batch: its body, and in the query string how candles are fetched.

    Raises:
        InvalidRequest: `errors` names the member that will not do; its subtypes as they say.
        CoinmuxError: of the first pair or indicator, where not one will do.
    """
    errors: list[dict[str, Any]] = []
    ask = read_ask(single_values(query_string, ASK_PARAMETERS), errors)
    members = read_members(body, _BATCH_MEMBERS)
    symbols = _texts(members.get("symbols"), "symbols", MOST_SYMBOLS, errors)
    listed = members.get("indicators")
    if not isinstance(listed, list) or not 1 <= len(listed) <= MOST_INDICATORS:
        message = f"takes a list of 1 to {MOST_INDICATORS} indicators"
        errors.append({"name": "indicators", "message": message})
        listed = []
    limit = members.get("limit", 1)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_SHOWN:
        errors.append({"name": "limit", "message": f"takes a whole number from 1 to {MOST_SHOWN}"})
    closed_only = members.get("closed_only", False)
    if not isinstance(closed_only, bool):
        errors.append({"name": "closed_only", "message": "takes true or false"})
    interval = members.get("interval", "1h")
    if not isinstance(interval, str):
        errors.append({"name": "interval", "message": "takes an interval such as 1h"})
    if len(symbols) * len(listed) > MOST_PAIRS:
        message = f"times the number of symbols is more than {MOST_PAIRS}"
        errors.append({"name": "indicators", "message": message})
    if errors:
        raise refused(errors)
    asked = BatchAsk(
        markets=_markets(symbols, parse_symbol),
        choices=[_choice(catalogue, one, f"indicators[{at}]") for at, one in enumerate(listed)],
        interval=_interval(interval),
        limit=limit,
        closed_only=closed_only,
        ask=ask,
    )
    for market in () if asked.symbols else asked.markets.values():
        if isinstance(market, CoinmuxError):
            raise market
    for choice in () if asked.plans else asked.choices:
        if isinstance(choice, RefusedPlan):
            raise choice.error
    return asked


def _markets(
    texts: Sequence[str], parse_symbol: Callable[[str], Symbol]
) -> dict[str, Symbol | CoinmuxError]:
    found: dict[str, Symbol | CoinmuxError] = {}
    for at, text in enumerate(texts):
        try:
            symbol = _symbol(text, parse_symbol, f"symbols[{at}]")
        except InvalidSymbol as error:
            found.setdefault(text[:_SHOWN], error)
        else:
            found[str(symbol)] = symbol
    return found


def read_members(body: Any, known: Sequence[str]) -> dict[str, Any]:
    """The members of a JSON object, all of them known.

    Raises:
        InvalidRequest: it is none, or has others.
    """
    if not isinstance(body, dict):
        raise refused([{"name": "body", "message": "takes a JSON object"}])
    if strange := [name for name in body if name not in known]:
        raise refused(
            [
                {"name": str(name)[:60], "message": "is no member of this body", "known": [*known]}
                for name in strange[:10]
            ]
        )
    return body


def read_caller_members(body: Any) -> dict[str, Any]:
    """The members of a body of candles, in any form that people have them.

    Raises:
        InvalidRequest: it is no candles, or has members of another kind.
    """
    members = members_of(body)
    if not isinstance(members, dict):
        return read_members(members, CALLER_MEMBERS)
    read_members(
        {name: one for name, one in members.items() if column_name(name) is None}, CALLER_MEMBERS
    )
    return members


def _choice(catalogue: Catalogue, one: Any, name: str) -> Plan | RefusedPlan:
    if isinstance(one, str):
        one = {"name": one}
    members = read_members(one, ("name", "indicator", "parameters"))
    indicator = members.get("name", members.get("indicator"))
    parameters = members.get("parameters", {})
    if not isinstance(indicator, str) or ("name" in members and "indicator" in members):
        message = "takes the name of an indicator, as name or as indicator"
        raise refused([{"name": f"{name}.name", "message": message}])
    if not isinstance(parameters, dict):
        raise refused([{"name": f"{name}.parameters", "message": "takes a JSON object"}])
    try:
        return catalogue.plan(indicator, parameters)
    except CoinmuxError as error:
        return RefusedPlan(indicator[:_SHOWN], parameters, error)


def _texts(value: Any, name: str, most: int, errors: list[dict[str, Any]]) -> list[str]:
    if (
        isinstance(value, list)
        and 1 <= len(value) <= most
        and all(isinstance(one, str) for one in value)
    ):
        return value
    errors.append({"name": name, "message": f"takes a list of 1 to {most} texts"})
    return []


def _symbol(text: str, parse_symbol: Callable[[str], Symbol], name: str) -> Symbol:
    try:
        return parse_symbol(text)
    except InvalidSymbol as error:
        raise named(error, name) from None


def _intervals(text: str) -> tuple[Interval, ...]:
    parts = list(dict.fromkeys(part.strip() for part in text.split(",")))
    if len(parts) > MOST_INTERVALS:
        message = f"takes at most {MOST_INTERVALS} intervals, comma between"
        raise refused([{"name": "interval", "message": message}])
    return tuple(_interval(part) for part in parts)


def _interval(text: str) -> Interval:
    try:
        return Interval.parse(text)
    except UnknownInterval as error:
        raise named(error, "interval") from None
