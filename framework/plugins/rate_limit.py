"""A limit of a source, as its plugin declares it."""

from __future__ import annotations

from dataclasses import dataclass

from coinmux.framework.plugins.declared_types import check_types


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most `requests` units of weight in any `per_s` seconds."""

    requests: float
    per_s: float

    def __post_init__(self) -> None:
        check_types(self)
