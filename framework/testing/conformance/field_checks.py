"""The cross-check of figures: where each field stands in the source's answer, and in which unit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from coinmux.framework.models.candles import Candles
from coinmux.framework.samples import json_paths, units
from coinmux.framework.samples.format import element
from coinmux.framework.testing.conformance.border import play
from coinmux.framework.testing.conformance.check import Case, NotApplicable
from coinmux.framework.testing.conformance.sample_checks import stem

if TYPE_CHECKING:
    from coinmux.framework.models.base import Result
    from coinmux.framework.samples.format import Exchange, FieldSource, Sample
    from coinmux.framework.testing.conformance.subject import Subject

#: Fields that are ours to say: what was asked, our own units, and what is worked out of the whole.
_OURS = frozenset(
    [
        *("symbol", "interval", "chain", "address", "asset", "metric", "page", "per_page"),
        *("unit", "decimals", "cursor", "last_closed", "index"),
    ]
)
#: The same within lists. `sender` is what `from` is called in Python.
_OURS_WITHIN = frozenset({"transactions.*.asset", "metrics.*.unit", "results.*.model"})
_ALIASES = {"sender": "from"}
_OF_EXCHANGE = re.compile(r"(\d+):(.*)", re.DOTALL)


def fields(subject: Subject) -> Sequence[Case]:
    """Each field of a result is what the source's value comes to in the unit it is said to be in.

    Every figure of the result has its source: of lists those of the first item, of candles those
    of the newest row.
    """
    good = [s for s in subject.samples if s.outcome == "ok" and s.capability in subject.served]
    if not subject.is_remote and not any(sample.fields for sample in good):
        raise NotApplicable("it makes no request, so no figure comes from a source")
    if not good:

        async def none() -> str | None:
            return "no sample that ends well, so no figure can be compared"

        return [Case("", none)]
    return [Case(stem(sample), _compared(subject, sample)) for sample in good]


def _compared(subject: Subject, sample: Sample) -> Any:
    async def run() -> str | None:
        ended, _ = await play(subject, sample)
        if ended.result is None:
            return f"the sample ends in {ended}"
        shown = view(ended.result)
        for name, source in sample.fields.items():
            wrong = _wrong(shown, name, source, sample.exchanges)
            if wrong is not None:
                return f"fields: {name}: {wrong}"
        missing = uncovered(shown, sample)
        if missing:
            return f"fields lacks {', '.join(missing[:6])}: say where each stands and in which unit"
        return None

    return run


def view(result: Result) -> Any:
    """A result as plain values; of candles the newest row."""
    shown = json.loads(result.encode())
    if isinstance(result, Candles):
        row = shown["rows"][-1] if shown["rows"] else []
        return dict(zip(shown["columns"], row, strict=False))
    return shown


def _wrong(shown: Any, name: str, source: FieldSource, exchanges: Sequence[Exchange]) -> str | None:
    if not units.is_unit(source.unit):
        return f"{source.unit!r} is no unit; known are {' '.join(units.UNITS)} and derived: how"
    ours = list(json_paths.values(shown, _canonical(name)))
    if not ours:
        return "the result has no such field"
    if source.unit.startswith(units.DERIVED):
        return None
    theirs = list(theirs_at(source.path, exchanges))
    if not theirs:
        return f"{source.path!r} leads to nothing in the answer"
    if len(ours) != len(theirs):
        return f"{len(ours)} values of ours, {len(theirs)} of theirs"
    for mine, other in zip(ours, theirs, strict=True):
        try:
            same = units.agrees(mine, other, source.unit)
        except ValueError as error:
            return f"{source.path!r}: {error}"
        if not same:
            made = units.convert(other, source.unit)
            return (
                f"is {mine!r}; {source.path!r} says {other!r}, which in {source.unit} is {made!r}"
            )
    return None


def _canonical(name: str) -> json_paths.Parts:
    return tuple(_ALIASES.get(part, part) for part in json_paths.parse(name))


def theirs_at(path: str, exchanges: Sequence[Exchange]) -> Iterator[Any]:
    """What stands at a path in the answers; `1:` before it means the second's.

    In text (a feed) the path is the name of an element, and after a dot which of them, from 0.
    """
    at, inside = place_of(path)
    if at >= len(exchanges):
        return
    response = exchanges[at].response
    if response.text is None:
        yield from json_paths.values(response.body, json_paths.parse(inside))
        return
    name, _, index = inside.partition(".")
    found = [match[2].strip() for match in element(name).finditer(response.text)]
    if index.isdigit() and int(index) < len(found):
        yield found[int(index)]
    elif not index:
        yield from found


def place_of(path: str) -> tuple[int, str]:
    """Which exchange a path is of, from 0, and the path in its body."""
    match = _OF_EXCHANGE.fullmatch(path)
    return (0, path) if match is None else (int(match[1]), match[2])


def uncovered(shown: Any, sample: Sample) -> list[str]:
    """Fields of a result that no entry of `fields` is about."""
    covered = {pattern(".".join(_canonical(name))) for name in sample.fields}
    return [
        name
        for name in leaves(shown, sample)
        if pattern(name) not in covered and not _is_within(pattern(name), covered)
    ]


def _is_within(name: str, covered: set[str]) -> bool:
    """Whether an entry is about a whole part of the result that the field is in."""
    parts = name.split(".")
    return any(".".join(parts[:end]) in covered for end in range(1, len(parts)))


def pattern(name: str) -> str:
    """A path with `*` for which item of a list; places within a row stay as they are."""
    parts = name.split(".")
    return ".".join(
        "*" if _is_index(part) and not (at and _is_index(parts[at - 1])) else part
        for at, part in enumerate(parts)
    )


def _is_index(part: str) -> bool:
    return part == "*" or part.removeprefix("-").isdigit()


def leaves(shown: Any, sample: Sample) -> list[str]:
    """Paths of what a source must have said: values there are, of lists in the first item.

    A list within a list is a row, each place of which counts.
    """
    found = list(_leaves(shown, ""))
    return [
        name
        for name in found
        if name not in _OURS and name not in sample.query and not _is_ours_within(pattern(name))
    ]


def _is_ours_within(name: str) -> bool:
    """Whether it is ours in each item of a list, or under each key of an object."""
    return any(fnmatchcase(name, ours) for ours in _OURS_WITHIN)


def _leaves(value: Any, path: str) -> Iterator[str]:
    inside: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        inside = list(value.items())
    elif isinstance(value, list):
        is_row = _is_index(path.rpartition(".")[2])
        inside = [(str(at), item) for at, item in enumerate(value if is_row else value[:1])]
    elif value is not None:
        yield path
    for key, item in inside:
        yield from _leaves(item, f"{path}.{key}" if path else key)
