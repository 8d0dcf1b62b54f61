"""News sources that answer, and have had nothing new for days."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from coinmux.framework.incidents.conditions import Condition

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.cache.answer import FetchResult
    from coinmux.framework.clock import Clock
    from coinmux.framework.models.news import News

#: The newest item of a feed that lives is younger.
_SILENT_MS = 172_800_000
#: A source that nobody asked for so long says nothing.
_ASKED_MS = 7_200_000
_HOUR_MS = 3_600_000


class FeedWatch:
    """Remembers the newest item of each news source.

    Args:
        title_of: the title of a source by its name.
    """

    def __init__(self, title_of: Callable[[str], str], clock: Clock) -> None:
        self._title_of = title_of
        self._clock = clock
        #: By source: when it last answered, and the time of the newest item it ever had.
        self._newest: dict[str, tuple[int, int]] = {}

    def on_stored(self, fetched: FetchResult) -> None:
        """Look at the news a request brought."""
        news = cast("News", fetched.data)
        times = [item.published_at for item in news.items if item.published_at is not None]
        if times:
            before = self._newest.get(fetched.provider, (0, 0))[1]
            newest = (self._clock.wall_ms(), max(before, *times))
            self._newest[fetched.provider] = newest

    def look(self, now_ms: int) -> list[Condition]:
        """Those that are silent now."""
        found = []
        for name, (asked, newest) in self._newest.items():
            if now_ms - asked <= _ASKED_MS and now_ms - newest > _SILENT_MS:
                hours = (now_ms - newest) // _HOUR_MS
                found.append(
                    Condition(
                        "warning", f"feed:{name}", f"Feed of {self._title_of(name)}", "minor",
                        "feed_silent", f"its newest item is {hours} hours old", ("news",),
                    )
                )  # fmt: skip
        return found
