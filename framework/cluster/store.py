"""The connection to Valkey or Redis: dropped at once when it fails, reconnected by itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as StoreConnectionError
from redis.exceptions import RedisError

from coinmux.framework.cluster.lane import Channel, Lane
from coinmux.framework.config.settings import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.scripts import Script
    from coinmux.framework.secrets import Secret

#: No caller waits longer than this for the store.
WITHIN_S = 0.2
#: Connecting, the first time or again, may take longer: no caller waits for it.
_CONNECT_S = 2.0
_AGAIN_S = 0.5
#: A store that is lost again within this of being reached is left alone for twice as long each
#: time, but not beyond it: a loss costs callers `WITHIN_S`, a fiftieth of that time.
_SOUND_S = 10.0
#: What the store or the way to it may raise; everything else is a defect.
TROUBLE = (RedisError, OSError, TimeoutError)


class Store:
    """One store; every call ends within a fifth of a second, in which this process ran.

    Args:
        joined: run when the store is reached, for the first time or again, before it is used.
        lost: called when the connection was lost.

    Attributes:
        reached: set while the store is connected.
        trouble: why it is not connected, without the address; None while it is.
        losses: how often it was lost.
    """

    def __init__(
        self, url: Secret, joined: Callable[[], Awaitable[None]], lost: Callable[[], None]
    ) -> None:
        self._pool = _pool_of(url)
        self._lane: Lane | None = None
        self._channel: Channel | None = None
        self._further: set[Lane] = set()
        self._joined = joined
        self._lost = lost
        self._watchers: list[Callable[[], None]] = []
        #: Of connections that are being opened.
        self._opening: set[asyncio.Timeout] = set()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._supervisor: asyncio.Task[None] | None = None
        self._reached_at = 0.0
        self._pause_s = _AGAIN_S
        self.reached = asyncio.Event()
        self.trouble: str | None = "not reached yet"
        self.losses = 0

    @property
    def online(self) -> bool:
        """Whether the store is connected; otherwise calls return None without trying."""
        return self.reached.is_set()

    async def open(self) -> None:
        """Connect to the store, or keep trying in the background."""
        await self._try()
        self._supervisor = asyncio.ensure_future(self._supervise())

    async def close(self) -> None:
        """Close; background work gets a moment to finish."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            await asyncio.gather(self._supervisor, return_exceptions=True)
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=2 * WITHIN_S)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.online:
            # What nobody waits for is done when this is answered.
            await self.guard(self.ask("PING"))
        self.reached.clear()
        self._hang_up(None)

    def ask(self, *parts: Part) -> Awaitable[Any]:
        """Send a command; what it answers, or raises, is for the caller.

        Raises:
            ConnectionError: the store was never reached.
        """
        return self._connected().ask(*parts)

    async def run(self, script: Script, keys: Sequence[str], args: Sequence[Part]) -> Any:
        """What a script of `scripts` answers; None where the store is not there."""
        if not self.online:
            return None
        try:
            return await self._connected().ask_script(script, len(keys), *keys, *args)
        except TROUBLE as error:
            self._lose(error)
            return None

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Part]) -> Any:
        """As `run`, whether or not the store is thought to be there.

        Raises:
            RedisError, OSError, TimeoutError: while it is not, and cannot be reached.
        """
        if self.online:
            return await self.run(script, keys, args)
        return await self._connected().ask_script(script, len(keys), *keys, *args)

    def post(
        self, script: Script, keys: Sequence[str], args: Sequence[Part], *, at_once: bool = False
    ) -> None:
        """Run a script that nobody waits for; nothing where the store is not there.

        Args:
            at_once: it is sent before this returns, with all that was asked before.
        """
        if self.online:
            lane = self._connected()
            lane.post_script(script, len(keys), *keys, *args)
            if at_once:
                lane.flush()

    def watch(self, turned: Callable[[], None]) -> None:
        """Call `turned` each time that the store is lost, and that it is reached."""
        self._watchers.append(turned)

    async def listen(self, names: Sequence[str], heard: Callable[[bytes], None]) -> Channel:
        """Call `heard` with the messages of these channels, until the store is lost.

        Raises:
            RedisError, OSError, TimeoutError: it cannot be reached.
        """
        channel = Channel(heard)
        try:
            async with self._until_lost():
                await channel.open(self._pool.make_connection())  # type: ignore[no-untyped-call]
                channel.ask("SUBSCRIBE", *names)
                await channel.began.wait()
        except BaseException:
            channel.close()
            raise
        self._channel = channel
        return channel

    async def connect(self, lane: Lane) -> None:
        """Connect another lane, which is closed when the store is lost.

        Raises:
            RedisError, OSError, TimeoutError: it cannot be reached.
        """
        if not self.online:
            raise StoreConnectionError("not connected")
        try:
            async with self._until_lost():
                await lane.open(self._pool.make_connection())  # type: ignore[no-untyped-call]
        except BaseException:
            lane.close()
            raise
        self._further.add(lane)

    @asynccontextmanager
    async def _until_lost(self) -> AsyncIterator[None]:
        """Ends with `TimeoutError` after a while, and at once where the store is lost."""
        async with asyncio.timeout(_CONNECT_S) as scope:
            self._opening.add(scope)
            try:
                yield
            finally:
                self._opening.discard(scope)

    async def guard(self, work: Awaitable[Any]) -> Any:
        """The result of `work` on the store; None where it fails, which drops the connection.

        An answer that is too late ends the connection by itself.
        """
        try:
            return await work
        except TROUBLE as error:
            self._lose(error)
            return None

    def spawn(self, work: Awaitable[Any]) -> None:
        """Run `work` in the background; it must handle its own errors."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _lose(self, error: BaseException) -> None:
        if self.online:
            self.reached.clear()
            self.losses += 1
            self.trouble = told(error)
            self._hang_up(error)
            self._lost()
            self._wake.set()
            self._turned()

    def _hang_up(self, error: BaseException | None) -> None:
        for scope in self._opening:
            if not scope.expired():
                scope.reschedule(0)
        further, self._further = self._further, set()
        for lane in (self._lane, self._channel, *further):
            if lane is not None:
                lane.close(error)

    def _connected(self) -> Lane:
        if self._lane is None:
            raise StoreConnectionError("not connected")
        return self._lane

    async def _try(self) -> None:
        lane = Lane(self._lose)
        try:
            async with asyncio.timeout(_CONNECT_S):
                await lane.open(self._pool.make_connection())  # type: ignore[no-untyped-call]
            self._lane = lane
            await self._answers_in_time()
            async with asyncio.timeout(_CONNECT_S):
                await self._joined()
        except TROUBLE as error:
            lane.close(error)
            self.trouble = told(error)
            return
        lane.within_s = WITHIN_S
        self.trouble = None
        self._reached_at = asyncio.get_running_loop().time()
        self.reached.set()
        self._turned()

    def _turned(self) -> None:
        for turned in self._watchers:
            turned()

    async def _answers_in_time(self) -> None:
        """Ask it as callers will.

        Raises:
            ConnectionError: it would be lost with the first of them.
        """
        try:
            # What came while this process stood still is there, unlike after `asyncio.timeout`.
            await asyncio.wait_for(self.ask("PING"), WITHIN_S)
        except TimeoutError:
            raise ConnectionError("too slow") from None

    async def _supervise(self) -> None:
        while True:
            if self.online:
                self._wake.clear()
                await self._wake.wait()
                held_s = asyncio.get_running_loop().time() - self._reached_at
                self._pause_s = pause_after(held_s, self._pause_s)
                await asyncio.sleep(self._pause_s)
            else:
                await asyncio.sleep(_AGAIN_S)
            if not self.online:
                await self._try()


def alive_channel(prefix: str, worker: str) -> str:
    """The channel to which a worker listens while it is connected; nothing is told there."""
    return f"{prefix}alive:{worker}"


def pause_after(held_s: float, before_s: float) -> float:
    """Seconds for which a store is left alone that was there for `held_s`, last for `before_s`."""
    return max(min(2 * before_s, _SOUND_S - held_s), _AGAIN_S)


def _pool_of(url: Secret) -> ConnectionPool:
    """The connections to the store at this address.

    Raises:
        InvalidSetting: an option of the address cannot be used; nothing of it is shown.
    """
    address = re.sub("^valkey", "redis", url.reveal())
    try:
        pool = ConnectionPool.from_url(
            address,
            socket_timeout=None,
            socket_connect_timeout=_CONNECT_S,
            retry=Retry(NoBackoff(), 0),
        )
        pool.make_connection()  # type: ignore[no-untyped-call]
    except (ValueError, TypeError, RedisError):
        message = "has an option after ? that cannot be used, or a database that is no number"
        raise InvalidSetting(
            f"STATE_URL {message}", errors=[{"name": "STATE_URL", "message": message}]
        ) from None
    return pool


def told(error: BaseException) -> str:
    """The trouble in a few words; messages of clients may hold the address."""
    text = str(error).lower()
    if isinstance(error, TimeoutError):
        return "it does not answer"
    if "auth" in text or "password" in text or "noperm" in text:
        return "it refuses the user"
    if "loading" in text:
        return "it is loading its data"
    if "too slow" in text:
        return f"it takes longer than {WITHIN_S * 1000:.0f} ms to answer"
    if "maxmemory" in text or "oom" in text:
        return "its memory is full"
    if "readonly" in text or "read only" in text or "misconf" in text:
        return "it cannot be written to"
    if "refused" in text or "connecting" in text or "closed" in text:
        return "it does not accept connections"
    return type(error).__name__
