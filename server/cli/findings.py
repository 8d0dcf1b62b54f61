"""What a check of `coinmux doctor` found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        status: `ok`, `warning` or `failed`.
    """

    subject: str
    status: str
    detail: str

    def public(self) -> dict[str, str]:
        return {"subject": self.subject, "status": self.status, "detail": self.detail}
