"""The candles an indicator needs to warm up, fetched in as few requests as possible."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from coinmux.framework.clock import Deadline
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.candles import CANDLE_COLUMNS, MOST_CANDLES, Candles, CandlesQuery
from coinmux.framework.routing.options import LEAST_TIMEOUT_S, MOST_TIMEOUT_S, RequestOptions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.clock import Clock
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.dispatch.decision_log import DecisionTrail
    from coinmux.framework.events import EventBus
    from coinmux.framework.indicators.result import IndicatorMeta
    from coinmux.framework.models.base import Query, R_co
    from coinmux.framework.reference.intervals import Interval
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.secrets import Redactor
    from coinmux.framework.sources.source import Source

#: Upstream calls one request may cause (`faults.md` S10).
MOST_PAGES = 4
#: Requests use these limits only, so that indicators of different warm-up share a cached answer.
_STEPS = (500, MOST_CANDLES)


class Asks(Protocol):
    """The part of a gateway that a candle history needs."""

    clock: Clock
    events: EventBus
    redactor: Redactor

    @property
    def settings(self) -> Settings: ...

    @property
    def sources(self) -> Mapping[str, Source]: ...

    async def fetch(
        self,
        query: Query[R_co],
        options: RequestOptions = ...,
        /,
        *,
        request_id: str | None = None,
        trail: DecisionTrail | None = None,
    ) -> Answer[R_co]: ...


@dataclass(frozen=True, slots=True)
class CandleHistory:
    """Candles and where they came from.

    Attributes:
        candles: at least as many as were requested, if the source has them.
        answer: the answer with the newest candles.
        pages: how many answers the candles were taken from.
        notes: on gaps, and on earlier candles that could not be fetched.
        next_start: the `start` of values that were asked for beyond the limit; else None.
    """

    candles: Candles
    answer: Answer[Candles]
    pages: int
    notes: tuple[str, ...]
    next_start: int | None = None

    def head(self, *, last_closed: bool | None) -> dict[str, object]:
        """The market, and whether the newest shown candle is finished."""
        return {
            "symbol": str(self.candles.symbol),
            "interval": str(self.candles.interval),
            "last_closed": last_closed,
        }

    def meta(self, notes: Sequence[str] = ()) -> IndicatorMeta:
        """Provenance of the candles, with `notes` after its own."""
        meta = self.answer.meta
        if self.next_start is not None:
            meta["complete"], meta["next_start"] = False, self.next_start
        return {
            **meta,
            "notes": [*meta["notes"], *self.notes, *notes],
            "candles": len(self.candles),
            "pages": self.pages,
        }


async def latest(
    gateway: Asks,
    symbol: Symbol,
    interval: Interval,
    count: int,
    ask: RequestOptions,
    request_id: str | None = None,
    trail: DecisionTrail | None = None,
    end: int | None = None,
) -> CandleHistory:
    """The latest `count` candles, up to `end`; earlier pages come from the source of the newest.

    Raises:
        InvalidRequest, RoutingError: no source gave the newest candles. If earlier candles cannot
            be fetched, the history is shorter.
    """
    until = Deadline.after(gateway.clock, ask.timeout_s or gateway.settings.request_timeout_s)
    query = CandlesQuery(symbol=symbol, interval=interval, limit=step(count), end=end)
    answer = await gateway.fetch(query, ask, request_id=request_id, trail=trail)
    newest = answer.data
    pages = [newest]
    notes: list[str] = []
    source = gateway.sources.get(answer.provider)
    had, asked = len(newest), query
    requests = _requests(source, query)
    # A page that is not full means that there is no earlier data; asking on would be an error.
    while (
        source is not None
        and had < count
        and (pages[-1].is_cut or len(pages[-1]) >= asked.limit)
        and requests < MOST_PAGES
    ):
        end = int(pages[-1].timestamp[0]) - 1
        asked = CandlesQuery(
            symbol=newest.symbol, interval=interval, limit=step(count - had), end=end
        )
        left = min(max(until.remaining_s(), LEAST_TIMEOUT_S), MOST_TIMEOUT_S)
        pinned = replace(ask, provider=answer.provider, timeout_s=left, quote_fallback=False)
        try:
            page = (await gateway.fetch(asked, pinned, trail=trail)).data
        except CoinmuxError as error:
            notes.append(f"earlier candles are not to be had: {error.code}")
            break
        if not len(page) or int(page.timestamp[-1]) > end:
            break
        pages.append(page)
        had += len(page)
        requests += _requests(source, asked)
    if (missing := _missing(pages, interval)) > 0:
        notes.append(f"{missing} candles are missing within the history; gaps are left as gaps")
    return CandleHistory(_joined(pages), answer, len(pages), tuple(notes))


def _requests(source: Source | None, query: CandlesQuery) -> int:
    """How many requests an answer took, at most."""
    return 1 if source is None else min(source.calls(query), MOST_PAGES)


def step(count: int) -> int:
    """How many candles a request asks for, of which so many are needed."""
    return next((step for step in _STEPS if step >= count), MOST_CANDLES)


def _joined(pages: list[Candles]) -> Candles:
    if len(pages) == 1:
        return pages[0]
    ordered = pages[::-1]
    columns = {
        name: np.concatenate([getattr(page, name) for page in ordered]) for name in CANDLE_COLUMNS
    }
    newest = pages[0]
    return Candles(
        symbol=newest.symbol,
        interval=newest.interval,
        **columns,
        last_closed=newest.last_closed,
        notes=newest.notes,
    )


def _missing(pages: list[Candles], interval: Interval) -> int:
    """How many candles are missing between the first and the last; months vary, so 0 for them."""
    if interval == "1M":
        return 0
    time = np.concatenate([page.timestamp for page in pages[::-1]])
    return int((np.diff(time) // interval.ms - 1).sum()) if time.size > 1 else 0
