"""An indicator over candles that are followed: computed once, for all its readers."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError, InvalidRequest, PluginError
from coinmux.framework.indicators.candle_window import CandleWindow, Taken
from coinmux.framework.models.indicator_values import IndicatorValues
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.streams.voice import Voice

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from coinmux.framework.clock import Clock
    from coinmux.framework.indicators.plan import Plan
    from coinmux.framework.indicators.result import IndicatorResult
    from coinmux.framework.indicators.service import IndicatorService
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.reference.intervals import Interval
    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.streams.events import LiveEvent
    from coinmux.framework.streams.stream import Stream

#: Values of a snapshot: as many as a request shows where nothing else is asked for.
_SHOWN = 200
#: How long after a failure the history is asked for again.
_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class IndicatorQuestion:
    """What is followed.

    Attributes:
        options: of whom its candles come.
        closed_only: whether the open candle is left out.
    """

    plan: Plan
    symbol: Symbol
    interval: Interval
    options: RequestOptions
    closed_only: bool

    @property
    def key(self) -> tuple[object, ...]:
        """What tells it from others."""
        plan, options = self.plan, self.options
        return (
            "indicator", plan.info.name, tuple(plan.values.items()), self.symbol, self.interval,
            options.provider, options.strategy, self.closed_only,
        )  # fmt: skip


class IndicatorFeed(Voice):
    """Values of one indicator, as its candles change and close.

    The history is asked for once, and again after a loss and when another source takes over.

    Args:
        follow: begins to follow the candles.
        on_defect: called when it ends by a defect of ours.
    """

    def __init__(
        self,
        question: IndicatorQuestion,
        follow: Callable[[], Stream[Candles]],
        service: IndicatorService,
        clock: Clock,
        on_defect: Callable[[Voice, Exception], None],
        *,
        simulated: bool,
    ) -> None:
        plan = question.plan
        subject = f"{plan.label} {question.symbol} {question.interval}"
        super().__init__("indicator", subject, clock, simulated=simulated)
        self._question = question
        self._follow = follow
        self._service = service
        self._on_defect = on_defect
        self._window: CandleWindow | None = None
        #: Whether something is missing in the window, and when the history is asked for at soonest.
        self._is_torn = False
        self._again_at = 0.0
        #: What was told of the latest closed candles, and of the open one.
        self._rows: deque[tuple[int, tuple[float | None, ...]]] = deque(maxlen=_SHOWN)
        self._open_row: tuple[int, tuple[float | None, ...]] | None = None
        self._reading: str | None = None
        self._settled_from: int | None = None
        self._task = self._loop.create_task(self._run())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await super().close()

    async def _run(self) -> None:
        stream = self._follow()
        try:
            await stream.open()
            while batch := await stream.batch():
                for event in batch:
                    await self._take(event)
        except CoinmuxError as error:
            if not self.ready.done():
                self.ready.set_exception(error)
        except Exception as error:  # a defect of ours must not look like a quiet market
            if not self.ready.done():
                self.ready.set_exception(error)
            self._go_stale(f"it ended by a defect: {type(error).__name__}")
            self._on_defect(self, error)
            raise
        finally:
            await stream.close()
        for reader in self.readers:
            reader.end()

    # What candles say

    async def _take(self, event: LiveEvent[Candles]) -> None:
        self._messages += 1
        self._heard_at = self._loop.time()
        self._rate.look(self._heard_at, self._messages)
        meta = event.meta
        if event.kind == "stale":
            self._go_stale("; ".join(meta.notes) or "no source tells its candles")
            return
        if event.kind == "gap":
            self._gaps += 1
            self._is_torn = True
            self._emit("gap", None, missed=meta.missed)
            return
        was = self.state
        needs_history = (
            self._window is None or self._is_torn or event.kind == "snapshot" or was == "stale"
        )
        if event.kind != "source" and needs_history and self._loop.time() < self._again_at:
            return
        self.state = "live" if meta.live else "polled"
        if event.kind == "source":
            self._reason = "; ".join(meta.notes) or None
            self._is_torn = True
            self._now_told_by(meta.provider)
            return
        self._now_told_by(meta.provider)
        self._lag_ms = meta.lag_ms
        candles = event.data
        assert candles is not None
        try:
            plan = self._service.present(self._question.plan)
            if plan is not self._question.plan:
                # Its plugin was loaded again: all values are those of the new code.
                self._question = replace(self._question, plan=plan)
                needs_history = True
            if needs_history:
                await self._begin(candles, event)
            else:
                await self._told(candles, event)
        except (PluginError, InvalidRequest) as error:
            if not self.ready.done():
                raise
            self._again_at = self._loop.time() + _AGAIN_S
            self._go_stale(error.detail)

    async def _told(self, candles: Candles, event: LiveEvent[Candles]) -> None:
        window = self._window
        assert window is not None
        taken = window.take(candles)
        filled_by = event.meta.filled_by
        if taken.was_filled:
            # What followed the gap was computed without it.
            await self._tell_all(filled_by)
            return
        if taken.closed:
            await self._tell_closed(taken, filled_by)
        if taken.has_moved and not self._question.closed_only:
            await self._tell_open(window)

    async def _begin(self, candles: Candles, event: LiveEvent[Candles]) -> None:
        """Ask for the history, and tell all values from there on."""
        try:
            self._window = await self._history(candles, event.meta.provider)
        except CoinmuxError as error:
            if not self.ready.done():
                raise
            self._again_at = self._loop.time() + _AGAIN_S
            self._is_torn = True
            self._go_stale(f"its history is not to be had: {error.detail}")
            return
        self._is_torn = False
        await self._tell_all(event.meta.filled_by)
        self._set_ready()

    async def _history(self, candles: Candles, provider: str) -> CandleWindow:
        """The history up to those candles, of the source that tells them if it has one."""
        asked = self._question
        # After a loss what is kept may lack the same candles.
        for max_age_s in (0.0,) if self._is_torn else (None, 0.0):
            try:
                ask = RequestOptions(provider=provider, max_age_s=max_age_s)
                window = await self._asked_for(ask)
            except CoinmuxError:
                if asked.options.provider is not None:
                    raise
                window = await self._asked_for(replace(asked.options, max_age_s=max_age_s))
            if window.follows(candles, asked.interval.ms):
                break
            # What is kept of it ends too early.
        window.take(candles)
        return window

    async def _asked_for(self, ask: RequestOptions) -> CandleWindow:
        asked = self._question
        had, most = await self._service.history(
            asked.plan, asked.symbol, asked.interval, _SHOWN, ask
        )
        return CandleWindow(had.candles, most)

    # What readers are told

    async def _tell_all(self, filled_by: str | None) -> None:
        """The state as a whole."""
        window = self._window
        assert window is not None
        with_open = not self._question.closed_only
        result = await self._computed(window, with_open=with_open)
        rows = _rows(result, _SHOWN)
        has_open = with_open and window.opened is not None
        self._open_row = rows.pop() if has_open else None
        self._rows.clear()
        self._rows.extend(rows)
        self._settled_from = result.settled_from
        snapshot = self._snapshot()
        self._emit("snapshot", snapshot, filled_by=filled_by)

    async def _tell_closed(self, taken: Taken, filled_by: str | None) -> None:
        """Values that never change again: computed from as many candles as a request takes."""
        assert self._window is not None
        result = await self._computed(self._window, with_open=False)
        new = set(taken.closed)
        rows = [row for row in _rows(result, len(new) + 1) if row[0] in new]
        self._rows.extend(rows)
        self._open_row = None
        self._settled_from = result.settled_from
        self._emit("update", self._data(rows, is_closed=True), filled_by=filled_by)

    async def _tell_open(self, window: CandleWindow) -> None:
        """The open candle's values: of no more candles than they are made of."""
        result = await self._computed(window, with_open=True, last=self._question.plan.looks_back)
        row = self._open_row = _rows(result, 1)[0]
        data = self._data([row], is_closed=False)
        self._emit("update", data, replaces=("open", row[0]))

    async def _computed(
        self, window: CandleWindow, *, with_open: bool, last: int | None = None
    ) -> IndicatorResult:
        frame = window.frame(with_open=with_open, last=last)
        result = await self._service.run(self._question.plan, frame)
        self._reading = result.reading
        return result

    def _data(
        self, rows: Sequence[tuple[int, tuple[float | None, ...]]], *, is_closed: bool
    ) -> IndicatorValues:
        asked, names = self._question, [one.name for one in self._question.plan.info.outputs]
        columns = zip(*(values for _, values in rows), strict=True) if rows else [()] * len(names)
        values: dict[str, Any] = dict(zip(names, columns, strict=True))
        return IndicatorValues(
            indicator=asked.plan.info.name,
            symbol=asked.symbol,
            interval=asked.interval,
            last_closed=is_closed,
            parameters=dict(asked.plan.values),
            timestamps=tuple(time for time, _ in rows),
            values=values,
            latest={name: column[-1] if column else None for name, column in values.items()},
            reading=self._reading,
            settled_from=self._settled_from,
        )

    # Of a voice

    def _snapshot(self) -> Result | None:
        if self._window is None:
            return None
        rows = list(self._rows)
        is_closed = self._open_row is None
        return self._data(
            rows if self._open_row is None else [*rows, self._open_row], is_closed=is_closed
        )

    def _asked(self) -> Mapping[str, str | int | float]:
        asked = self._question
        name, interval = asked.plan.info.name, str(asked.interval)
        return {"indicator": name, "interval": interval, **asked.plan.values}

    def _strategy(self) -> str:
        return self._question.options.strategy


def _rows(result: IndicatorResult, count: int) -> list[tuple[int, tuple[float | None, ...]]]:
    """The latest values with their times; None where there is none."""
    times = result.frame.timestamp[-count:].tolist()
    columns = [column[-count:].tolist() for column in result.outputs]
    return [
        (time, tuple(value if math.isfinite(value) else None for value in values))
        for time, *values in zip(times, *columns, strict=True)
    ]
