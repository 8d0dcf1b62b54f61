"""The connection to Valkey or Redis: dropped at once when it fails, reconnected by itself."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from coinmux.framework.cluster import scripts
from coinmux.framework.config.settings import InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.secrets import Secret

#: No caller waits longer than this for the store.
WITHIN_S = 0.2
#: Connecting, the first time or again, may take longer: no caller waits for it.
_CONNECT_S = 2.0
_AGAIN_S = 0.5
#: A store that is lost so soon after it was reached is left alone for longer each time.
_SOUND_S, _LONGEST_PAUSE_S = 30.0, 30.0
_CONNECTIONS = 16
#: What the store or the way to it may raise; everything else is a defect.
TROUBLE = (RedisError, OSError, TimeoutError)
_NAMES = ("TAKE", "COUNT", "LEASE", "RELEASE", "LOOK", "KEEP", "BEAT")


class Store:
    """One store; every call ends within a fifth of a second.

    Args:
        joined: run when the store is reached, for the first time or again, before it is used.
        lost: called when the connection was lost.

    Attributes:
        reached: set while the store is connected.
        trouble: why it is not connected, without the address; None while it is.
    """

    def __init__(
        self, url: Secret, joined: Callable[[], Awaitable[None]], lost: Callable[[], None]
    ) -> None:
        pool = _pool_of(url)
        self.client: Redis = Redis(connection_pool=pool)
        self._scripts = {
            name: self.client.register_script(getattr(scripts, name)) for name in _NAMES
        }
        self._joined = joined
        self._lost = lost
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._supervisor: asyncio.Task[None] | None = None
        self._reached_at = 0.0
        self._pause_s = _AGAIN_S
        self.reached = asyncio.Event()
        self.trouble: str | None = "not reached yet"

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
        self.reached.clear()
        await self.client.aclose(close_connection_pool=True)

    async def run(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """What a script of `scripts` answers; None where the store is not there."""
        return await self.call(script, keys, args) if self.online else None

    async def call(self, script: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """As `run`, whether or not the store is thought to be there.

        Raises:
            RedisError, OSError, TimeoutError: while it is not, and cannot be reached.
        """
        work = self._scripts[script](keys=keys, args=args)
        return await (self.guard(work) if self.online else work)

    async def guard(self, work: Awaitable[Any], within_s: float = WITHIN_S) -> Any:
        """The result of `work` on the store; None where it fails, which drops the connection."""
        try:
            async with asyncio.timeout(within_s):
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
            self.trouble = told(error)
            self._lost()
            self._wake.set()

    async def _try(self) -> None:
        try:
            async with asyncio.timeout(_CONNECT_S):
                # Every connection is made here, where no caller waits for it.
                await asyncio.gather(*(self.client.ping() for _ in range(_CONNECTIONS)))
            await self._answers_in_time()
            async with asyncio.timeout(_CONNECT_S):
                await self._joined()
        except TROUBLE as error:
            self.trouble = told(error)
            return
        self.trouble = None
        self._reached_at = asyncio.get_running_loop().time()
        self.reached.set()

    async def _answers_in_time(self) -> None:
        """Ask it as callers will.

        Raises:
            ConnectionError: it would be lost with the first of them.
        """
        try:
            async with asyncio.timeout(WITHIN_S):
                await self.client.ping()
        except TimeoutError:
            raise ConnectionError("too slow") from None

    async def _supervise(self) -> None:
        while True:
            if self.online:
                self._wake.clear()
                await self._wake.wait()
                sound = asyncio.get_running_loop().time() - self._reached_at >= _SOUND_S
                self._pause_s = _AGAIN_S if sound else min(2 * self._pause_s, _LONGEST_PAUSE_S)
                await asyncio.sleep(self._pause_s)
            else:
                await asyncio.sleep(_AGAIN_S)
            if not self.online:
                # Connections to a store that stalled may have read half an answer.
                await self.client.connection_pool.disconnect()
                await self._try()


def _pool_of(url: Secret) -> BlockingConnectionPool:
    """The connections to the store at this address.

    Raises:
        InvalidSetting: an option of the address cannot be used; nothing of it is shown.
    """
    address = re.sub("^valkey", "redis", url.reveal())
    try:
        pool = BlockingConnectionPool.from_url(
            address,
            max_connections=_CONNECTIONS,
            timeout=WITHIN_S,
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
