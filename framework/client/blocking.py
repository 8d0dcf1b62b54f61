"""The synchronous twin of `AsyncClient`; derived, not written beside it."""

from __future__ import annotations

from typing import Any, Self, Unpack

from coinmux.framework.blocking import Blocking
from coinmux.framework.client.async_client import AsyncClient, ClientKeywords
from coinmux.framework.client.stream import BlockingStream


class Client(Blocking[AsyncClient]):
    """An `AsyncClient` whose coroutines are plain calls, run on an event loop of their own thread.

    It works inside a running event loop, as in a notebook.

    ```python
    with Client("http://127.0.0.1:7860") as client:
        print(client.ticker("BTC/USDT").data.last)
    ```
    """

    def __init__(
        self, url: str = "http://127.0.0.1:7860", **options: Unpack[ClientKeywords]
    ) -> None:
        client = AsyncClient(url, **options)
        super().__init__(client, "coinmux-client", "with Client(url) as client")

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._run(self._twin.close())
        finally:
            self._stop()

    def stream(self, capability: str, symbol: str, **options: Any) -> BlockingStream[Any]:
        """As `AsyncClient.stream`, to be entered with `with` and read with `for`."""
        return BlockingStream(self._twin.stream(capability, symbol, **options), self._run)

    def stream_indicator(self, name: str, symbol: str, **options: Any) -> BlockingStream[Any]:
        """As `AsyncClient.stream_indicator`, to be entered with `with` and read with `for`."""
        return BlockingStream(self._twin.stream_indicator(name, symbol, **options), self._run)
