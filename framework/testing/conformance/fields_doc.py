"""`docs/fields.md`: our fields, the sources' and the units, from the samples that are compared."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from coinmux.framework.samples import units
from coinmux.framework.testing.conformance.field_checks import pattern, place_of

if TYPE_CHECKING:
    from coinmux.framework.samples.format import FieldSource
    from coinmux.framework.testing.conformance.subject import Subject

_HEAD = """\
# Where figures come from

Generated from the samples by `make docs`; a test compares it. The conformance check `fields`
converts each value of a source and compares it with ours (`samples.md`, "Fields"). A path is that
of a sample, so pairs and addresses in it are the sample's; a hook that makes several requests has
several answers.
"""

_COLUMNS = "| field of ours | source | theirs | unit of theirs |\n|---|---|---|---|\n"


def fields_table(subjects: Iterable[Subject]) -> str:
    """The tables as Markdown, one a capability."""
    found: dict[str, dict[tuple[str, str], FieldSource]] = {}
    order: list[str] = []
    for subject in sorted(subjects, key=lambda one: one.name):
        order += [name for name in subject.capabilities if name not in order]
        for sample in subject.samples:
            if sample.outcome == "ok":
                rows = found.setdefault(sample.capability, {})
                for name, source in sample.fields.items():
                    rows.setdefault((pattern(name), subject.name), source)
    parts = [_HEAD]
    for capability in order:
        rows = found.get(capability, {})
        if not rows:
            continue
        names = list(dict.fromkeys(name for name, _ in rows))
        lines = [
            _line(name, provider, source)
            for name in names
            for (own, provider), source in rows.items()
            if own == name
        ]
        parts.append(f"\n## {capability}\n\n{_COLUMNS}" + "\n".join(lines) + "\n")
    return "".join(parts)


def _line(name: str, provider: str, source: FieldSource) -> str:
    if source.unit.startswith(units.DERIVED):
        return f"| `{name}` | {provider} | {_cell(source.unit)} | |"
    at, path = place_of(source.path)
    theirs = f"`{_cell(path)}`" if path else "the whole answer"
    place = f", answer {at + 1}" if at else ""
    return f"| `{name}` | {provider} | {theirs}{place} | {source.unit} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
