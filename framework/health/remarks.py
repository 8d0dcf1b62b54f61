"""What could not be read of a source's answers, counted, so that its decay is seen. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

#: Reasons that are told apart; further ones are counted together.
_MOST = 20
OTHER_REASONS = "other reasons"


class Remarks:
    """Rows left out and fields read as null in the answers of one source, since the start.

    An answer with remarks is a success: most of it could be read.

    Attributes:
        answers: answers that had any.
        rows: rows left out, by kind of row and reason.
        fields: fields read as null, by field and reason.
        last_at: monotonic time of the latest; None if there was none.
    """

    __slots__ = ("answers", "fields", "last_at", "rows")

    def __init__(self) -> None:
        self.answers = 0
        self.rows: Counter[tuple[str, str]] = Counter()
        self.fields: Counter[tuple[str, str]] = Counter()
        self.last_at: float | None = None

    @property
    def rows_left_out(self) -> int:
        """Rows left out, for any reason."""
        return self.rows.total()

    def add(
        self,
        rows: Mapping[tuple[str, str], int],
        fields: Mapping[tuple[str, str], int],
        now: float,
    ) -> None:
        """Count what was left out of one answer."""
        self.answers += 1
        self.last_at = now
        _add(self.rows, rows)
        _add(self.fields, fields)


def _add(counted: Counter[tuple[str, str]], more: Mapping[tuple[str, str], int]) -> None:
    for (name, reason), count in more.items():
        known = (name, reason) in counted or len(counted) < _MOST
        # Values of the source are part of some reasons, so there is no end of them.
        counted[(name, reason) if known else ("", OTHER_REASONS)] += count
