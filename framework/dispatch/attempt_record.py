"""One attempt as it is recorded: its event and its line in answers and decisions are made of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability


class AttemptRecord(NamedTuple):
    """One call of one source that ended; a named tuple, as a frozen dataclass takes longer to make.

    Attributes:
        decision: what follows: `answer`, `fall_back`, `fail`, `hedged`, or `probe`.
        started_ms, ended_ms: wall time, Unix ms.
        code: of the error it ended with; None where the source answered.
        detail: of that error; it may quote the source.
        length: items in the answer.
        request_id: of the request it was made for.
        error: the error itself, where its place in the plugin's code is of use.
    """

    row: Capability
    query: Query
    source: str
    decision: str
    started_ms: int
    ended_ms: int
    elapsed_ms: float
    code: str | None = None
    detail: str | None = None
    length: int | None = None
    request_id: str | None = None
    error: Exception | None = None

    def line(self) -> dict[str, Any]:
        """The attempt as `meta.attempts` and decisions show it."""
        if self.code is None:
            return {
                "provider": self.source,
                "outcome": "ok",
                "started_at": self.started_ms,
                "elapsed_ms": self.elapsed_ms,
            }
        return {
            "provider": self.source,
            "outcome": "failed",
            "code": self.code,
            "started_at": self.started_ms,
            "elapsed_ms": self.elapsed_ms,
        }
