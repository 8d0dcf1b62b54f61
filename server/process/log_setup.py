"""How log lines are made: one formatter for every logger, with the redactor in it.

On a terminal a line is short and coloured; elsewhere it is one JSON object. Lines of other
libraries and Python's warnings pass through the same formatter.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from coinmux.server.monitoring.event_json import plain
from coinmux.server.process.log_repeats import EVENT, Repeats, fields_of
from coinmux.server.process.worker import is_worker

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.secrets import Redactor

_TEXT_LIMIT = 2_000
_TRACE_LIMIT = 8_000
_FIELD_LIMIT = 500
#: These libraries write whole addresses, keys included, or their own progress at INFO.
_QUIET = (
    "aiohttp",
    "alembic",
    "asyncio",
    "httpcore",
    "httpx",
    "mcp",
    "urllib3",
    "uvicorn",
    "uvicorn.access",
    "websockets",
)
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_CONTROL_IN_TRACE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
#: Fields the message of an event says already, or that only a program reads.
_NOT_FOR_PEOPLE = frozenset(
    ("kind", "source", "sources", "repeats", "operation", "parameters", "decision", "code",
     "before", "after", "capability", "data_length", "response_ms", "variable")
)  # fmt: skip
_DIM, _RESET = "\x1b[2m", "\x1b[0m"
#: By level: the sign and its colour.
_SIGNS = {
    "debug": ("·", "\x1b[2m"),
    "info": ("✓", "\x1b[32m"),
    "warning": ("!", "\x1b[33m"),
    "error": ("✗", "\x1b[31m"),
    "critical": ("✗", "\x1b[31m"),
}
_ASCII_SIGNS = {"·": ".", "✓": "+", "✗": "x"}


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes records as lines, a repeated problem once with its count."""

    def __init__(self, stream: TextIO, formatter: logging.Formatter, repeats: Repeats) -> None:
        super().__init__(stream)
        self.setFormatter(formatter)
        self._repeats = repeats

    def emit(self, record: logging.LogRecord) -> None:
        self._write_due()
        if not self._repeats.counted(record):
            super().emit(record)

    def write_counts(self, *, at_once: bool = False) -> None:
        """Write the counts that are due; all of them where the log ends."""
        self.acquire()
        try:
            self._write_due(at_once=at_once)
        finally:
            self.release()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Say that a line was lost; logging would print the record itself, secrets included."""
        kind = type(sys.exc_info()[1]).__name__
        try:
            self.stream.write(f"coinmux: a log line of {record.name[:80]!a} was lost: {kind}\n")
        except (OSError, ValueError):
            return  # the stream itself is gone

    def _write_due(self, *, at_once: bool = False) -> None:
        for record in self._repeats.due(at_once=at_once):
            super().emit(record)


def set_up(
    redactor: Redactor,
    *,
    level: str,
    log_format: str = "auto",
    stream: TextIO | None = None,
    repeats: Repeats | None = None,
) -> tuple[LogHandler, Callable[[], None]]:
    """Send every logger's lines, and Python's warnings, through one formatter.

    Args:
        level: the least severe level written.
        log_format: `json`, `console`, or `auto`: `console` on a terminal, else `json`.
        stream: where lines go; standard error without.

    Returns:
        The handler, and what undoes the set-up.
    """
    out = sys.stderr if stream is None else stream
    terminal = out.isatty()
    people = log_format == "console" or (log_format == "auto" and terminal)
    colors = terminal and not os.environ.get("NO_COLOR")
    render = _console(out, colors=colors) if people else _json
    formatter = _LineFormatter(_Redaction(redactor), render)
    handler = LogHandler(out, formatter, Repeats() if repeats is None else repeats)
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    levels = {name: logging.getLogger(name).level for name in _QUIET}
    root.handlers = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)

    def restore() -> None:
        handler.write_counts(at_once=True)
        logging.captureWarnings(False)
        root.handlers, root.level = before
        for name, known in levels.items():
            logging.getLogger(name).setLevel(known)

    return handler, restore


class _LineFormatter(logging.Formatter):
    """Makes a line of each record: its fields, redacted, then rendered."""

    def __init__(
        self,
        redact: Callable[[dict[str, Any]], dict[str, Any]],
        render: Callable[[dict[str, Any]], str],
    ) -> None:
        super().__init__()
        self._redact = redact
        self._render = render

    def format(self, record: logging.LogRecord) -> str:
        return self._render(self._redact(self._fields(record)))

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        """When, how severe, whose and what, before the fields."""
        fields = dict(fields_of(record))
        message = fields.pop(EVENT) if EVENT in fields else record.getMessage()
        head: dict[str, Any] = {
            "at": round(record.created * 1000),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": str(message),
        }
        if is_worker():
            head["pid"] = record.process or 0
        if record.exc_info and record.exc_info[0] is not None:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack_info"] = record.stack_info
        return {**head, **{name: value for name, value in fields.items() if name not in head}}


class _Redaction:
    """Removes secrets from every text of a line, cuts it, and escapes control characters."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def __call__(self, line: dict[str, Any]) -> dict[str, Any]:
        clean: dict[str, Any] = {}
        for name, value in line.items():
            if value is None:
                continue
            if name == "message":
                clean[name] = self._text(value, _TEXT_LIMIT)
            elif name == "exception":
                trace = self._redactor.clean(str(value))[-_TRACE_LIMIT:]
                clean[name] = _CONTROL_IN_TRACE.sub(_escaped, trace)
            elif isinstance(value, str):
                clean[name] = self._text(value, _FIELD_LIMIT)
            else:
                clean[name] = plain(value, self._redactor)
        return clean

    def _text(self, text: str, limit: int) -> str:
        return _CONTROL.sub(_escaped, self._redactor.clean(text)[:limit])


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"


