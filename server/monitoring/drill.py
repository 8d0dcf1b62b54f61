"""Breaking simulated sources on purpose, to see how the gateway reacts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol


class Drill(Protocol):
    """Breaks and repairs sources."""

    @property
    def faults(self) -> Mapping[str, str]:
        """The faults that can be ordered, each with its description."""
        ...

    @property
    def followed(self) -> Collection[str]:
        """Providers with live feeds: they alone take the faults that begin with `feed_`."""
        ...

    def broken(self) -> dict[str, str]:
        """The fault in force of each broken provider."""
        ...

    def break_(self, provider: str, fault: str) -> None:
        """Corrupt every answer of `provider` from now on, or its live feeds by a `feed_` fault."""
        ...

    def mend(self, provider: str) -> None:
        """Let `provider` answer correctly again."""
        ...


class OwnDrill(Drill, Protocol):
    """The drill of the simulator in this process."""

    def before_answers(self, work: Callable[[], None]) -> None:
        """Do `work` before each answer of a provider."""
        ...
