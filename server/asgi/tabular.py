"""The same answers as tables: CSV and Arrow, by the ending of the path or by `Accept`.

`/api/market/candles.csv` asks what `/api/market/candles` asks. An `Accept` counts where the caller
takes no JSON.
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, NamedTuple

from coinmux.framework.errors import InvalidRequest
from coinmux.server.asgi.packing import takes_json, weights
from coinmux.server.asgi.responses import Bytes, provenance_headers
from coinmux.server.asgi.rows import rows_of
from coinmux.server.asgi.scope import state_of

if TYPE_CHECKING:
    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.models.tables import Cell, Table
    from coinmux.server.asgi.scope import Scope


class Form(NamedTuple):
    """A form of an answer.

    Attributes:
        ending: of a path that asks for it, and of a file.
    """

    ending: str
    media_type: str


CSV = Form(".csv", "text/csv; charset=utf-8; header=present")
ARROW = Form(".arrow", "application/vnd.apache.arrow.stream")
FORMS = (CSV, ARROW)
#: Where the endings count.
_ROOT = "/api/"
#: A spreadsheet takes a text that begins so for a formula, and headlines are written by strangers.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def formed(scope: Scope) -> Scope:
    """The scope of the route that answers; its state says in which form."""
    if not scope["path"].startswith(_ROOT):
        return scope
    path, raw = scope["path"], scope.get("raw_path")
    for form in FORMS:
        if path.endswith(form.ending):
            state_of(scope).form = form
            cut = -len(form.ending)
            return {**scope, "path": path[:cut], "raw_path": None if raw is None else raw[:cut]}
    accept = next((value for name, value in scope["headers"] if name == b"accept"), b"")
    if accept and not takes_json(accept):
        taken = weights(accept)
        for form in FORMS:
            if taken.get(form.media_type.partition(";")[0].encode(), 0) > 0:
                state_of(scope).form = form
                break
    return scope


def tabled(table: Table, answer: Answer, now: float, form: Form, name: str, tag: bytes) -> Bytes:
    """The response that a table of an answer makes, at monotonic `now`.

    Args:
        answer: where it is from.
        name: of the file that a browser saves.
        tag: names what the table says, in whichever form.

    Raises:
        InvalidRequest: this server does not make that form.
    """
    is_csv = form is CSV
    body = csv_of(rows_of(table, answer)) if is_csv else arrow_bytes(table, answer)
    _, *provenance = provenance_headers(answer, now, tag + form.ending.encode())
    file = f'attachment; filename="{name}{form.ending}"'
    headers = [
        (b"content-type", form.media_type.encode()),
        (b"content-disposition", file.encode("ascii", "replace")),
        *provenance,
    ]
    return Bytes(body, headers)


def csv_of(rows: list[dict[str, Cell]]) -> bytes:
    """The rows with their names above them, as RFC 4180 has it; nothing is empty."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([[_cell(row.get(name)) for name in names] for row in rows])
    return out.getvalue().encode()


def _cell(value: Cell) -> Cell:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def arrow_bytes(table: Table, answer: Answer) -> bytes:
    """An Arrow stream with what is said once, and the provenance, in its metadata.

    Raises:
        InvalidRequest: this server has no pyarrow.
    """
    try:
        import pyarrow
    except ImportError:
        raise InvalidRequest("this server makes no Arrow: it needs coinmux[frames]") from None
    from coinmux.framework.models.data_frames import META, arrow_of, told

    frame = told(arrow_of(table), META, answer.meta)
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, frame.schema) as stream:
        stream.write_table(frame)
    return bytes(sink.getvalue())
