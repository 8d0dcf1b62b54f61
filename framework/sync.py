"""The synchronous twin of `Gateway`, for notebooks and scripts; derived, not written beside it."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from typing_extensions import Unpack

from coinmux.framework.blocking import Blocking
from coinmux.framework.gateway import Gateway

if TYPE_CHECKING:
    from coinmux.framework.following import IndicatorKeywords, StreamKeywords
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.indicator_values import IndicatorValues
    from coinmux.framework.streams.sync_stream import SyncStream


class SyncGateway(Blocking[Gateway]):
    """A `Gateway` whose coroutines are plain calls, run on an event loop of their own thread.

    Every public method and attribute of `Gateway` is there under its name; those that are
    `async def` block until they are done. It works inside a running event loop, as in a notebook.

    ```python
    with SyncGateway.from_env() as gateway:
        print(gateway.ticker("BTC/USDT").data.last)
    ```
    """

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway, "coinmux-gateway", "with SyncGateway.from_env() as gateway")

    @classmethod
    def from_env(cls, *args: Any, **options: Any) -> Self:
        """As `Gateway.from_env`."""
        return cls(Gateway.from_env(*args, **options))

    def __enter__(self) -> Self:
        self._start()
        self._run(self._twin.__aenter__())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._run(self._twin.close())
        finally:
            self._stop()

    def stream(
        self, capability: str, symbol: str, **options: Unpack[StreamKeywords]
    ) -> SyncStream[Result]:
        """As `Gateway.stream`, to be entered with `with` and read with `for`."""
        from coinmux.framework.streams.sync_stream import SyncStream

        return SyncStream(self._twin.stream(capability, symbol, **options), self._run)

    def stream_indicator(
        self, name: str, symbol: str, **options: Unpack[IndicatorKeywords]
    ) -> SyncStream[IndicatorValues]:
        """As `Gateway.stream_indicator`, to be entered with `with` and read with `for`."""
        from coinmux.framework.streams.sync_stream import SyncStream

        return SyncStream(self._twin.stream_indicator(name, symbol, **options), self._run)