def _json(line: dict[str, Any]) -> str:
    return msgspec.json.encode(line).decode("utf-8")


def _console(stream: TextIO, *, colors: bool) -> Callable[[dict[str, Any]], str]:
    """Short lines: time, sign, message, and what the message does not say, dimmed."""
    dim, reset = (_DIM, _RESET) if colors else ("", "")
    unicode = "utf" in (getattr(stream, "encoding", None) or "utf-8").lower()

    def sign(level: str) -> str:
        mark, color = _SIGNS.get(level, _SIGNS["info"])
        mark = mark if unicode else _ASCII_SIGNS.get(mark, mark)
        return f"{color}{mark}{reset}" if colors else mark

    def text(value: object) -> str:
        return str(value) if unicode else str(value).encode("ascii", "replace").decode()

    def render(line: dict[str, Any]) -> str:
        shown = _for_people(line)
        trace = shown.pop("exception", None)
        words = [
            f"{dim}{shown.pop('time')}{reset}",
            sign(shown.pop("level")),
            text(shown.pop("message")),
            *(f"{dim}{name}={text(value)}{reset}" for name, value in sorted(shown.items())),
        ]
        said = " ".join(word for word in words if word).rstrip(" ")
        return said if trace is None else f"{said}\n{trace}"

    return render


def _for_people(line: dict[str, Any]) -> dict[str, Any]:
    """The line with the fields a person reads; JSON lines have all."""
    at, logger = line.pop("at") / 1000, line.pop("logger")
    line["time"] = time.strftime("%H:%M:%S", time.localtime(at))
    if not logger.startswith("coinmux"):
        line["message"] = f"{logger}: {line['message']}"
    elif line.get("kind") == "attempt" and line.get("source"):
        operation, code = line.get("operation"), line.get("code")
        line["message"] = f"{line['source']} {operation}: {code or line.get('decision')}"
    if (pid := line.pop("pid", None)) is not None:
        line["message"] = f"[{pid}] {line['message']}"
    hidden = _NOT_FOR_PEOPLE | {"reason"} if "repeats" in line else _NOT_FOR_PEOPLE
    return {name: value for name, value in line.items() if name not in hidden}
