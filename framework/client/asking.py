"""Questions as a server takes them: in a query string, and among others in a body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self
from urllib.parse import quote

import msgspec

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.routing.options import RequestOptions

if TYPE_CHECKING:
    from typing import Unpack

    from coinmux.framework.models.base import Query
    from coinmux.framework.routing.options import RequestKeywords

_DEFAULT = RequestOptions()


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of a batch.

    ```python
    Asked.of("ticker", symbol="BTC/USDT")
    Asked.indicator("rsi", symbol="BTC/USDT", interval="4h", period=7, limit=5)
    Asked.of("gas", chain="ethereum").how(max_age_s=0)
    ```

    Attributes:
        name: of the capability or indicator.
        params: of the question, by name.
        options: how it is answered, as `RequestOptions` has it.
        kind: what it asks.
    """

    name: str
    params: Mapping[str, object]
    options: Mapping[str, object] = field(default_factory=dict)
    kind: Literal["capability", "indicator", "explain"] = "capability"

    @classmethod
    def of(cls, capability: str, /, **params: object) -> Self:
        """A question of any capability of the server, plugins' own included."""
        return cls(capability, params)

    @classmethod
    def indicator(cls, indicator: str, /, **params: object) -> Self:
        """An indicator of a market: `symbol`, `interval`, `limit`, and the indicator's own."""
        return cls(indicator, params, kind="indicator")

    @classmethod
    def explain(cls, capability: str, /, **params: object) -> Self:
        """Who would be asked, and why; its answer is a plain object."""
        return cls(capability, params, kind="explain")

    @classmethod
    def query(cls, query: Query, options: RequestOptions = _DEFAULT) -> Self:
        """A query of a capability that coinmux has."""
        return cls(capability_of(query), fields_of(query), options_of(options))

    def how(self, **options: Unpack[RequestKeywords]) -> Asked:
        """The same question, answered so."""
        return Asked(self.name, self.params, {**self.options, **options}, self.kind)

    def line(self, at: int) -> dict[str, object]:
        """As a body has it, under the id `at`."""
        return {"id": at, self.kind: self.name, "params": self.params, "options": self.options}


def capability_of(query: Query) -> str:
    """What `query` asks for, by its type.

    Raises:
        InvalidRequest: it is a query of no capability that coinmux itself has.
    """
    for row in CAPABILITIES.values():
        if row.query is type(query):
            return row.name
    raise InvalidRequest(
        f"{type(query).__name__} is of no capability of coinmux; ask with get(name, …)"
    )


def fields_of(query: Query) -> dict[str, object]:
    """The fields of a query that are set, as JSON has them."""
    plain: dict[str, object] = query.model_dump(mode="json", exclude_none=True)
    return plain


def options_of(options: RequestOptions) -> dict[str, object]:
    """The options that are not the usual ones."""
    given = {
        "provider": options.provider,
        "strategy": None if options.strategy == _DEFAULT.strategy else options.strategy,
        "max_age_s": options.max_age_s,
        "timeout_s": options.timeout_s,
        "quote_fallback": options.quote_fallback or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def texts_of(values: Mapping[str, object]) -> dict[str, str]:
    """Values as a query string has them; those that are None are left out."""
    return {name: _text(value) for name, value in values.items() if value is not None}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return msgspec.json.encode(value, enc_hook=str).decode()


def segment(text: str) -> str:
    """A part of a path; what would be another part is escaped."""
    return quote(text, safe="")
