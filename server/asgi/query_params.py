"""Query strings read into query models: every parameter known, given once, and of its type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec
from pydantic import ValidationError

from coinmux.framework.errors import InvalidRequest, InvalidSymbol, UnknownChain, UnknownInterval
from coinmux.framework.models.base import Query
from coinmux.framework.models.refusals import number_wanted, refusals_of
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.reference.tickers import read_asset
from coinmux.framework.reference.times import time_ms
from coinmux.framework.reference.values import EARLIEST_MS, number
from coinmux.framework.routing.options import TAKES_SECONDS, RequestOptions
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pydantic.fields import FieldInfo

_WHOLE = re.compile(r"-?[0-9]{1,18}")
_MOST_PARAMETERS = 50
_SHOWN = 60
_TRUE = frozenset({"true", "1", "yes", "on"})
_FALSE = frozenset({"false", "0", "no", "off"})
#: A field of Unix milliseconds, among those of whole numbers.
_TIME = "time"

#: Parameters of every route that sources answer.
ASK_PARAMETERS = ("provider", "strategy", "max_age_s", "timeout_s")
#: On routes about a pair as well.
QUOTE_FALLBACK = "quote_fallback"


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """What a request asks: the same for the same path and query string, so it may be cached."""

    capability: str
    query: Query
    ask: RequestOptions


def pairs_of(query_string: bytes) -> list[tuple[str, str]]:
    """Names and values of a query string.

    Raises:
        InvalidRequest: it is not UTF-8, or of more than 50 parameters.
    """
    try:
        return parse_qsl(
            query_string.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_PARAMETERS,
        )
    except UnicodeDecodeError:
        raise _one_problem("query", "takes percent-encoded UTF-8") from None
    except ValueError:
        raise _one_problem("query", f"takes at most {_MOST_PARAMETERS} parameters") from None


def single_values(query_string: bytes, known: Iterable[str]) -> dict[str, str]:
    """The parameters by name.

    Raises:
        InvalidRequest: one is unknown, repeated or empty; `errors` lists all that are.
    """
    names = tuple(known)
    values: dict[str, str] = {}
    errors: list[dict[str, Any]] = []
    strangers: set[str] = set()
    for name, value in pairs_of(query_string):
        if name in strangers:
            continue
        if name not in names:
            strangers.add(name)
            meant = near(name, names)
            hint = {"did_you_mean": meant} if meant else {}
            message = "is no parameter of this route"
            errors.append(_error(name[:_SHOWN], message, known=list(names), **hint))
        elif name in values:
            errors.append(_error(name, "is given more than once"))
        elif not value:
            errors.append(_error(name, "is empty"))
        else:
            values[name] = value
    if errors:
        raise refused(errors)
    return values


def split_list(text: str, name: str, unit: str, most: int) -> list[str]:
    """The entries of a list with commas between, each once.

    Args:
        name: of the parameter.
        unit: what the entries are, in the plural.

    Raises:
        InvalidRequest: there are none, or more than `most`.
    """
    found = list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not 1 <= len(found) <= most:
        message = f"takes 1 to {most} {unit}, comma between"
        raise InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message}])
    return found


def flag(text: str) -> bool:
    """What `true`, `1`, `yes` or `on` means, or `false`, `0`, `no` or `off`, in any case.

    Raises:
        ValueError: it is another text.
    """
    word = text.strip().lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("takes true or false")


def whole(values: Mapping[str, str], name: str, *, default: int, low: int, high: int) -> int:
    """The whole number given as `name`.

    Raises:
        InvalidRequest: it is none, or out of bounds.
    """
    text = values.get(name)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text) or not low <= int(text) <= high:
        raise _one_problem(name, f"takes a whole number from {low} to {high}")
    return int(text)


class QueryReader:
    """Reads the requests of one route.

    Args:
        capability: what the route asks.
        model: its query model.
        rename: parameter name -> field name, where they differ; the field's own name is taken too.
        path: fields that come from the path.
    """

    def __init__(
        self,
        capability: str,
        model: type[Query],
        *,
        rename: Mapping[str, str] | None = None,
        path: Iterable[str] = (),
    ) -> None:
        self.capability = capability
        self.model = model
        self.path = tuple(path)
        renamed = {field: name for name, field in (rename or {}).items()}
        self.fields = {
            renamed.get(field, field): field
            for field in model.model_fields
            if field not in self.path
        }
        self._names = {field: name for name, field in self.fields.items()}
        self._aliases = {field: name for field, name in renamed.items() if field != name}
        self.has_pair = model.model_fields.get("symbol") is not None
        self.parameters = (
            *self.fields,
            *ASK_PARAMETERS,
            *((QUOTE_FALLBACK,) if self.has_pair else ()),
        )
        self._kinds = {name: _kind(info) for name, info in model.model_fields.items()}

    def read(
        self,
        query_string: bytes,
        path: Mapping[str, object],
        parse_symbol: Callable[[str], Symbol],
    ) -> ParsedRequest:
        """The question a request asks.

        Raises:
            InvalidRequest: `errors` names each parameter that will not do.
        """
        values = self.values(query_string)
        texts = {name: str(part) for name, part in path.items()}
        return self.build({**values, **texts}, parse_symbol)

    def values(self, query_string: bytes, *others: str) -> dict[str, str]:
        """The texts by parameter name, those given by another name of a parameter included.

        Args:
            others: further parameters the route takes.

        Raises:
            InvalidRequest: as of `single_values`, or one is given by both of its names.
        """
        values = single_values(query_string, (*others, *self.parameters, *self._aliases))
        for alias, name in self._aliases.items():
            if alias in values:
                if name in values:
                    raise _one_problem(name, f"is given twice, as {name} and as {alias}")
                values[name] = values.pop(alias)
        return values

    def refuse_unknown(self, names: Iterable[str]) -> None:
        """Refuse parameters it does not take.

        Raises:
            InvalidRequest: `errors` names each, with those known.
        """
        known = [*self.parameters, *self._aliases]
        errors = [
            _error(name[:_SHOWN], "is no parameter of this question", known=known)
            for name in names
            if name not in known
        ]
        if errors:
            raise refused(errors)

    def read_body(self, query_string: bytes, body: object) -> ParsedRequest:
        """The question a JSON body asks; how to answer it stands in the query string.

        Raises:
            InvalidRequest: as `read`.
        """
        errors: list[dict[str, Any]] = []
        ask = read_ask(single_values(query_string, ASK_PARAMETERS), errors)
        if not isinstance(body, dict):
            errors.append(_error("body", "takes a JSON object"))
        if errors or not isinstance(body, dict):
            raise refused(errors)
        return ParsedRequest(self.capability, self._model(body), ask)

    def build(
        self, values: Mapping[str, str], parse_symbol: Callable[[str], Symbol]
    ) -> ParsedRequest:
        """The question that texts by parameter name make.

        Raises:
            InvalidRequest: as `read`.
        """
        errors: list[dict[str, Any]] = []
        ask = read_ask(values, errors)
        typed: dict[str, Any] = {}
        for name, field in (*self.fields.items(), *((name, name) for name in self.path)):
            if name not in values:
                if self.model.model_fields[field].is_required():
                    errors.append(_error(name, "is missing"))
                continue
            try:
                typed[field] = self._value(field, values[name], parse_symbol)
            except InvalidRequest as error:
                raise named(error, name) from None
            except ValueError as error:
                errors.append(_error(name, str(error)))
        if errors:
            raise refused(errors)
        return ParsedRequest(self.capability, self._model(typed), ask)

    def _value(self, field: str, text: str, parse_symbol: Callable[[str], Symbol]) -> Any:
        kind = self._kinds[field]
        if kind is Symbol:
            return parse_symbol(text)
        if kind is bool:
            return flag(text)
        if kind is _TIME:
            return time_ms(text)
        if kind is int:
            if not _WHOLE.fullmatch(text):
                raise ValueError(number_wanted(self.model.model_fields[field]))
            return int(text)
        if kind is float:
            return number(text)
        if kind is list:
            return _items(text)
        if field == "asset":
            return _asset(text)
        if field == "quote":
            return text.upper()
        return text

    def _model(self, typed: dict[str, Any]) -> Query:
        try:
            return self.model(**typed)
        except (InvalidSymbol, UnknownInterval, UnknownChain) as error:
            name = {"unknown_interval": "interval", "unknown_chain": "chain"}.get(
                error.code, "symbol"
            )
            raise named(error, name) from None
        except ValidationError as error:
            raise refused(refusals_of(error, self.model, self._names)) from None


def read_ask(values: Mapping[str, str], errors: list[dict[str, Any]]) -> RequestOptions:
    """How to answer, by the parameters all such routes take; what will not do joins `errors`."""
    seconds: dict[str, float | None] = {}
    for name in TAKES_SECONDS:
        try:
            seconds[name] = number(values[name]) if name in values else None
        except ValueError:
            errors.append(_error(name, TAKES_SECONDS[name]))
            seconds[name] = None
    try:
        fallback = flag(values.get(QUOTE_FALLBACK, "false"))
    except ValueError as error:
        errors.append(_error(QUOTE_FALLBACK, str(error)))
        fallback = False
    provider = values.get("provider")
    try:
        return RequestOptions(
            provider=None if provider is None else provider.lower(),
            strategy=values.get("strategy", "priority"),
            quote_fallback=fallback,
            max_age_s=seconds["max_age_s"],
            timeout_s=seconds["timeout_s"],
        )
    except InvalidRequest as error:
        errors.extend(error.errors)
        return RequestOptions()


def _kind(info: FieldInfo) -> object:
    """How a field's text is read before its model checks it; `str` leaves it as it is."""
    annotation: Any = info.annotation
    parts = getattr(annotation, "__args__", None)
    if parts and type(None) in parts:
        annotation = next(part for part in parts if part is not type(None))
    if annotation is int and any(getattr(one, "ge", 0) == EARLIEST_MS for one in info.metadata):
        return _TIME
    if getattr(annotation, "__origin__", None) in (tuple, list, frozenset):
        return list
    return annotation if annotation in (Symbol, int, float, bool) else str


def _items(text: str) -> list[Any]:
    """A list as JSON writes it, or its items with commas between."""
    if not text.startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        items = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise ValueError("takes a list, written with commas or as JSON") from None
    return list(items)


def _asset(text: str) -> str:
    """A ticker from a ticker or a pair: the base is what a pair is about."""
    return read_asset(re.split(r"[/_-]", text.strip(), maxsplit=1)[0])


def _error(name: str, message: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "message": message, **more}


def named(error: InvalidRequest, name: str) -> InvalidRequest:
    """`error` with the parameter it is about."""
    if not error.errors:
        error.errors = [_error(name, error.detail)]
        error.extra["errors"] = error.errors
    return error


def _one_problem(name: str, message: str) -> InvalidRequest:
    return refused([_error(name, message)])


def refused(errors: list[dict[str, Any]]) -> InvalidRequest:
    """One error of all that is wrong."""
    detail = "; ".join(f"{one['name']} {one['message']}" for one in errors)
    return InvalidRequest(detail, errors=errors)
