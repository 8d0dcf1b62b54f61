"""The synchronous twin of `Gateway`, for notebooks and scripts; derived, not written beside it."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from typing_extensions import Unpack

from coinmux.framework.gateway import Gateway

if TYPE_CHECKING:
    from coinmux.framework.following import IndicatorKeywords, StreamKeywords
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.indicator_values import IndicatorValues
    from coinmux.framework.streams.sync_stream import SyncStream

T = TypeVar("T")


class SyncGateway:
    """A `Gateway` whose coroutines are plain calls, run on an event loop of their own thread.

    Every public method and attribute of `Gateway` is there under its name; those that are
    `async def` block until they are done. It works inside a running event loop, as in a notebook.

    ```python
    with SyncGateway.from_env() as gateway:
        print(gateway.ticker("BTC/USDT").data.last)
    ```
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="coinmux-gateway", daemon=True
        )

    @classmethod
    def from_env(cls, *args: Any, **options: Any) -> Self:
        """As `Gateway.from_env`."""
        return cls(Gateway.from_env(*args, **options))

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._gateway.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._run(self._gateway.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def stream(
        self, capability: str, symbol: str, **options: Unpack[StreamKeywords]
    ) -> SyncStream[Result]:
        """As `Gateway.stream`, to be entered with `with` and read with `for`."""
        from coinmux.framework.streams.sync_stream import SyncStream

        return SyncStream(self._gateway.stream(capability, symbol, **options), self._run)

    def stream_indicator(
        self, name: str, symbol: str, **options: Unpack[IndicatorKeywords]
    ) -> SyncStream[IndicatorValues]:
        """As `Gateway.stream_indicator`, to be entered with `with` and read with `for`."""
        from coinmux.framework.streams.sync_stream import SyncStream

        return SyncStream(self._gateway.stream_indicator(name, symbol, **options), self._run)

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():
            coroutine.close()
            raise RuntimeError(
                "use it as a context manager: with SyncGateway.from_env() as gateway"
            )
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("a listener on the gateway's own thread cannot wait for the gateway")
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            # Ctrl-C in a notebook ends the call, not only the waiting for it.
            future.cancel()
            raise

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(self._gateway, name)
        return self._blocking(value) if inspect.iscoroutinefunction(value) else value

    def _blocking(self, method: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
        @wraps(method)
        def call(*args: Any, **options: Any) -> T:
            return self._run(method(*args, **options))

        return call

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(n for n in dir(self._gateway) if n[:1] != "_")})
