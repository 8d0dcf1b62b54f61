"""The sources of a feed, as far as it uses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from coinmux.framework.errors import CoinmuxError
    from coinmux.framework.models.base import Result
    from coinmux.framework.routing.options import RequestOptions
    from coinmux.framework.streams.feed import Feed
    from coinmux.framework.streams.side import Side, SideOwner


class Sources(Protocol):
    """The sources that can be followed."""

    def choose(self, feed: Feed, avoid: set[str], *, anyone: bool = False) -> list[str]:
        """Names of those that may be followed now, best first.

        Args:
            anyone: whether those count that failed lately: nobody else tells.
        """
        ...

    def side(self, feed: Feed, owner: SideOwner, name: str, since_ms: int | None) -> Side:
        """Begin to follow one.

        Raises:
            CoinmuxError: it cannot be followed.
        """
        ...

    def health(self, feed: Feed, name: str, error: CoinmuxError | None) -> None:
        """Record how following a source went: None for well."""
        ...

    def defect(self, feed: Feed, error: Exception) -> None:
        """Say that a feed ended by a defect of ours."""
        ...

    async def poll(self, feed: Feed, options: RequestOptions) -> Any:
        """An answer by REST, in place of a feed."""
        ...

    def keep(self, feed: Feed, provider: str, data: Result) -> None:
        """Store what a feed told as an answer of its source."""
        ...
