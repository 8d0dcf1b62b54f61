"""Sources whose answers are doubted or refused as impossible too often."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from coinmux.framework.errors import Implausible
from coinmux.framework.incidents.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coinmux.framework.dispatch.decision import Decision

_WITHIN_MS = 600_000
#: So many within that time, and so large a share of what the source was asked.
_LEAST, _SHARE = 5, 0.2
#: Slices of the time within which attempts are counted together.
_SLICE_MS = 30_000


class DoubtWatch:
    """Counts attempts by source, from the decisions, in the background.

    Args:
        title_of: the title of a source by its name.
    """

    def __init__(self, title_of: Callable[[str], str]) -> None:
        self._title_of = title_of
        #: When a slice began, and by source: attempts, and those that were doubted.
        self._slices: deque[tuple[int, dict[str, list[int]]]] = deque()

    def count(self, decisions: Iterable[Decision], now_ms: int) -> None:
        """Count the attempts of new decisions."""
        if not self._slices or now_ms - self._slices[-1][0] >= _SLICE_MS:
            self._slices.append((now_ms, {}))
        while now_ms - self._slices[0][0] > _WITHIN_MS:
            self._slices.popleft()
        counts = self._slices[-1][1]
        for decision in decisions:
            for attempt in decision.attempts:
                name = str(attempt["provider"])
                both = counts.setdefault(name, [0, 0])
                both[0] += 1
                if attempt.get("code") == Implausible.code:
                    both[1] += 1

    def look(self) -> list[Condition]:
        """Those doubted too often now."""
        totals: dict[str, list[int]] = {}
        for _, counts in self._slices:
            for name, (asked, doubted) in counts.items():
                both = totals.setdefault(name, [0, 0])
                both[0] += asked
                both[1] += doubted
        found = []
        for name, (asked, doubted) in totals.items():
            if doubted >= _LEAST and doubted >= _SHARE * asked:
                message = f"{doubted} of its last {asked} answers were doubted"
                title = f"Answers of {self._title_of(name)}"
                found.append(
                    Condition(
                        "warning", f"doubt:{name}", title, "minor", "doubted_often",
                        message,
                    )
                )  # fmt: skip
        return found
