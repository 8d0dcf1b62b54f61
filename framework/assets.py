"""Skeleton: replaced by its owner."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AssetCandidate:
    id: str
    symbol: str
    name: str
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class AssetId:
    id: str
    name: str
    notes: tuple[str, ...] = ()


class AssetDirectory:
    async def resolve(
        self, asset: str, search: Callable[[str], Awaitable[Sequence[AssetCandidate]]]
    ) -> AssetId:
        raise RuntimeError
