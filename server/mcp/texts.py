"""The text of a tool's result: one line that says it all, then the whole as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.models.tables import Table
from coinmux.server.mcp import budget
from coinmux.server.mcp.budget import clipped, page_of, short_fields
from coinmux.server.mcp.cursors import CURSOR, Reading, next_cursor

if TYPE_CHECKING:
    from coinmux.framework.cache.answer import Answer, AnswerMeta
    from coinmux.framework.models.tables import Cell, Row

_encode = msgspec.json.Encoder().encode
#: Fields or cells that the first line names.
_NAMED = 6
_LINE_CHARS = 600
_NOTES = 8
_NOTE_CHARS = 240
#: Room for what is known once the rows are: what was cut, and the cursor.
_REST_BYTES = 1_000
#: Characters of a value in the first line.
_VALUE_CHARS = 40


@dataclass(frozen=True, slots=True)
class Told:
    """What a tool found.

    Attributes:
        subject: what it is of, for the first line: `candles BTC/USDT 1h`.
        table: what was found.
        provenance: where it is from, for the JSON; empty where it is our own report.
        source: the same in words, for the first line.
        newest: what the first line says was found; made of the table where it is None.
        of_source: the cursor the question was asked with, of a source.
    """

    subject: str
    table: Table
    provenance: Mapping[str, Cell]
    source: str = ""
    newest: str | None = None
    of_source: str | None = None


def provenance_of(
    answer: Answer, meta: AnswerMeta, now: float, request_id: str
) -> tuple[dict[str, Cell], str]:
    """Where an answer is from and how old it is: for the JSON, and in words.

    Args:
        meta: of the answer, or of what was computed from it.
        now: monotonic seconds.
    """
    age_s = round(answer.age_s(now), 1)
    cached = meta["cache"] in ("hit", "stale")
    failed = [
        f"{one['provider']} {one['code']}" for one in meta["attempts"] if one["outcome"] != "ok"
    ]
    notes = [clipped(str(note), _NOTE_CHARS) for note in meta["notes"]]
    if len(notes) > _NOTES:
        notes[_NOTES:] = [f"and {len(notes) - _NOTES} more notes"]
    found: dict[str, Cell] = {
        "source": meta["provider"],
        "fetched_at": meta["fetched_at"],
        "age_s": age_s,
        "cached": cached,
        "stale": meta["stale"],
    }
    further = {
        "simulated": meta["simulated"],
        "failed_before": failed[:_NOTES],
        "complete": meta.get("complete"),
        "next_start": meta.get("next_start"),
        "rows_left_out": meta.get("rows_left_out"),
        "consensus": meta.get("consensus"),
        "notes": notes,
    }
    # What says nothing is not said: `complete` alone is told apart from what is not known.
    found.update(
        (name, one) for name, one in further.items() if one or (name == "complete" and one is False)
    )
    found["request_id"] = request_id
    words = [f"from {meta['provider']}, {age_s:g} s old"]
    if meta["stale"]:
        words.append("STALE")
    if meta["simulated"]:
        words.append("simulated")
    return found, "; ".join([*words, *notes])


def text_of(told: Told, arguments: Mapping[str, object], reading: Reading | None) -> str:
    """The text of a result, of at most `budget.MOST_BYTES`.

    Args:
        arguments: the tool was called with; a cursor among them is read already.
        reading: what that cursor says.

    Raises:
        InvalidRequest: the cursor has expired, or there are no rows to go on with.
    """
    table = told.table
    provider = str(told.provenance.get("source", ""))
    fetched_at = int(told.provenance.get("fetched_at", 0))
    at, is_anew = (None, False) if reading is None else reading.find(table, provider, fetched_at)
    fields, cut_fields = short_fields(
        {name: one for name, one in table.fields.items() if name != CURSOR}
    )
    head: dict[str, Any] = {**({"data": fields} if fields else {}), **told.provenance}
    if table.columns:
        head["columns"] = table.columns
    line = _line(told)
    theirs = str(table.fields.get(CURSOR) or told.of_source or "")
    words = (line, theirs, theirs, *cut_fields)
    spare = len(_encode(head)) + sum(len(one.encode()) for one in words) + _REST_BYTES
    page = page_of(table, at, budget.MOST_BYTES - spare)
    following = next_cursor(arguments, table, page, provider, fetched_at, told.of_source)
    said = []
    if is_anew:
        said.append("fetched again since; goes on after the last row shown")
    shown = f"rows {page.begin + 1} to {page.end} of {page.total}"
    if not page.is_whole:
        said.append(shown)
    if page.cut_texts or cut_fields:
        named = f" ({', '.join(cut_fields)})" if cut_fields else ""
        said.append(f"long texts are cut{named}")
    if table.columns:
        head["rows"] = page.rows
    if said:
        head["cut"] = "; ".join(said)
    # Once all of its rows were shown, the next page of the source itself follows.
    following = following or (table.fields.get(CURSOR) if table.columns else None)
    if following is not None:
        head["next_cursor"] = following
    first = line if page.is_whole else f"{line}; {shown}"
    return f"{first}\n{_encode(head).decode()}"


def _line(told: Told) -> str:
    """What it is of, the newest of it, where it is from and how old."""
    newest = told.newest if told.newest is not None else _newest(told.table, told.subject.lower())
    words = [f"{told.subject}: {newest}" if newest else told.subject]
    if told.source:
        words.append(told.source)
    return clipped("; ".join(words), _LINE_CHARS).replace("\n", " ")


def _newest(table: Table, subject: str) -> str:
    own = [
        f"{name} {_value(value)}"
        for name, value in table.fields.items()
        if _is_plain(value) and str(value).lower() not in subject and not _is_time(name)
    ]
    if not table.columns:
        time = table.fields.get("timestamp")
        return ", ".join([*own[:_NAMED], *([f"of {moment(time)}"] if time is not None else ())])
    if not table.rows:
        return ", ".join([*own[: _NAMED - 1], "no rows"])
    row, which = table.rows[0], "first row"
    at = table.time_at
    timed = [] if at is None else [one for one in table.rows if isinstance(one[at], int)]
    if at is not None and timed:
        row = max(reversed(timed), key=lambda one: one[at])
        which = f"newest row of {moment(row[at])}"
    cells = ", ".join(_cells(table.columns, row)[:_NAMED])
    return ", ".join([*own[:2], f"{len(table.rows)} rows", f"{which}: {cells}"])


def _cells(columns: Sequence[str], row: Row) -> list[str]:
    return [
        f"{name} {_value(cell)}"
        for name, cell in zip(columns, row, strict=True)
        if _is_plain(cell) and not _is_time(name)
    ]


def _is_plain(value: Cell) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""


def _is_time(name: str) -> bool:
    return name in ("timestamp", "settled_from") or name.endswith("_at")


def _value(value: Cell) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return clipped(str(value), _VALUE_CHARS)


def moment(ms: Cell) -> str:
    """A time in Unix ms as text, in UTC; what is none as it is."""
    if not isinstance(ms, int):
        return str(ms)
    try:
        return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return str(ms)
