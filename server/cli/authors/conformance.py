"""The conformance kit over a package's plugins, as findings."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from coinmux.framework.plugins import grades
from coinmux.framework.testing.conformance import Subject, examine
from coinmux.framework.testing.indicators import check_indicator
from coinmux.server.cli.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from coinmux.framework.testing.conformance import Report


def provider(name: str, plugin: object) -> Iterator[Finding]:
    """The grade, each check that failed, and whether the grade is stored.

    Args:
        name: the entry point.
        plugin: what it leads to.
    """
    report = asyncio.run(examine(Subject.of(plugin)))
    yield _grade(name, report)
    for verdict in report.verdicts:
        if verdict.status == "failed":
            status = "failed" if verdict.check.binding else "warning"
            remedy = f"coinmux conformance {name}"
            subject = f"{name}: {verdict.check.name}"
            yield Finding(subject, status, verdict.reason, remedy if status == "failed" else "")
    if report.grade is not None and grades.standing(plugin) is None:
        remedy = f"coinmux conformance {name} --write: GET /api/providers shows it then"
        detail = "none of these files is stored"
        yield Finding(f"{name}: stored grade", "warning", detail, remedy)


def _grade(name: str, report: Report) -> Finding:
    if report.retired:
        return Finding(f"{name}: conformance", "ok", "retired")
    if report.is_sound:
        return Finding(f"{name}: conformance", "ok", f"grade {report.grade}")
    told = f"grade {report.grade}" if report.grade else "no grade"
    remedy = "docs/conformance.md says what each check is about"
    return Finding(f"{name}: conformance", "failed", told, remedy)


def indicators(name: str, plugin: object) -> Finding:
    """Whether its indicators keep what indicators promise."""
    try:
        check_indicator(plugin)
    except Exception as error:  # noqa: BLE001 - whatever its `compute` raises is its defect
        said = " ".join(str(error).split())[:400] or type(error).__name__
        remedy = "docs/plugins.md, An indicator"
        return Finding(f"{name}: conformance", "failed", said, remedy)
    return Finding(f"{name}: conformance", "ok", "keeps what indicators promise")
