"""What a check of `coinmux doctor` found."""

from __future__ import annotations

from dataclasses import dataclass


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
