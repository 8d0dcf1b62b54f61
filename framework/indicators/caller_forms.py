"""The forms in which people have candles: each is read as one table of columns and cells.

Answers of ours, whole or their `data`; rows, as exchanges, ccxt and Binance's klines have them;
records; columns; what pandas writes in each of its orients; closes alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.models.candles import CANDLE_COLUMNS

#: Most rows of one call.
MOST_ROWS = 10_000
#: What others call the columns, in small letters without marks between.
_NAMES: Mapping[str, str] = {
    **{name: name for name in CANDLE_COLUMNS},
    **dict.fromkeys(
        ("time", "times", "date", "datetime", "t", "ts", "opentime", "opentimestamp", "starttime",
         "timestampms", "index", "unix", "mts"), "timestamp"),
    "o": "open", "h": "high", "l": "low", "c": "close", "v": "volume",
    "openprice": "open", "highprice": "high", "lowprice": "low", "closeprice": "close",
    "vol": "volume", "basevolume": "volume", "volumebase": "volume",
}  # fmt: skip
#: Members of a body that are no columns.
_FORMS = ("rows", "data", "closes")
_LEAST_CELLS = 5


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of a caller's candles, column by column, as they were sent.

    Attributes:
        columns: name -> cells, all of one length; the names are of `CANDLE_COLUMNS`.
        where: the member they came from, for messages.
        remarks: on what was not read.
    """

    columns: dict[str, Sequence[Any]]
    where: str = "rows"
    remarks: tuple[str, ...] = ()


def column_name(name: Any) -> str | None:
    """The column that a name means; None if it means none."""
    return _NAMES.get(re.sub(r"[^a-z]", "", name.lower())) if isinstance(name, str) else None


def members_of(body: Any) -> Any:
    """A body as members: a list alone is rows, an answer of ours is its `data`."""
    if isinstance(body, list):
        return {"rows": body}
    if not isinstance(body, dict):
        return body
    data = body.get("data")
    if isinstance(data, dict) and "rows" not in body:
        outer = {name: value for name, value in body.items() if name not in ("data", "meta")}
        return {**data, **outer}
    if body and all(isinstance(one, dict) and name[:1].isdigit() for name, one in body.items()):
        return {"rows": [{"index": name, **one} for name, one in body.items()]}
    return body


def cells_of(members: Mapping[str, Any]) -> Cells:
    """The columns of a body, whichever form they have.

    Raises:
        InvalidRequest: there are none, or two forms at once.
    """
    sent = [name for name in _FORMS if members.get(name) is not None]
    columns = {name: value for name, value in members.items() if column_name(name) is not None}
    index = columns.pop("index", None)
    if len(sent) + bool(columns) > 1:
        second = sent[1] if len(sent) > 1 else next(iter(columns))
        raise refused(second, f"takes the place of {sent[0]}; send one of them")
    if columns:
        return _by_columns(columns, index)
    where = sent[0] if sent else "rows"
    rows = members.get(where)
    if not isinstance(rows, list) or not rows:
        takes = "numbers" if where == "closes" else f"rows of {', '.join(CANDLE_COLUMNS)}"
        raise refused(where, f"takes a list of {takes}")
    _check_count(where, len(rows))
    if where == "closes" or not isinstance(rows[0], (list, dict)):
        return Cells({"close": rows}, where)
    if isinstance(rows[0], dict):
        return _by_records(rows, where)
    return _by_rows(rows, members.get("columns"), index, where)


def _by_columns(columns: Mapping[str, Any], index: Any) -> Cells:
    """Columns as lists, or as pandas writes them: label -> cell."""
    labels: Sequence[Any] | None = index if isinstance(index, list) else None
    found: dict[str, Sequence[Any]] = {}
    for column, place in _places(list(columns)).items():
        name, value = list(columns.items())[place]
        if isinstance(value, dict):
            labels = list(value) if labels is None else labels
            if list(value) != labels:
                raise refused(name, "takes the same rows as the other columns")
            value = list(value.values())
        if not isinstance(value, list):
            raise refused(name, "takes a list of cells, one for each candle")
        found[column] = value
    first = next(iter(columns))
    count = len(next(iter(found.values())))
    _check_count(first, count)
    if any(len(cells) != count for cells in found.values()):
        raise refused(first, "takes as many cells as the other columns")
    if labels is not None and "timestamp" not in found and _are_times(labels):
        found["timestamp"] = _indexed(labels, count)
    return _whole(found, first, ())


