"""Readers of live feeds that judge each event, come again when they are cut off, and go."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp

from bench.soak.live_truth import Markets, Truth

if TYPE_CHECKING:
    from bench.soak.chaos import Chaos
    from bench.soak.pace import Pace

#: A connection may break so long after a worker was killed, and only then.
_BROKEN_S = 3.0
#: A reader who was cut off is told again within this.
RESUMED_S = 5.0
_STAYS_S = (15.0, 60.0)
_AGAIN_S = 0.2
PATHS = {
    "ticker": "ticker",
    "trades": "trades",
    "order_book": "order-book",
    "candles": "candles",
}
INTERVAL = "1m"
PAIRS = ("BTC/USDT", "ETH/USDT", "BTC/USD")
#: Said to a reader who cannot be told what came since.
_NOT_RESUMED = "too much has happened to resume"
#: What a reader may be refused with while everything fails, and asks again after.
_HONEST = frozenset({"overloaded", "deadline_exceeded", "no_provider_available",
                     "all_providers_failed", "rate_limited"})  # fmt: skip

#: Kind, id and the event itself.
Told = tuple[str, str, dict[str, Any]]


@dataclass
class Heard:
    """What readers were told.

    Attributes:
        wrong: what was not true, and what ended or was refused without a reason.
        resumed_s: after each cut by a kill, how long until data came again, without moments in
            which we did not run ourselves.
        late: what came later than it may.
        quiet_s: the longest time a reader had no data, for each visit.
    """

    events: int = 0
    gaps: int = 0
    sources: int = 0
    stale: int = 0
    dropped: int = 0
    visits: int = 0
    cut: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    resumed_s: list[float] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    quiet_s: list[float] = field(default_factory=list)


class LiveReaders:
    """So many readers at once, half of them over `/api/ws`."""

    def __init__(self, url: str, chaos: Chaos, pace: Pace, count: int, seed: int) -> None:
        self._url, self._chaos, self._count, self._seed = url, chaos, count, seed
        self._pace = pace
        self._markets = Markets()
        self.heard = Heard()

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for at in range(self._count):
                rng = random.Random(self._seed * 1_000 + at)
                read = _events if at % 2 else _messages
                group.create_task(self._reader(session, rng, read))

    async def _reader(self, session: aiohttp.ClientSession, rng: random.Random, read: Any) -> None:
        while True:
            asked = rng.choice([*PATHS]), rng.choice(PAIRS)
            truth = Truth(*asked, self._markets)
            visit = _Visit(truth, self.heard, self._chaos, self._pace)
            self.heard.visits += 1
            try:
                async with asyncio.timeout(rng.uniform(*_STAYS_S)):
                    while True:
                        await self._once(read(session, self._url, *asked, visit), visit)
                        await asyncio.sleep(_AGAIN_S)
            except TimeoutError:
                pass
            visit.end()
            await asyncio.sleep(rng.expovariate(2))

    async def _once(self, told: AsyncIterator[Told], visit: _Visit) -> None:
        """Read until the connection ends."""
        try:
            async for kind, ident, event in told:
                visit.see(kind, ident, event)
            visit.cut(self._was_killed())
        except (aiohttp.ClientError, OSError) as error:
            visit.cut(self._was_killed(), f"{type(error).__name__}: {error}")
        except Refused as refused:
            self.heard.refused[refused.code] += 1
            if refused.code not in _HONEST:
                self.heard.wrong.append(f"{visit.asked}: refused by {refused}")

    def _was_killed(self) -> bool:
        now = time.monotonic()
        return any(now - at < _BROKEN_S for at in self._chaos.killed_at[-5:])


class Refused(Exception):
    """A problem document in place of events."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(f"{document.get('code')}: {document.get('detail')}")
        self.code = str(document.get("code"))


