"""One part of a page: its data, or what is wrong and what was last known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.gateway import Gateway
    from coinmux.server.pages.kept_answers import Outcome, Problem

#: What an answer cost beside its data.
_OWN_BYTES = 1_000


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer as pages show it.

    Attributes:
        data: JSON.
        meta: provenance, as the `meta` of the REST contract.
        source: the title of the provider.
        fetched_at: monotonic seconds.
    """

    data: bytes
    meta: Mapping[str, Any]
    source: str
    fetched_at: float

    @property
    def size(self) -> int:
        """Bytes it takes, roughly."""
        return len(self.data) + _OWN_BYTES


def shown(fetched: FetchResult, cache: str, gateway: Gateway) -> Shown:
    """A fetched answer, as it is served `miss`, `hit`, `stale` or `coalesced`."""
    return Shown(
        data=fetched.data.encode(),
        meta=dict(fetched.meta(cache)),
        source=title_of(gateway, fetched.provider),
        fetched_at=fetched.fetched_at,
    )


def title_of(gateway: Gateway, provider: str) -> str:
    """The one name a provider has on pages; what is no provider keeps its own."""
    source = gateway.sources.get(provider)
    return provider if source is None else source.info.title


def part(outcome: Outcome[Shown]) -> dict[str, Any]:
    """A question's outcome as a part of a page."""
    value = outcome.value
    if value is None:
        return failed(outcome.problem, outcome.last)
    meta = value.meta
    if outcome.is_kept and meta["cache"] in ("miss", "coalesced"):
        meta = {**meta, "cache": "hit"}
    return {
        "data": msgspec.Raw(value.data),
        "meta": meta,
        "source": value.source,
        "error": None,
        "last_known": None,
    }


def failed(problem: Problem | None, last: Shown | None = None) -> dict[str, Any]:
    """A part without an answer.

    Args:
        last: the newest answer to the same question.
    """
    return {
        "data": None,
        "meta": None,
        "source": None,
        "error": problem,
        "last_known": None
        if last is None
        else {"data": msgspec.Raw(last.data), "meta": last.meta, "source": last.source},
    }
