"""Coroutines as plain calls, run on an event loop of their own thread."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Twin = TypeVar("Twin")


class Blocking(Generic[Twin]):
    """Every public method and attribute of an object; its coroutines block until they are done.

    Args:
        twin: the object.
        name: of the thread.
        usage: how it is used as a context manager, for whoever does not.
    """

    def __init__(self, twin: Twin, name: str, usage: str) -> None:
        self._twin = twin
        self._name = name
        self._usage = usage
        self._thread: threading.Thread | None = None

    def _start(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=self._name, daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        assert self._thread is not None
        self._run(self._loop.shutdown_asyncgens())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._thread = None

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if self._thread is None:
            coroutine.close()
            raise RuntimeError(f"use it as a context manager: {self._usage}")
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("what runs on its own thread cannot wait for it")
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
        value = getattr(self._twin, name)
        return self._blocking(value) if inspect.iscoroutinefunction(value) else value

    def _blocking(self, method: Callable[..., Coroutine[Any, Any, T]]) -> Callable[..., T]:
        @wraps(method)
        def call(*args: Any, **options: Any) -> T:
            return self._run(method(*args, **options))

        return call

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(n for n in dir(self._twin) if n[:1] != "_")})
