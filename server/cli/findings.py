"""What a check of `coinmux doctor` or `coinmux check` found, and how findings are shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.server.cli.console import console, plain, print_json, table

if TYPE_CHECKING:
    from collections.abc import Sequence

_MARKS = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "failed": "[red]failed[/]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        status: `ok`, `warning` or `failed`.
        detail: what was found.
        remedy: what to do about it; empty where there is nothing to do.
    """

    subject: str
    status: str
    detail: str
    remedy: str = ""

    def public(self) -> dict[str, str]:
        return {
            "subject": self.subject,
            "status": self.status,
            "detail": self.detail,
            "remedy": self.remedy,
        }


def show(title: str, findings: Sequence[Finding], *, as_json: bool) -> bool:
    """Print them as a table and a count, or as JSON; whether nothing has failed."""
    counts = Counter(finding.status for finding in findings)
    if as_json:
        print_json([finding.public() for finding in findings])
    else:
        made = table(title, "result", "checked", "detail")
        for finding in findings:
            todo = f"\n[bold]→ {plain(finding.remedy)}[/]" if finding.remedy else ""
            detail = plain(finding.detail) + todo
            made.add_row(_MARKS[finding.status], plain(finding.subject), detail)
        out = console()
        out.print(made)
        warnings = f"{counts['warning']} warning{'' if counts['warning'] == 1 else 's'}"
        out.print(f"{counts['failed']} failed, {warnings}", highlight=False)
    return not counts["failed"]
