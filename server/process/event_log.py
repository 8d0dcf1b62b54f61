"""What an operator reads in the log: the gateway's events, and how the server starts."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, TextIO

from coinmux.server.process.log_repeats import EVENT
from coinmux.server.process.log_setup import set_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.events import Event
    from coinmux.framework.gateway import Gateway
    from coinmux.server.process.log_repeats import Repeats

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_NAMES_SHOWN = 8
#: How often it is looked whether counts are due.
_LOOK_S = 1.0


class EventLog:
    """Writes the event stream to the log: requests at debug, the rest at the event's own level.

    A failed probe is written at debug: the change of state that follows from it has its own line.
    So is an attempt that failed because of the question: a typing error is no warning.
    A defect of a plugin is written with its place in the plugin's code, whoever asked.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def __call__(self, event: Event) -> None:
        """Write an event; a listener of the event stream."""
        level = _LEVELS.get(event.level, logging.INFO)
        if event.detail.get("decision") == "probe" and event.trace is None:
            level = logging.DEBUG
        if not self._logger.isEnabledFor(level):
            return
        # A field of the event that has a name of the line's own gives way to it.
        fields = {**event.detail, EVENT: event.message, "kind": event.kind, "source": event.source}
        if event.trace is not None:
            fields["exception"] = event.trace
        self._logger.log(level, fields)


def configure(
    gateway: Gateway, stream: TextIO | None = None, repeats: Repeats | None = None
) -> Callable[[], None]:
    """Send every logger's lines through the filter, and the gateway's events to the log.

    What went wrong before there was a log, while plugins and settings were read, is written first.

    Returns:
        What undoes it.
    """
    settings = gateway.settings
    handler, restore_logging = set_up(
        gateway.redactor,
        level=settings.log_level,
        log_format=settings.log_format,
        stream=stream,
        repeats=repeats,
    )
    log = EventLog(logging.getLogger("coinmux"))
    for event in reversed(gateway.events.recent()):
        # Keys that are not set stand in the line of `announce`.
        if event.level in ("warning", "error") and "variable" not in event.detail:
            log(event)
    unsubscribe = gateway.events.subscribe(log)
    stop_looking = _every(_LOOK_S, handler.write_counts)

    def restore() -> None:
        stop_looking()
        unsubscribe()
        restore_logging()

    return restore


def announce(gateway: Gateway) -> None:
    """Write what an operator must know at the start: sources on and off, and what is shared."""
    log = logging.getLogger("coinmux.server")
    off: dict[str, list[str]] = {}
    for name, source in sorted(gateway.sources.items()):
        if not source.feature.enabled:
            off.setdefault(source.feature.reason or "off", []).append(name)
    total = len(gateway.sources)
    on = total - sum(map(len, off.values()))
    parts = [f"{len(names)} {reason} ({_listed(names)})" for reason, names in off.items()]
    message = f"{on} of {total} sources are on" + (f"; off: {', '.join(parts)}" if parts else "")
    level = logging.INFO if on else logging.WARNING
    log.log(level, {EVENT: message, "on": on, "off": off or None})
    settings = gateway.settings
    if gateway.simulated:
        log.info("this is a simulation: no real source is called")
    if gateway.state is not None:
        count = gateway.state.workers
        workers = f"{count} workers" if count != 1 else "one worker so far"
        log.info(f"limits, health and answers are shared: {workers}")
    elif gateway.others is not None:
        log.info(f"limits and health are shared by {settings.workers} workers of this server")
    elif settings.workers > 1:
        log.warning(
            f"STATE_URL is not set: each of {settings.workers} workers uses its part of every limit"
        )
    if settings.archive is False:
        log.info("no archive is written: ARCHIVE is off")


def _listed(names: list[str]) -> str:
    left = len(names) - _NAMES_SHOWN
    return ", ".join(names[:_NAMES_SHOWN]) + (f" and {left} more" if left > 0 else "")


def _every(pause_s: float, work: Callable[[], None]) -> Callable[[], None]:
    """Have `work` called again and again where a loop runs; call the result to stop that."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        # Counts are then written before the next line.
        return lambda: None

    timer: asyncio.TimerHandle

    def tick() -> None:
        nonlocal timer
        timer = loop.call_later(pause_s, tick)
        work()

    timer = loop.call_later(pause_s, tick)
    return lambda: timer.cancel()
