"""What the exchanges see: how often each of their channels is followed."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

from bench.soak.live import INTERVAL, PAIRS, PATHS
from bench.soak.pace import Pace
from coinmux import CoinmuxError, Gateway
from coinmux.framework.streams.lanes import made_of

if TYPE_CHECKING:
    from bench.soak.away import StoreAway

_EVERY_S = 0.5
#: Two connections follow a channel for so long while one replaces the other without a gap.
_OVERLAP_S = 5.0


async def questions_of_channels() -> Mapping[tuple[str, str], int]:
    """How many of the questions that readers ask each channel of each exchange answers.

    Some answer several: candles may be made of trades, and prices told by trades and best levels.
    Each question is followed once, and two of them may be by two workers.
    """
    found: Counter[tuple[str, str]] = Counter()
    gateway = Gateway.from_env(None, environ={})
    await gateway.wait_loaded()
    asked = [
        gateway.capability(name).query(
            symbol=pair, **({"interval": INTERVAL} if name == "candles" else {})
        )
        for name in PATHS
        for pair in PAIRS
    ]
    names = [name for name in PATHS for _ in PAIRS]
    for source in gateway.registry.sources.values():
        follow = source.provider.follow
        for name, query in zip(names, asked, strict=True):
            trades = made_of(query, follow, name)
            hook = follow.get(name if trades is None else "trades")
            if hook is None:
                continue
            with contextlib.suppress(CoinmuxError):
                for channel in hook(query if trades is None else trades).channels:
                    found[source.name, channel] += 1
    return found


@dataclass
class Upstream:
    """Samples of the simulated sockets.

    Args:
        questions: how many each channel answers.
        pace: how we ran ourselves.

    Attributes:
        most: of one channel at a time.
        followed: channels followed at a time, each as often as it is.
        twice: samples in which a channel was followed more often than once for each question.
        agreed_twice: those of them in which every worker had the store.
        samples: all of them.
        too_long: channels that were followed more than once for too long, though all had it.
        longest_s: the longest stretch of one that was.
    """

    questions: Mapping[tuple[str, str], int] = field(default_factory=dict)
    pace: Pace = field(default_factory=Pace)
    most: int = 0
    twice: int = 0
    agreed_twice: int = 0
    samples: int = 0
    longest_s: float = 0.0
    followed: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    too_long: list[str] = field(default_factory=list)
    _since: dict[tuple[str, str], float] = field(default_factory=dict)

    def see(self, followed: dict[tuple[str, str], int], *, is_sound: bool) -> None:
        """One sample: how often each channel of each exchange is followed.

        Args:
            is_sound: whether every worker has the store.
        """
        now = self.pace.now()
        double = {
            name for name, count in followed.items() if count > max(1, self.questions.get(name, 1))
        }
        self.samples += 1
        self.most = max(self.most, *followed.values(), 0)
        self.twice += bool(double)
        self.agreed_twice += bool(double) and is_sound
        self.followed.append(sum(followed.values()))
        self._since = {
            name: self._since.get(name, now) if is_sound else now for name in sorted(double)
        }
        for name, since in self._since.items():
            self.longest_s = max(self.longest_s, now - since)
            if now - since > _OVERLAP_S:
                self.too_long.append(
                    f"{name[0]} {name[1]}: {followed[name]} for {now - since:.1f} s"
                )


async def watch_upstream(
    simulator: str, session: aiohttp.ClientSession, upstream: Upstream, away: StoreAway
) -> None:
    """Until cancelled."""
    while True:
        await asyncio.sleep(_EVERY_S)
        with contextlib.suppress(aiohttp.ClientError, TimeoutError):
            async with session.get(f"{simulator}/_simulator/calls") as reply:
                sockets = (await reply.json())["sockets"]
            upstream.names = [name for name, one in sockets.items() if one["followed"]]
            followed = {
                (name, channel): count
                for name, one in sockets.items()
                for channel, count in one["followed"].items()
            }
            upstream.see(followed, is_sound=away.is_sound)
