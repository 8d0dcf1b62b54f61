"""The same problem is written once, then counted: a log without a flood.

The first record of a problem is written at once. Further ones within a minute are counted, and the
count is written after five seconds and then once a minute for as long as the problem goes on.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

#: A flood at the start is summed up after the first, one that lasts after the second. Seconds.
FIRST_COUNT_S, NEXT_COUNT_S = 5.0, 60.0
#: The field of a record of ours that holds the text.
EVENT = "event"
#: Problems counted at a time; a record beyond them is written as it is.
_MOST_PROBLEMS = 500
_NAMES_SHOWN = 5
_NAMES_LISTED = 100


@dataclass(slots=True)
class _Problem:
    first: logging.LogRecord
    since: float
    due: float
    count: int = 0
    sources: dict[str, None] = field(default_factory=dict)


class Repeats:
    """Counts the records of each problem.

    Args:
        monotonic: the clock, in seconds.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._problems: dict[Hashable, _Problem] = {}

    def counted(self, record: logging.LogRecord) -> bool:
        """Whether `record` repeats a problem and was counted; a record that was not is written."""
        key = _problem_of(record)
        if key is None:
            return False
        now = self._monotonic()
        problem = self._problems.get(key)
        if problem is None:
            if len(self._problems) < _MOST_PROBLEMS:
                self._problems[key] = _Problem(record, now, now + FIRST_COUNT_S)
            return False
        problem.count += 1
        source = fields_of(record).get("source")
        if source and len(problem.sources) < _NAMES_LISTED:
            problem.sources[str(source)] = None
        return True

    def due(self, *, at_once: bool = False) -> Iterator[logging.LogRecord]:
        """The counts to write now; a problem that has not come back for a minute is forgotten.

        Args:
            at_once: whether every count is due, as when the log ends.
        """
        now = self._monotonic()
        for key, problem in list(self._problems.items()):
            if now < problem.due and not at_once:
                continue
            if problem.count:
                yield _summary(problem, now - problem.since)
                problem.sources = {}
                problem.count, problem.since, problem.due = 0, now, now + NEXT_COUNT_S
            elif now - problem.since >= NEXT_COUNT_S:
                del self._problems[key]
            else:
                problem.due = problem.since + NEXT_COUNT_S


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """The fields of a record of ours; none of another library's."""
    return record.msg if isinstance(record.msg, dict) and EVENT in record.msg else {}


def _problem_of(record: logging.LogRecord) -> Hashable | None:
    """What two records have in common that are about the same problem; None for no problem.

    States are counted whatever they are: with forty sources the good news is a flood as well.
    """
    fields = fields_of(record)
    kind = fields.get("kind")
    if kind == "state" and record.levelno >= logging.INFO:
        return kind, fields.get("after"), fields.get("reason")
    if record.levelno < logging.WARNING:
        return None
    if kind == "attempt":
        # The place of a plugin's defect is written once for each plugin.
        defect = fields.get("source") if "exception" in fields else None
        return kind, fields.get("code"), defect
    if "variable" in fields:
        return kind, "variable"
    if fields:
        return kind, record.levelno, str(fields.get("event"))
    return record.name, record.levelno, str(record.msg), _place_of(record)


def _place_of(record: logging.LogRecord) -> tuple[str, str, int] | None:
    """Where a record's exception was raised: two defects are two problems."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None:
        return None
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__, "", 0
    return type(error).__name__, trace.tb_frame.f_code.co_filename, trace.tb_lineno


def _summary(problem: _Problem, over_s: float) -> logging.LogRecord:
    """The record that counts the repeats of the last `over_s` seconds."""
    first, fields = problem.first, fields_of(problem.first)
    names = list(problem.sources)
    span = "minute" if round(over_s) == NEXT_COUNT_S else f"{max(1, round(over_s))} s"
    message = f"… ({problem.count} more in the last {span}"
    if names:
        left = len(names) - _NAMES_SHOWN
        message += f": {', '.join(names[:_NAMES_SHOWN])}" + (
            f" and {left} more" if left > 0 else ""
        )
    message += ")"
    changed: dict[str, Any] = {"args": None, "exc_info": None, "exc_text": None}
    if fields:
        about = {
            name: fields[name] for name in ("kind", "after", "reason", "code") if name in fields
        }
        topic = _topic(fields)
        changed["msg"] = {
            **about,
            "event": f"{topic} {message}",
            "repeats": problem.count,
            "sources": names or None,
        }
    else:
        changed["msg"] = f"{first.getMessage()[:200]} {message}"
    now = time.time()
    changed |= {"created": now, "msecs": (now % 1) * 1000}
    return logging.makeLogRecord({**first.__dict__, **changed})


def _topic(fields: dict[str, Any]) -> str:
    """What a counted problem is about, in a word or two."""
    if fields.get("kind") == "state":
        return f"{fields.get('after')}: {fields.get('reason')}"
    if fields.get("kind") == "attempt":
        return f"failed calls: {fields.get('code')}"
    if "variable" in fields:
        return "required variables that are not set"
    return str(fields.get("event"))[:200]
