"""Reading the rows of an answer: a bad row or field is left out and counted, never the answer.

| to read | use | a bad one |
|---|---|---|
| a list | `read_rows` | is left out; most of them bad refuse the answer |
| a member that may be missing | `optional` | is null |
| a member that must be there, inside another | `required` | refuses the row or answer |
| one of a few words, for a field that may be null | `read_word` | is null |
| a value by a function, before a model has it | `read_field` | is null |
| a value of a model's field | nothing: `Result` does it | is null where the field allows null |

A row whose value is refused where null is not allowed raises, and `read_rows` leaves it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar, Token
from typing import Any, TypeVar

from pydantic import ValidationError

from coinmux.framework.errors import Implausible, InvalidSymbol, OtherSubject, SchemaMismatch

T = TypeVar("T")

#: What reading a row raises if the row has another shape or impossible values.
BAD_ROW = (
    KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, Implausible,
    InvalidSymbol, SchemaMismatch,
)  # fmt: skip
#: Characters of one reason, and reasons in one note.
_REASON_CHARS = 120
_REASONS = 3
#: Characters of a value that a reason quotes.
_QUOTED = 40


class Damage:
    """What could not be read of one answer; the framework makes one for each attempt."""

    __slots__ = ("_fields", "_remarks", "_rows")

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, int]] = []
        self._fields: list[tuple[str, str]] = []
        self._remarks: dict[str, None] = {}

    def __bool__(self) -> bool:
        return bool(self._rows or self._fields or self._remarks)

    def add_rows(self, kind: str, reason: str, count: int) -> None:
        """Count rows that were left out."""
        self._rows.append((kind, reason, count))

    def add_field(self, name: str, reason: str) -> None:
        """Count an optional field that was read as null."""
        self._fields.append((name, reason))

    def add_remark(self, words: str) -> None:
        """Say what else is wrong with the answer, once."""
        self._remarks[words] = None

    def cleaned(self, clean: Callable[[str], str]) -> Damage:
        """The same with every reason passed through `clean`."""
        made = Damage()
        made._rows = [(kind, clean(reason), count) for kind, reason, count in self._rows]
        made._fields = [(name, clean(reason)) for name, reason in self._fields]
        made._remarks = {clean(words): None for words in self._remarks}
        return made

    def mark(self) -> tuple[int, int]:
        """A point to which `forget_since` goes back."""
        return len(self._rows), len(self._fields)

    def forget_since(self, mark: tuple[int, int]) -> None:
        """Forget what was counted since `mark`: what belonged to a row that is itself left out."""
        rows, fields = mark
        del self._rows[rows:]
        del self._fields[fields:]

    @property
    def rows(self) -> Counter[tuple[str, str]]:
        """Rows left out, by kind of row and reason."""
        counted: Counter[tuple[str, str]] = Counter()
        for kind, reason, count in self._rows:
            counted[kind, reason] += count
        return counted

    @property
    def fields(self) -> Counter[tuple[str, str]]:
        """Optional fields read as null, by field and reason."""
        return Counter(self._fields)

    @property
    def rows_left_out(self) -> int:
        """Rows left out, of every kind."""
        return sum(count for _, _, count in self._rows)

    def notes(self) -> tuple[str, ...]:
        """What is said of it in `meta.notes`: a sentence for each kind of row and each field."""
        return (*_said_of_rows(self.rows), *_said_of_fields(self.fields), *self._remarks)


def _said_of_rows(rows: Counter[tuple[str, str]]) -> Iterator[str]:
    by_kind: dict[str, Counter[str]] = {}
    for (kind, reason), count in rows.items():
        by_kind.setdefault(kind, Counter())[reason] += count
    for kind, reasons in by_kind.items():
        yield f"{reasons.total()} unreadable {kind} left out: {_most_common(reasons)}"


def _said_of_fields(fields: Counter[tuple[str, str]]) -> Iterator[str]:
    by_name: dict[str, Counter[str]] = {}
    for (name, reason), count in fields.items():
        by_name.setdefault(name, Counter())[reason] += count
    for name, reasons in by_name.items():
        times = f" in {reasons.total()} places" if reasons.total() > 1 else ""
        yield f"{name} is null{times}: {_most_common(reasons)}"


def _most_common(reasons: Counter[str]) -> str:
    return "; ".join(reason for reason, _ in reasons.most_common(_REASONS))


_damage: ContextVar[Damage | None] = ContextVar("coinmux_damage", default=None)


class _Collecting:
    """What `collecting` enters; a class, as `contextmanager` costs each attempt a microsecond."""

    __slots__ = ("_token",)

    _token: Token[Damage | None]

    def __enter__(self) -> Damage:
        damage = Damage()
        self._token = _damage.set(damage)
        return damage

    def __exit__(self, *_: object) -> None:
        _damage.reset(self._token)


def collecting() -> _Collecting:
    """Collect what is left out while the block runs, in tasks it starts too."""
    return _Collecting()


def collect(into: Damage) -> None:
    """Collect what is left out for as long as the running task lasts, in tasks it starts too."""
    _damage.set(into)


def marked() -> tuple[int, int] | None:
    """How much was counted so far, for `forget_since`: what follows may be read once more."""
    damage = _damage.get()
    return None if damage is None else damage.mark()


def forget_since(mark: tuple[int, int] | None) -> None:
    """Forget what was counted since `marked()`."""
    damage = _damage.get()
    if damage is not None and mark is not None:
        damage.forget_since(mark)


def row_left_out(kind: str, reason: str, count: int = 1) -> None:
    """Count rows that were left out for `reason`; `kind` is a plural, such as `trades`."""
    damage = _damage.get()
    if damage is not None:
        damage.add_rows(kind, reason[:_REASON_CHARS], count)


def field_left_out(name: str, reason: str) -> None:
    """Count an optional field that was read as null, as its value made no sense."""
    damage = _damage.get()
    if damage is not None:
        damage.add_field(name, reason[:_REASON_CHARS])


def remark(words: str) -> None:
    """Say of the answer what is neither a row nor a field: a feed that ends in the middle."""
    damage = _damage.get()
    if damage is not None:
        damage.add_remark(words[:_REASON_CHARS])


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
    if type(rows) is not list:  # most are, and a look at what else they may be takes long
        if isinstance(rows, Mapping):
            rows = rows.values()
        if isinstance(rows, (str, bytes)) or not isinstance(rows, Iterable):
            raise SchemaMismatch(f"{kind} take a list, not {type(rows).__name__}")
    read: list[T] = []
    others = 0
    bad: list[Exception] = []
    damage = _damage.get()
    mark = (0, 0)
    for row in rows:
        if damage is not None:
            mark = damage.mark()
        try:
            item = one(row)
        except OtherSubject:
            raise
        except BAD_ROW as error:
            bad.append(error)
            if damage is not None:
                damage.forget_since(mark)
            continue
        if item is None:
            others += 1
        else:
            read.append(item)
    if bad:
        if len(bad) > len(read) + others:
            raise bad[0]
        for failure in bad:
            row_left_out(kind, reason_of(failure))
    return read


_MISSING = object()


def optional(row: Any, *path: str | int, name: str | None = None) -> Any:
    """The member of `row` at `path`: `optional(body, "highPrice")`, `optional(row, "bid", 0)`.

    None if it, or what holds it, is null or missing; a missing one is reported, as sources say
    null of what they do not have. For members that `Result` has as optional.

    Args:
        row: a mapping or list of the source.
        path: keys and places.
        name: the field that it is read for, where `path` says nothing to a person.
    """
    if len(path) == 1:  # most members are there, and one step away
        step = path[0]
        if type(row) is dict:
            if (value := row.get(step, _MISSING)) is not _MISSING:
                return value
        elif type(row) is list and type(step) is int and 0 <= step < len(row):
            return row[step]
    value = row
    for step in path:
        if value is None:
            return None
        value = _member(value, step)
        if value is _MISSING:
            field_left_out(
                name or ".".join(map(str, path)), "it is missing from the source's answer"
            )
            return None
    return value


def required(row: Any, *path: str | int) -> Any:
    """The member of `row` at `path`, which must be there: `required(row, "c", 0)`.

    Unlike `row["c"][0]`, it takes no first letter of a text for the first of a list.

    Raises:
        SchemaMismatch: it is missing.
    """
    if len(path) == 1:  # as in `optional`
        step = path[0]
        if type(row) is dict:
            if (value := row.get(step, _MISSING)) is not _MISSING:
                return value
        elif type(row) is list and type(step) is int and 0 <= step < len(row):
            return row[step]
    value = row
    for step in path:
        value = _member(value, step)
        if value is _MISSING:
            raise SchemaMismatch(f"{'.'.join(map(str, path))} is missing")
    return value


def _member(value: Any, step: str | int) -> Any:
    # A text has places too, and its first character is no price.
    fits = isinstance(value, Mapping) if isinstance(step, str) else isinstance(value, (list, tuple))
    if not fits:
        return _MISSING
    try:
        return value[step]
    except (KeyError, IndexError):
        return _MISSING


def read_field(name: str, read: Callable[[Any], T], value: Any) -> T | None:
    """`read(value)` for an optional field; None for null and "", and for what cannot be read.

    The latter is reported: `read_field("timestamp", iso_ms, optional(body, "time"))`.

    Raises:
        OtherSubject: from `read`.
    """
    if value is None or value == "":
        return None
    try:
        return read(value)
    except OtherSubject:
        raise
    except BAD_ROW as error:
        field_left_out(name, reason_of(error))
        return None


def read_word(name: str, words: Mapping[str, T], value: Any) -> T | None:
    """What one of a source's words means to us: `read_word("side", {"b": "buy"}, row["type"])`.

    A whole number counts as its text. None for null and "", and for a word that is not in `words`,
    which is reported.
    """
    if value is None or value == "":
        return None
    word = str(value) if type(value) is int else value
    if isinstance(word, str) and word in words:
        return words[word]
    field_left_out(name, f"{str(value)[:_QUOTED]!r} is none of {', '.join(words)}")
    return None


def reason_of(error: Exception) -> str:
    """Why a row cannot be read, in a few words and without the row's values where possible."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        words = _words(first)
        return f"{place}: {words}" if place else words
    if isinstance(error, KeyError):
        return f"{error.args[0]} is missing" if error.args else "a member is missing"
    if isinstance(error, IndexError):
        return "it is too short"
    if isinstance(error, (TypeError, AttributeError)) or "to unpack" in str(error):
        return "it has another shape"
    detail = getattr(error, "detail", None)
    return str(detail or error) or type(error).__name__


def _words(error: Any) -> str:
    """One error of pydantic: in our words if a validator of ours raised it, else what came."""
    own = (error.get("ctx") or {}).get("error")
    if isinstance(own, Exception):
        return reason_of(own)
    if error["type"] == "missing":
        return "is missing"
    return f"{str(error['input'])[:_QUOTED]!r} does not fit"


def without_bad_fields(
    values: Mapping[str, Any], error: ValidationError, optional_names: frozenset[str]
) -> dict[str, Any] | None:
    """`values` with null for the optional ones that `error` refuses, which are reported.

    None if it refuses others too.
    """
    problems = error.errors(include_url=False)
    names = {str(problem["loc"][0]) if problem["loc"] else "" for problem in problems}
    if not names <= optional_names:
        return None
    for problem in problems:
        name = str(problem["loc"][0])
        if values.get(name) not in (None, ""):
            field_left_out(name, _words(problem))
    return {**values, **dict.fromkeys(names)}
