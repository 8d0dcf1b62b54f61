"""All checks, the grade they come to, and how it is kept beside a provider."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import msgspec

from coinmux.framework.grades import FILE, GRADES, KIT_VERSION, digest
from coinmux.framework.testing.kit import declared, fields, hostile, keys, played, replies, timing
from coinmux.framework.testing.kit.check import Check, Verdict, judge
from coinmux.framework.testing.kit.subject import Subject

#: In the order of a report: what a grade takes stands together.
CHECKS: tuple[Check, ...] = (
    Check("loads", "bronze", declared.loads, for_all=True),
    Check("info", "bronze", declared.info, for_all=True),
    Check("sample_files", "bronze", played.formats),
    Check("ok_samples", "bronze", played.ok_samples),
    Check("transport", "bronze", replies.transport, remote=True),
    Check("error_samples", "silver", played.error_samples, remote=True),
    Check("unknown_symbol", "silver", played.unknown_symbol, remote=True),
    Check("rate_limit", "silver", played.rate_limit, remote=True),
    Check("refused_key", "silver", played.refused_key, remote=True),
    Check("other_symbol", "silver", played.other_symbol, remote=True),
    Check("fields", "silver", fields.fields),
    Check("emptiness", "silver", replies.emptiness, remote=True),
    Check("odd_replies", "silver", replies.odd_replies, remote=True),
    Check("hostile_fields", "silver", hostile.hostile_fields, remote=True),
    Check("idempotent", "silver", played.idempotent),
    Check("no_leak", "silver", keys.no_leak, remote=True),
    Check("deadline", "gold", timing.deadline, remote=True),
    Check("cancellation", "gold", timing.cancellation, remote=True),
    Check("no_blocking", "gold", timing.no_blocking),
    Check("usage", "gold", declared.usage, binding=False, remote=True),
    Check("recorded", "gold", declared.recorded, binding=False, remote=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What the kit found of one provider.

    Attributes:
        name: of the provider.
        package: whose files it is made of.
        retired: it is never called, so it has no grade.
        verdicts: in the order of `CHECKS`.
    """

    name: str
    package: str | None
    retired: bool
    verdicts: tuple[Verdict, ...]

    @property
    def grade(self) -> str | None:
        """The highest whose checks, and those of the grades below, all hold; None for none."""
        if self.retired:
            return None
        earned = None
        for grade in GRADES:
            if any(v.status == "failed" for v in self.verdicts if v.check.level == grade):
                break
            earned = grade
        return earned

    @property
    def is_sound(self) -> bool:
        """Whether no check failed that a sound provider passes."""
        return not any(v.status == "failed" and v.check.binding for v in self.verdicts)

    def public(self) -> dict[str, Any]:
        """As it is kept: the grade, what it comes from, and of which files it holds."""
        return {
            "provider": self.name,
            "kit": KIT_VERSION,
            "grade": self.grade,
            "digest": digest(self.package) if self.package is not None else None,
            "checks": {
                verdict.check.name: {"status": verdict.status, "reason": verdict.reason}
                for verdict in self.verdicts
            },
        }


async def examine(subject: Subject) -> Report:
    """Run every check."""
    verdicts = [await judge(check, subject) for check in CHECKS]
    retired = subject.provider is not None and subject.info.retired is not None
    return Report(subject.name, subject.package, retired, tuple(verdicts))


def check_provider(provider: str | object) -> Report:
    """What the kit finds of a provider: an installed one's name, or a module.

    Raises:
        LookupError: nothing of that name is installed.
    """
    return asyncio.run(examine(Subject.of(provider)))


def write(report: Report) -> Path:
    """Keep a report in the provider's package, where the loader finds it.

    Raises:
        ValueError: the provider is no package, or one that is no folder.
    """
    if report.package is None:
        raise ValueError(f"{report.name} is no package of its own, so nothing can be kept in it")
    path = resources.files(report.package).joinpath(FILE)
    if not isinstance(path, Path):
        raise ValueError(f"{report.package} is not in a folder")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report.public()), indent=1) + b"\n")
    return path


def checks_of(grade: str) -> Sequence[Check]:
    """What a grade takes besides those below it."""
    return [check for check in CHECKS if check.level == grade]
