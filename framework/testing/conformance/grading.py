"""All checks, the grade that follows, and how it is stored beside a provider."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.plugins.grades import FILE, GRADES, KIT_VERSION, digest
from coinmux.framework.testing.conformance import (
    field_checks,
    hostile_checks,
    info_checks,
    input_checks,
    response_checks,
    row_checks,
    sample_checks,
    secret_checks,
    timing_checks,
)
from coinmux.framework.testing.conformance.check import LIMIT_S, Check, Verdict, judge
from coinmux.framework.testing.conformance.subject import Subject

if TYPE_CHECKING:
    from collections.abc import Callable

#: In the order of a report: what a grade takes stands together.
CHECKS: tuple[Check, ...] = (
    Check("loads", "bronze", info_checks.loads, for_all=True),
    Check("info", "bronze", info_checks.info, for_all=True),
    Check("sample_files", "bronze", sample_checks.formats),
    Check("ok_samples", "bronze", sample_checks.ok_samples),
    Check("transport", "bronze", response_checks.transport, remote=True),
    Check("error_samples", "silver", sample_checks.error_samples),
    Check("unknown_symbol", "silver", sample_checks.unknown_symbol, remote=True),
    Check("rate_limit", "silver", sample_checks.rate_limit, remote=True),
    Check("refused_key", "silver", sample_checks.refused_key, remote=True),
    Check("other_symbol", "silver", sample_checks.other_symbol, remote=True),
    Check("fields", "silver", field_checks.fields),
    Check("emptiness", "silver", response_checks.emptiness, remote=True),
    Check("odd_replies", "silver", response_checks.odd_replies, remote=True),
    Check("hostile_fields", "silver", hostile_checks.hostile_fields, remote=True),
    Check("bad_row", "silver", row_checks.bad_row, remote=True),
    Check("idempotent", "silver", sample_checks.idempotent),
    Check("inputs", "silver", input_checks.inputs),
    Check("no_leak", "silver", secret_checks.no_leak, remote=True),
    Check("deadline", "gold", timing_checks.deadline, remote=True),
    Check("cancellation", "gold", timing_checks.cancellation, remote=True),
    Check("no_blocking", "gold", timing_checks.no_blocking),
    Check("usage", "gold", info_checks.usage, binding=False, remote=True),
    Check("recorded", "gold", info_checks.recorded, binding=False, remote=True),
)  # fmt: skip


#: Seconds for each other check of a provider that holds up the event loop.
_BLOCKED_LIMIT_S = 3.0


def _nobody(_: str) -> None:
    """Tell nobody."""


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
        """As it is stored: the grade, its checks, and the digest of the files it is valid for."""
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


async def examine(subject: Subject, tell: Callable[[str], None] = _nobody) -> Report:
    """Run every check.

    A provider that holds up the event loop could take minutes for each of them, so that is checked
    first; if it does, the others get a few seconds.

    Args:
        tell: is called with the name of each check before it runs.
    """
    blocking = next(check for check in CHECKS if check.cases is timing_checks.no_blocking)
    tell(blocking.name)
    first = await judge(blocking, subject)
    limit_s = _BLOCKED_LIMIT_S if first.status == "failed" else LIMIT_S
    verdicts = []
    for check in CHECKS:
        if check is blocking:
            verdicts.append(first)
            continue
        tell(check.name)
        verdicts.append(await judge(check, subject, limit_s))
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
        raise ValueError(
            f"{report.name} is not a package of its own, so it has no room for a grade"
        )
    path = resources.files(report.package).joinpath(FILE)
    if not isinstance(path, Path):
        raise ValueError(f"{report.package} is not in a folder")
    path.write_bytes(msgspec.json.format(msgspec.json.encode(report.public()), indent=1) + b"\n")
    return path
