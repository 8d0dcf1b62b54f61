"""Log lines: one JSON object each, free of secrets, whoever wrote them."""

from __future__ import annotations

import logging
import re
import sys
from typing import IO, TYPE_CHECKING, Any

import msgspec

from coinmux.server.monitoring.event_json import plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.events import Event
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.secrets import Redactor

_ENCODER = msgspec.json.Encoder()
_TEXT_LIMIT = 2_000
_TRACE_LIMIT = 8_000
_STREAM_LIMIT = 500
_DETAIL = "coinmux_detail"
#: Libraries that write whole addresses, keys included, at INFO (`faults.md` section 3, item 1).
_QUIET = ("httpx", "httpcore", "aiohttp", "asyncio", "urllib3", "uvicorn", "uvicorn.access")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class JSONLines(logging.Formatter):
    """A record as one line of JSON; what a line must not hold is escaped, cut or removed."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": round(record.created * 1000),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._text(record.getMessage(), _TEXT_LIMIT),
        }
        detail = getattr(record, _DETAIL, None)
        if detail:
            line.update(
                (name, self._text(value, _STREAM_LIMIT) if isinstance(value, str) else value)
                for name, value in plain(detail, self._redactor).items()
                if value is not None and name not in line
            )
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            line["exception"] = self._redactor.clean(trace)[-_TRACE_LIMIT:]
        return _ENCODER.encode(line).decode("utf-8", "replace")

    def _text(self, text: str, limit: int) -> str:
        return _CONTROL.sub(_escaped, self._redactor.clean(text)[:limit])


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


class EventLog:
    """Writes the event stream to the log: requests at debug, the rest at the event's own level."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger

    def __call__(self, event: Event) -> None:
        """Write an event; a listener of the event stream."""
        level = _LEVELS.get(event.level, logging.INFO)
        if not self._logger.isEnabledFor(level):
            return
        detail = {"kind": event.kind, "source": event.source, **event.detail}
        self._logger.log(level, "%s", event.message, extra={_DETAIL: detail})


def configure(gateway: Gateway, stream: IO[str] | None = None) -> Callable[[], None]:
    """Send every logger's lines through the filter, and the gateway's events to the log.

    Returns:
        What undoes it.
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JSONLines(gateway.redactor))
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    root.handlers = [handler]
    root.setLevel(gateway.settings.log_level)
    levels = {name: logging.getLogger(name).level for name in _QUIET}
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    unsubscribe = gateway.events.subscribe(EventLog(logging.getLogger("coinmux")))

    def restore() -> None:
        unsubscribe()
        root.handlers, root.level = before
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)

    return restore
