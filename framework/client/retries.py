"""Whether and when a request is made again."""

from __future__ import annotations

from dataclasses import dataclass

#: What a server refuses for now: too many requests, overloaded or stopping.
_FOR_NOW = (429, 503)
_FIRST_WAIT_S = 0.5


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request is made again that was refused for now, or that reached nobody.

    Only such are repeated: every request of a client asks and changes nothing, but one that was
    answered by an error would be answered so again.

    Attributes:
        most: times after the first; 0 switches it off.
        longest_wait_s: a server that asks to be left alone for longer is not waited for.
    """

    most: int = 2
    longest_wait_s: float = 10.0

    def wait_s(
        self, turn: int, status: int | None, retry_after_s: float | None = None
    ) -> float | None:
        """Seconds to wait before the next turn; None where there is none.

        Args:
            turn: times it was made, from 1.
            status: of the answer; None where it reached nobody.
            retry_after_s: as the server said.
        """
        if turn > self.most or (status is not None and status not in _FOR_NOW):
            return None
        wait_s = _FIRST_WAIT_S * 2 ** (turn - 1) if retry_after_s is None else retry_after_s
        return None if wait_s > self.longest_wait_s else wait_s
