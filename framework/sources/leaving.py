"""The health of sources whose plugin was retired or exchanged, kept for calls in flight."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.health.tracker import live_name
from coinmux.framework.sources.channel_health import ChannelHealth

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.clock import Clock
    from coinmux.framework.health.tracker import HealthTracker
    from coinmux.framework.sources.source import Source

#: Longer than any request may take.
_KEPT_S = 60.0
#: Why a source is off meanwhile.
_RETIRED = "retired"


class LeavingSources:
    """Sources, channels and capabilities that are gone, until nobody asks for their health."""

    def __init__(self, health: HealthTracker, clock: Clock) -> None:
        self._health = health
        self._clock = clock
        #: Names of sources and channels, and when what is gone of them is forgotten.
        self._until: dict[str, float] = {}

    def retire(self, name: str, successor: Source | None) -> None:
        """Switch off the health of a source, or of the channels its successor does not have."""
        stays = {} if successor is None else names_of(successor)
        until = self._clock.monotonic() + _KEPT_S
        for one in self._health.sources():
            if one.partition(":")[0] != name:
                continue
            if one == live_name(name):
                # Nobody asks for it by name: who follows registers it when it is followed.
                self._health.forget(one)
                continue
            self._until[one] = until
            if one not in stays:
                self._health.disable(one, _RETIRED)

    def forget(self, sources: Mapping[str, Source]) -> None:
        """Forget what has left long enough ago, and is not among `sources` again."""
        if not self._until:
            return
        now = self._clock.monotonic()
        for name in [one for one, until in self._until.items() if now >= until]:
            del self._until[name]
            source = sources.get(name.partition(":")[0])
            offered = {} if source is None else names_of(source)
            if name in offered:
                self._health.register(name, offered[name])
            else:
                self._health.forget(name)


def names_of(source: Source) -> dict[str, list[str]]:
    """The source and its channels, as their health is kept, and what each is asked for."""
    names = {source.name: list(source.fetch)}
    for channel in source.info.channels:
        names[f"{source.name}:{channel.name}"] = [ChannelHealth.CAPABILITY]
    return names
