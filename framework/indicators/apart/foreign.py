"""Runs indicators that are not built in: in a process where one can be had, else in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import PluginError, PluginTimeout
from coinmux.framework.indicators.apart.workers import Entry, NoProcess, Workers
from coinmux.framework.plugins.hook_runner import in_thread
from coinmux.framework.plugins.raised import trace_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from coinmux.framework.indicators.candle_history import Asks
    from coinmux.framework.indicators.frame import Frame
    from coinmux.framework.indicators.plan import Plan
    from coinmux.framework.indicators.result import IndicatorResult
    from coinmux.framework.plugins.adapters import Indicator

#: An indicator that is not built in may take this long.
PATIENCE_S = 5.0


class ForeignIndicators:
    """Indicators of installed plugins and of this process's own objects.

    An installed one runs in a process that is ended when it takes too long. An object of this
    process, such as one of a notebook, cannot be imported elsewhere: it runs in a thread, which
    nobody can end.

    Args:
        gateway: has the settings, and is told what went wrong.
    """

    def __init__(self, gateway: Asks) -> None:
        self._gateway = gateway
        self._workers: Workers | None = None
        #: Plugins that no process can be had for, and why.
        self.in_threads: dict[Entry, str] = {}
        self._threads: dict[str, Callable[..., Awaitable[IndicatorResult]]] = {}

    async def run(self, plan: Plan, frame: Frame) -> IndicatorResult:
        """Compute `plan` from `frame`.

        Raises:
            InsufficientData: too few candles.
            PluginError: the plugin broke its contract, or took too long.
            Overloaded: others are computed and take their time.
        """
        try:
            return await self._run(plan, frame)
        except PluginError as error:
            self._tell(plan, error)
            raise

    def close(self) -> None:
        """End all processes."""
        if self._workers is not None:
            self._workers.close()

    def retire(self, gone: Iterable[Indicator]) -> None:
        """Forget indicators that are gone, and end their processes; blocks for a moment."""
        gone = list(gone)
        for one in gone:
            self._threads.pop(one.info.name, None)
        if self._workers is not None:
            self._workers.retire(Entry(*one.entry, one.origin) for one in gone if one.entry)

    async def _run(self, plan: Plan, frame: Frame) -> IndicatorResult:
        indicator = plan.indicator
        threads = self._threads.setdefault(plan.info.name, in_thread(_computed))
        if indicator.entry is not None:
            entry = Entry(*indicator.entry, indicator.origin)
            if entry not in self.in_threads:
                try:
                    return await threads(plan, frame, partial(self._apart, entry, plan))
                except NoProcess as error:
                    self._use_thread(entry, str(error))
        try:
            return await asyncio.wait_for(threads(plan, frame, None), PATIENCE_S)
        except TimeoutError:
            raise PluginTimeout(
                f"indicator {plan.info.name} took longer than {PATIENCE_S:g} s"
            ) from None

    def _apart(
        self, entry: Entry, plan: Plan, inputs: Mapping[str, Any], values: Mapping[str, Any]
    ) -> Sequence[NDArray[Any]]:
        if self._workers is None:
            self._workers = Workers(self._gateway.settings.plugin_load_timeout_s)
        return self._workers.compute(entry, plan.info, inputs, values, PATIENCE_S)

    def _use_thread(self, entry: Entry, reason: str) -> None:
        self.in_threads[entry] = reason
        self._gateway.events.publish(
            "plugin",
            f"{entry.name} ({entry.origin}) computes in a thread, which cannot be ended: "
            f"{self._gateway.redactor.clean(reason)}",
            level="warning",
            source=entry.name,
        )

    def _tell(self, plan: Plan, error: PluginError) -> None:
        clean = self._gateway.redactor.clean
        error.detail = clean(error.detail)
        trace = trace_of(error)
        self._gateway.events.publish(
            "plugin",
            f"{error.code}: {error.detail}",
            level="warning",
            source=plan.indicator.origin,
            trace=None if trace is None else clean(trace),
        )


def _computed(
    plan: Plan, frame: Frame, apart: Callable[..., Sequence[NDArray[Any]]] | None
) -> IndicatorResult:
    return plan.run(frame, apart)
