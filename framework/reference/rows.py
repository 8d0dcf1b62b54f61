"""Reading the rows of an answer: a bad row or field is left out and counted, never the answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from pydantic import ValidationError

from coinmux.framework.errors import Implausible, OtherSubject, SchemaMismatch

T = TypeVar("T")

#: What reading a row raises if the row has another shape or impossible values.
BAD_ROW = (KeyError, IndexError, TypeError, ValueError, AttributeError, Implausible, SchemaMismatch)
#: Characters of one reason, and reasons in one note.
_REASON_CHARS = 120
_REASONS = 3


class Damage:
    """What could not be read of one answer; the framework makes one for each attempt.

    Attributes:
        rows: rows left out, counted by kind of row and reason.
        fields: optional fields read as null, counted by field and reason.
        remarks: what else is wrong with the answer, each once.
    """

    __slots__ = ("fields", "remarks", "rows")

    def __init__(self) -> None:
        self.remarks: dict[str, None] = {}
        self.rows: Counter[tuple[str, str]] = Counter()
        self.fields: Counter[tuple[str, str]] = Counter()

    def __bool__(self) -> bool:
        return bool(self.rows or self.fields or self.remarks)

    @property
    def rows_left_out(self) -> int:
        """Rows left out, of every kind."""
        return sum(self.rows.values())

    def notes(self) -> tuple[str, ...]:
        """What is said of it in `meta.notes`: a sentence for each kind of row and each field."""
        by_kind: dict[str, Counter[str]] = {}
        for (kind, reason), count in self.rows.items():
            by_kind.setdefault(kind, Counter())[reason] += count
        said = []
        for kind, reasons in by_kind.items():
            most = [reason for reason, _ in reasons.most_common(_REASONS)]
            said.append(f"{reasons.total()} unreadable {kind} left out: {'; '.join(most)}")
        for (name, reason), count in self.fields.items():
            times = f" in {count} rows" if count > 1 else ""
            said.append(f"{name} is null{times}: {reason}")
        return (*said, *self.remarks)


_damage: ContextVar[Damage | None] = ContextVar("coinmux_damage", default=None)


@contextmanager
def collecting() -> Iterator[Damage]:
    """Collect what is left out while the block runs, in tasks it starts too."""
    damage = Damage()
    token = _damage.set(damage)
    try:
        yield damage
    finally:
        _damage.reset(token)


def row_left_out(kind: str, reason: str, count: int = 1) -> None:
    """Count rows that were left out for `reason`."""
    damage = _damage.get()
    if damage is not None:
        damage.rows[kind, reason[:_REASON_CHARS]] += count


def field_left_out(name: str, reason: str) -> None:
    """Count an optional field that was read as null, as its value made no sense."""
    damage = _damage.get()
    if damage is not None:
        damage.fields[name, reason[:_REASON_CHARS]] += 1


def remark(words: str) -> None:
    """Say of the answer what is neither a row nor a field: a feed that ends in the middle."""
    damage = _damage.get()
    if damage is not None:
        damage.remarks[words[:_REASON_CHARS]] = None


def read_rows(
    rows: Iterable[Any], one: Callable[[Any], T | None], *, kind: str = "rows"
) -> list[T]:
    """What `one` makes of each row; a row that it cannot read is left out, counted and reported.

    Every list of an answer is read by this function, so one bad row does not cost the others.

    Args:
        rows: the rows as the source sent them; of a mapping, its values.
        one: reads a row; None means that the row is of another kind and is not missed.
        kind: what the rows are, in the plural, for the note: `trades`.

    Raises:
        SchemaMismatch: `rows` is no list, or more than half of the rows cannot be read.
        Implausible: as the first bad row, if more than half of the rows are impossible.
        OtherSubject: a row is about another pair, address or coin, so all may be.
        UnknownSymbol: from `one`.
    """
    if isinstance(rows, Mapping):
        rows = rows.values()
    if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
        raise SchemaMismatch(f"{kind} take a list, not {type(rows).__name__}")
    read: list[T] = []
    bad: list[Exception] = []
    for row in rows:
        try:
            item = one(row)
        except OtherSubject:
            raise
        except BAD_ROW as error:
            bad.append(error)
            continue
        if item is not None:
            read.append(item)
    if bad:
        if len(bad) > len(read):
            raise bad[0]
        for failure in bad:
            row_left_out(kind, reason_of(failure))
    return read


def reason_of(error: Exception) -> str:
    """Why a row cannot be read, in a few words and without the row's values where possible."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        words = first["msg"].removeprefix("Value error, ")
        return f"{place}: {words}" if place else words
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing" if error.args else "a member is missing"
    if isinstance(error, IndexError):
        return "it is too short"
    detail = getattr(error, "detail", None)
    return str(detail or error) or type(error).__name__