class _Visit:
    """One reader of one question, over as many connections as it takes."""

    def __init__(self, truth: Truth, heard: Heard, chaos: Chaos, pace: Pace) -> None:
        self._truth, self._heard = truth, heard
        self.asked = f"{truth.capability} {truth.pair}"
        self.last_id: str | None = None
        self._chaos, self._pace = chaos, pace
        #: What was said since it was cut off.
        self._said: list[str] = []
        self._told_at: float | None = None
        #: By the pace, and by the clock.
        self._cut_at: float | None = None
        self._was_cut_at: float | None = None
        self._is_marked = False
        self._longest_s = 0.0

    def see(self, kind: str, ident: str, event: dict[str, Any]) -> None:
        self.last_id = ident
        heard, now = self._heard, self._pace.now()
        heard.dropped += event["meta"].get("dropped", 0)
        heard.stale += kind == "stale"
        is_anew = kind == "snapshot" and _NOT_RESUMED in event["meta"]["notes"]
        if (
            is_anew
            and self._was_cut_at is not None
            and self._chaos.away.was_away(self._was_cut_at - 1)
        ):
            # What one worker told while it was alone no other can know.
            self._truth.begin_anew()
        has_data = self._truth.see(kind, event)
        self._is_marked = kind == "stale" or (self._is_marked and not has_data)
        self.note(f"{kind} {'; '.join(event['meta']['notes'])}".strip())
        if not has_data:
            return
        if self._told_at is not None and self._cut_at is None:
            self._longest_s = max(self._longest_s, now - self._told_at)
        self._waited(now, f"by {event['meta'].get('provider')}")
        self._cut_at = self._was_cut_at = None
        self._told_at = now

    def note(self, what: str) -> None:
        """Remember what happened since it was cut off, for who looks why it was told late."""
        if self._cut_at is not None:
            self._said.append(f"{what} +{self._pace.now() - self._cut_at:.1f}")

    def _waited(self, now: float, until: str) -> None:
        """How long it was since the cut."""
        if self._cut_at is None or self._was_cut_at is None:
            return
        took_s = now - self._cut_at
        self._heard.resumed_s.append(took_s)
        if took_s > RESUMED_S:
            away = self._chaos.away.was_away(self._was_cut_at)
            last = "".join(f"\n  {line}" for line in self._truth.history)
            self._heard.late.append(
                f"{self.asked} after {took_s:.1f} s, {until}"
                f"{', the store was away' if away else ''};"
                f" since: {'; '.join(self._said) or 'nothing'}{last}"
            )

    def cut(self, was_killed: bool, why: str = "the stream ended") -> None:
        """Its connection is over."""
        self._heard.cut += 1
        self._truth.history.append(f"cut at {time.time() * 1000:.0f}, last {self.last_id}: {why}")
        if not was_killed:
            self._heard.wrong.append(f"{self.asked}: {why}")
        now, killed_at = self._pace.now(), max(self._chaos.killed_at, default=0.0)
        if self._was_cut_at is not None and killed_at < self._was_cut_at:
            self.note(f"cut again, {why}")
            return
        # Each kill has its own five seconds.
        self._waited(now, "until it was cut again")
        self._cut_at, self._was_cut_at = now, time.monotonic()
        self._said.clear()

    def end(self) -> None:
        heard, truth = self._heard, self._truth
        heard.events += truth.events
        heard.gaps += truth.gaps
        heard.sources += truth.sources
        heard.wrong += truth.wrong
        if self._told_at is not None and self._cut_at is None:
            self._longest_s = max(self._longest_s, self._pace.now() - self._told_at)
            heard.quiet_s.append(self._longest_s)


async def _events(
    session: aiohttp.ClientSession, url: str, capability: str, pair: str, visit: _Visit
) -> AsyncIterator[Told]:
    """Server-sent events."""
    params = {"symbols": pair, **({"interval": INTERVAL} if capability == "candles" else {})}
    headers = {} if visit.last_id is None else {"Last-Event-ID": visit.last_id}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5, sock_read=30)
    path = f"{url}/api/market/{PATHS[capability]}/stream"
    async with session.get(path, params=params, headers=headers, timeout=timeout) as reply:
        if reply.status != 200:
            raise Refused(await reply.json())
        visit.note(f"connected, {reply.headers.get('X-Request-ID')}")
        said: dict[str, str] = {}
        async for line in reply.content:
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                said[name] = value
            elif "data" in said:
                yield said["event"], said["id"], json.loads(said["data"])
                said = {}


async def _messages(
    session: aiohttp.ClientSession, url: str, capability: str, pair: str, visit: _Visit
) -> AsyncIterator[Told]:
    """Of the one WebSocket."""
    asked = {"op": "subscribe", "id": 1, "capability": capability, "symbol": pair}
    if capability == "candles":
        asked["interval"] = INTERVAL
    if visit.last_id is not None:
        asked["since"] = visit.last_id
    async with session.ws_connect(f"{url}/api/ws", max_msg_size=0) as socket:
        visit.note("connected")
        await socket.send_json(asked)
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                return
            said = message.json()
            if said["event"] == "error":
                raise Refused(said["problem"])
            if "subject" in said:
                yield said["event"], said["id"], said
