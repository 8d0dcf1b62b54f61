"""Health between workers: results, open circuits, cooldowns, resets, and reloads of the settings.

Each worker publishes its results, and the others count them as their own, so that all circuits are
one. Open circuits and cooldowns are also stored with a TTL, so that new or disconnected workers can
read them. Times travel as the seconds that are left, so that no two clocks are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.cluster.scripts import TELL
from coinmux.framework.cluster.store import TROUBLE, alive_channel
from coinmux.framework.errors import Outcome
from coinmux.framework.health.status import RemoteResult
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.store import Store
    from coinmux.framework.health.tracker import HealthTracker

#: An open circuit is stored for this long after its probe fell due.
_OVERDUE_S = 3_600.0
_AGAIN_S = 0.5


class _News(msgspec.Struct, omit_defaults=True):
    """A message between workers.

    Attributes:
        worker: that sent it.
        kind: `result`, `reset` or `reload`.
        source: concerned; "" for all.
    """

    worker: str
    kind: str
    source: str = ""
    heard: RemoteResult | None = None


class _Open(msgspec.Struct):
    """An open circuit or a cooldown as it is stored: why it began."""

    code: str
    message: str = ""


class HealthSync:
    """Sends health to the other workers, and receives theirs.

    Args:
        prefix: of keys and the channel.
        worker: this one's name.
        on_reload: called when another worker read its settings again.
    """

    def __init__(
        self,
        store: Store,
        prefix: str,
        worker: str,
        health: HealthTracker,
        on_reload: Callable[[], None],
    ) -> None:
        self._store = store
        self._prefix = prefix
        self._channel = f"{prefix}news"
        #: Others know by the second that this worker lives.
        self._listens_to = (self._channel, alive_channel(prefix, worker))
        self._worker = worker
        self._health = health
        self._on_reload = on_reload
        self._encoder = msgspec.msgpack.Encoder()
        self._decoder = msgspec.msgpack.Decoder(_News)
        self._task: asyncio.Task[None] | None = None
        self._posted: list[_News] = []
        self.heard = 0
        self.damaged = 0

    def start(self) -> None:
        """Begin to receive; `stop` must follow."""
        self._task = asyncio.ensure_future(keep_running(self._listen, lambda _: _AGAIN_S))

    async def stop(self) -> None:
        """End receiving."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # Sending

    def result(self, heard: RemoteResult) -> None:
        """Send how an attempt of this worker ended."""
        if self._store.online:
            self._post(_News(self._worker, "result", heard.source, heard))

    def reset(self, source: str | None) -> None:
        """Send that the health of one source was reset, or of every source."""
        if self._store.online:
            self._post(_News(self._worker, "reset", source or ""))

    def reload(self) -> None:
        """Send that every worker must read its settings again."""
        if self._store.online:
            self._post(_News(self._worker, "reload"))

    def _post(self, news: _News) -> None:
        self._posted.append(news)
        if len(self._posted) == 1:
            asyncio.get_running_loop().call_soon(self._send)

    def _send(self) -> None:
        """Send what was posted in this turn of the loop, and store what must outlast it."""
        posted, self._posted = self._posted, []
        #: What is to be stored, None for nothing; the last that was posted holds.
        entries: dict[str, tuple[bytes, int] | None] = {}
        for news in posted:
            if news.kind == "reset":
                entries |= dict.fromkeys(self._keys(news.source or None))
            elif news.heard is not None:
                self._keep(entries, news.heard)
        gone = [key for key, entry in entries.items() if entry is None]
        kept = {key: entry for key, entry in entries.items() if entry is not None}
        args: list[Part] = [len(gone), len(kept)]
        for entry in kept.values():
            args += entry
        args += [self._encoder.encode(news) for news in posted]
        self._store.post(TELL, [self._channel, *gone, *kept], args)

    def _keep(self, entries: dict[str, tuple[bytes, int] | None], heard: RemoteResult) -> None:
        for capability, rest_s, hold_s, hold_code in (
            ("", heard.rest_s, heard.hold_s, heard.hold_code),
            (heard.capability, heard.capability_rest_s, heard.capability_hold_s, heard.hold_code),
        ):
            key = self._key("circuit", heard.source, capability)
            if rest_s is None:
                # A worker that has not received yet that the circuit is open must not close it.
                if heard.outcome == Outcome.SUCCESS:
                    entries[key] = None
            else:
                entry = self._encoder.encode(_Open(heard.code or "", heard.message or ""))
                entries[key] = entry, round((rest_s + _OVERDUE_S) * 1000)
            if hold_s > 0:
                entry = self._encoder.encode(_Open(hold_code, heard.hold_reason))
                key = self._key("hold", heard.source, capability)
                entries[key] = entry, max(1, round(hold_s * 1000))

    # Receiving

    async def catch_up(self) -> None:
        """Take over the open circuits and cooldowns that are stored.

        Raises:
            RedisError, OSError: the store cannot be read.
        """
        names = [
            (kind, source, capability)
            for source in self._health.sources()
            for capability in ("", *self._health.capabilities(source))
            for kind in ("circuit", "hold")
        ]
        asked = [
            self._store.ask(command, self._key(*name))
            for name in names
            for command in ("GET", "PTTL")
        ]
        found = await asyncio.gather(*asked)
        decoder = msgspec.msgpack.Decoder(_Open)
        for (kind, source, capability), told, left_ms in zip(
            names, found[::2], found[1::2], strict=True
        ):
            if told is None or left_ms <= 0:
                continue
            try:
                kept = decoder.decode(told)
            except msgspec.DecodeError:
                self.damaged += 1
                continue
            left_s = left_ms / 1000
            if kind == "hold":
                self._health.take_hold(source, capability, left_s, kept.code, kept.message)
            else:
                rest_s = max(left_s - _OVERDUE_S, 0.0)
                self._health.take_open(source, capability, rest_s, kept.code, kept.message)

    async def _listen(self) -> None:
        await self._store.reached.wait()
        try:
            channel = await self._store.listen(self._listens_to, self._hear)
            try:
                # Messages from before this subscription are read from the store.
                await self.catch_up()
                await channel.ended.wait()
            finally:
                channel.close()
        except TROUBLE:
            await asyncio.sleep(_AGAIN_S)

    def _hear(self, data: bytes) -> None:
        try:
            news = self._decoder.decode(data)
        except msgspec.DecodeError:
            self.damaged += 1
            return
        if news.worker == self._worker:
            return
        self.heard += 1
        if news.kind == "reload":
            self._on_reload()
        elif news.kind == "reset" and not news.source:
            self._health.reset_all()
        elif news.source not in self._health.sources():
            return  # its plugin is not installed here
        elif news.kind == "reset":
            self._health.reset(news.source)
        elif news.heard is not None:
            self._health.hear(news.heard)

    def _key(self, kind: str, source: str, capability: str) -> str:
        return f"{self._prefix}{kind}:{{{source}}}:{capability}"

    def _keys(self, source: str | None) -> list[str]:
        """Keys of everything stored for one source, or for every source."""
        sources = self._health.sources() if source is None else [source]
        return [
            self._key(kind, name, capability)
            for name in sources
            for capability in ("", *self._health.capabilities(name))
            for kind in ("circuit", "hold")
        ]
