"""Breaking sources on purpose, to see what the rest does about it; simulated ones only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Drill(Protocol):
    """What breaks and mends sources."""

    @property
    def faults(self) -> Mapping[str, str]:
        """What may be ordered, and what it is."""
        ...

    def broken(self) -> dict[str, str]:
        """The fault in force of each broken provider."""
        ...

    def break_(self, provider: str, fault: str) -> None:
        """Have every answer of `provider` spoilt from now on."""
        ...

    def mend(self, provider: str) -> None:
        """Let `provider` answer well again."""
        ...
