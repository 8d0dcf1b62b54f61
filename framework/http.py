"""Skeleton: replaced by its owner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

if TYPE_CHECKING:
    from framework.assets import AssetDirectory
    from framework.feeds import FeedEntry
T = TypeVar("T")
Scalar = str | int | float | bool | None


def segment(value: object) -> str:
    return quote(str(value), safe="")


class HTTP:
    provider: str
    assets: AssetDirectory

    def now_ms(self) -> int:
        raise RuntimeError

    def setting(self, name: str) -> str | None:
        raise RuntimeError

    def has(self, name: str) -> bool:
        raise RuntimeError

    async def get_json(
        self,
        path: str,
        params: Mapping[str, Scalar] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        host: str | None = None,
        weight: float = 1,
        empty_ok: bool = False,
    ) -> Any:
        raise RuntimeError

    async def post_json(
        self,
        path: str,
        json: Any,
        *,
        params: Mapping[str, Scalar] | None = None,
        headers: Mapping[str, str] | None = None,
        host: str | None = None,
        weight: float = 1,
        empty_ok: bool = False,
    ) -> Any:
        raise RuntimeError

    async def get_feed(
        self, path: str, *, host: str | None = None, weight: float = 1
    ) -> list[FeedEntry]:
        raise RuntimeError

    def via(self, channel: str) -> HTTP:
        raise RuntimeError

    def channels(self, tag: str | None = None) -> list[str]:
        raise RuntimeError

    async def first_of(self, channels: Sequence[str], call: Callable[[HTTP], Awaitable[T]]) -> T:
        raise RuntimeError

    async def each_of(
        self, channels: Sequence[str], call: Callable[[HTTP], Awaitable[T]]
    ) -> list[T]:
        raise RuntimeError