def _by_records(rows: list[Any], where: str) -> Cells:
    """Rows that name their cells."""
    names: dict[str, None] = {}
    for at, row in enumerate(rows):
        if not isinstance(row, dict):
            raise refused(f"{where}[{at}]", "takes an object, as the first row is one")
        names.update(dict.fromkeys(row))
    labels = [row.get("index") for row in rows]
    if "index" in names and not _are_times(labels):
        del names["index"]  # pandas writes the numbers of rows
    known = sorted(names, key="index".__eq__)  # a column of times goes before an index of them
    found: dict[str, Sequence[Any]] = {
        column: [row.get(known[place]) for row in rows] for column, place in _places(known).items()
    }
    return _whole(found, where, [name for name in names if column_name(name) is None])


def _by_rows(rows: list[Any], names: Any, index: Any, where: str) -> Cells:
    """Rows by place: as `columns` names them, else as candles stand everywhere."""
    named = names is not None
    if not named:
        names = list(CANDLE_COLUMNS)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise refused("columns", "takes names of columns", known=list(CANDLE_COLUMNS))
    places = _places(names)
    for at, row in enumerate(rows):
        if not isinstance(row, list):
            raise refused(f"{where}[{at}]", "takes a list of cells, as the first row is one")
        if named and len(row) != len(names):
            raise refused(f"{where}[{at}]", f"takes {len(names)} cells, as columns has them")
        if not named and len(row) < _LEAST_CELLS:
            raise refused(f"{where}[{at}]", f"takes {', '.join(names)}; it has {len(row)} cells")
    found: dict[str, Sequence[Any]] = {
        name: [row[place] if place < len(row) else None for row in rows]
        for name, place in places.items()
        if any(len(row) > place for row in rows)
    }
    if index is not None and "timestamp" not in found and _are_times(index):
        found["timestamp"] = _indexed(index, len(rows))
    unknown = [name for name in names if column_name(name) is None]
    more = max(map(len, rows)) - len(names)
    if more > 0:
        unknown.append(f"{more} more after {names[-1]}")
    return _whole(found, where, unknown)


def _places(names: Sequence[str]) -> dict[str, int]:
    """Column -> its place among `names`.

    Raises:
        InvalidRequest: there is no close among them, or a column twice.
    """
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        column = column_name(name)
        if column is None or (column in places and column == "timestamp"):
            continue  # people have a time twice, as a number and as a date
        if column in places:
            raise refused("columns", f"has {column} twice", known=list(CANDLE_COLUMNS))
        places[column] = place
    if "close" not in places:
        message = "takes names of columns, close among them"
        raise refused("columns", message, known=list(CANDLE_COLUMNS))
    return places


def _are_times(labels: Any) -> bool:
    """Whether the labels of rows are times, and not their numbers."""
    if not isinstance(labels, list) or not labels:
        return False
    text = str(labels[0])
    return "-" in text[1:] or (text.isdigit() and len(text) >= len("1230940800"))


def _indexed(labels: Sequence[Any], count: int) -> Sequence[Any]:
    if len(labels) != count:
        raise refused("index", "takes one label for each row")
    return labels


def _whole(found: dict[str, Sequence[Any]], where: str, unknown: Sequence[str]) -> Cells:
    if not unknown:
        return Cells(found, where)
    shown = ", ".join(str(name)[:30] for name in unknown[:5])
    return Cells(found, where, (f"columns that are no candle's were not read: {shown}",))


def _check_count(where: str, count: int) -> None:
    if not count:
        raise refused(where, "takes at least one candle")
    if count > MOST_ROWS:
        what = "closes" if where == "closes" else "rows"
        raise refused(where, f"takes at most {MOST_ROWS} {what}, got {count}")


def refused(name: str, message: str, **more: Any) -> InvalidRequest:
    """The refusal of one member of a body."""
    return InvalidRequest(f"{name} {message}", errors=[{"name": name, "message": message, **more}])
