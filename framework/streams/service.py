"""Live feeds of a gateway: one for each question, however many readers it has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from coinmux.framework.errors import (
    CoinmuxError,
    DeadlineExceeded,
    FeatureDisabled,
    NotOffered,
    Outcome,
    ProviderError,
    UnknownProvider,
)
from coinmux.framework.health.classify import record_error
from coinmux.framework.health.tracker import live_name
from coinmux.framework.models.live import STREAMED
from coinmux.framework.routing.options import CONSENSUS, RequestOptions
from coinmux.framework.streams.checks import FeedChecks
from coinmux.framework.streams.choice import Choice, can_follow
from coinmux.framework.streams.composite_feed import CompositeFeed
from coinmux.framework.streams.connections import Connections
from coinmux.framework.streams.explanation import explained, told_elsewhere
from coinmux.framework.streams.feed import Feed
from coinmux.framework.streams.feed_figures import FeedCounts, FeedUse
from coinmux.framework.streams.lanes import answers, beside_pair, lane_for, made_of, subject_of
from coinmux.framework.streams.polled_voice import poll_pause_s
from coinmux.framework.streams.reader import Reader
from coinmux.framework.streams.side import Side
from coinmux.framework.streams.socket_use import SocketUse
from coinmux.framework.streams.wires import Wires
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from coinmux.framework.clock import Clock
    from coinmux.framework.events import EventBus
    from coinmux.framework.health.tracker import HealthTracker, Lease
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.socket_dialect import Subscription
    from coinmux.framework.quality.clock_watch import ClockWatch
    from coinmux.framework.quality.consensus import Deviations
    from coinmux.framework.quality.jump_check import JumpCheck
    from coinmux.framework.routing.router import Router
    from coinmux.framework.sources.registry import SourceRegistry
    from coinmux.framework.sources.source import Source
    from coinmux.framework.streams.explanation import FeedExplanation, FollowedElsewhere
    from coinmux.framework.streams.side import SideOwner
    from coinmux.framework.streams.voice import Voice
    from coinmux.framework.transport.client import SafeHTTPClient

#: A feed nobody reads goes on for so long, since its readers often come back.
_LINGER_S = 5.0
#: How long an attempt to follow a source may take, for its lease.
_ATTEMPT_S = 20.0


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """Live feeds of a gateway.

    Attributes:
        feeds: those followed now.
        counted: by capability, those that have ended included.
        sockets: the connections of each source.
    """

    feeds: list[FeedUse]
    counted: dict[str, FeedCounts]
    sockets: dict[str, list[SocketUse]]


class Told(Protocol):
    """The dispatcher, as far as a feed uses it."""

    deviations: Deviations

    @property
    def known(self) -> JumpCheck:
        """The last known figures."""
        ...

    def keep_live(self, row: Capability, query: Query, provider: str, data: Result) -> None:
        """Store what a feed told as an answer."""
        ...


class Sharing(Protocol):
    """What follows questions once for several workers."""

    async def followed(
        self, row: Capability, query: Query, options: RequestOptions
    ) -> FollowedElsewhere | None:
        """What another worker that follows a question says of it; None where none does."""
        ...

    def feed(
        self,
        row: Capability,
        query: Query,
        subject: str,
        options: RequestOptions,
        begin: Callable[[], Feed],
        *,
        simulated: bool,
    ) -> Voice:
        """The feed of a question, which this worker follows with `begin` or another does."""
        ...


class LiveFeeds:
    """The feeds and the connections behind them.

    Args:
        fetch: asks a question by REST.
        shared: follows a question once for several workers; None where there is one.
    """

    def __init__(
        self,
        registry: SourceRegistry,
        router: Router,
        health: HealthTracker,
        client: SafeHTTPClient,
        dispatcher: Told,
        fetch: Callable[[Query, RequestOptions], Awaitable[Any]],
        clocks: ClockWatch,
        events: EventBus,
        clock: Clock,
        *,
        simulated: bool,
        shared: Sharing | None = None,
    ) -> None:
        self._registry = registry
        self._router = router
        self._health = health
        self._client = client
        self._dispatcher = dispatcher
        self._fetch = fetch
        self._clocks = clocks
        self._events = events
        self._clock = clock
        self._simulated = simulated
        self._choice = Choice(registry, router, health)
        self._shared = shared
        self._feeds: dict[Hashable, Voice] = {}
        self._ended: dict[str, FeedCounts] = {}
        self._lingering: dict[Hashable, asyncio.TimerHandle] = {}
        self._connections: dict[str, tuple[Source, Connections]] = {}
        self._leases: dict[tuple[int, str], tuple[Lease, float]] = {}
        #: The last failure of each source that was recorded.
        self._failures: dict[str, CoinmuxError] = {}
        self._ending: set[asyncio.Task[None]] = set()
        self._is_closed = False

    async def open(
        self,
        row: Capability,
        query: Query,
        options: RequestOptions,
        *,
        most: int,
        since: str | None,
        timeout_s: float,
    ) -> tuple[Reader[Any], Callable[[Reader[Any]], None]]:
        """A reader of the question's feed, and what ends it.

        Raises:
            UnknownProvider, FeatureDisabled: the pinned source is none, or off.
            RoutingError: no source can tell it now.
        """
        pinned = options.provider
        if pinned is not None:
            self._check_pinned(row, pinned)
        key = (row.name, query, pinned, options.strategy)
        make = partial(self._shared_or_own, row, query, options)
        return await self.join(key, make, most=most, since=since, timeout_s=timeout_s)

    async def join(
        self,
        key: Hashable,
        make: Callable[[], Voice],
        *,
        most: int,
        since: str | None,
        timeout_s: float,
    ) -> tuple[Reader[Any], Callable[[Reader[Any]], None]]:
        """A reader of what `make` begins, unless it goes on already; and what ends the reader.

        Args:
            key: what tells it from others.

        Raises:
            CoinmuxError: it could not begin.
        """
        feed = self._feeds.get(key)
        if feed is None:
            feed = self._feeds[key] = make()
        if (timer := self._lingering.pop(key, None)) is not None:
            timer.cancel()
        reader: Reader[Any] = Reader(most)
        had_event = feed.ready.done()
        if not had_event:
            # What is told while it waits is its own.
            feed.add(reader, since)
        try:
            async with asyncio.timeout(timeout_s):
                await asyncio.shield(feed.ready)
        except TimeoutError:
            self._leave(key, feed, reader)
            raise DeadlineExceeded(f"no source told {feed.subject} in {timeout_s:g} s") from None
        except BaseException:
            self._leave(key, feed, reader)
            raise
        if had_event:
            feed.add(reader, since)
        return reader, partial(self._leave, key, feed)

    def _shared_or_own(self, row: Capability, query: Query, options: RequestOptions) -> Voice:
        begin = partial(self._feed, row, query, options)
        if self._shared is None:
            return begin()
        return self._shared.feed(
            row, query, subject_of(query), options, begin, simulated=self._simulated
        )

    def _feed(self, row: Capability, query: Query, options: RequestOptions) -> Feed:
        given = (row, query, subject_of(query), options, self, self._clock)
        if options.strategy == CONSENSUS and row.consensus is not None:
            together = self._registry.env.settings.consensus_sources
            return CompositeFeed(
                *given, rule=row.consensus, together=together, simulated=self._simulated
            )
        return Feed(*given, simulated=self._simulated)

    def refresh(self) -> None:
        """Follow no longer what is switched off, and over connections made anew what changed."""
        changed = {
            name
            for name, (source, _) in self._connections.items()
            if self._registry.sources.get(name) is not source
        }
        for name in changed:
            _, connections = self._connections.pop(name)
            self._in_background(connections.close())
        for feed in self._feeds.values():
            feed.changed(changed)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    def explain(self, row: Capability, query: Query, options: RequestOptions) -> FeedExplanation:
        """Why the question is told by whom, or would be; follows nothing.

        Raises:
            UnknownProvider, FeatureDisabled: the pinned source is none, or off.
        """
        if options.provider is not None:
            self._check_pinned(row, options.provider)
        is_composite = options.strategy == CONSENSUS and row.consensus is not None
        return explained(
            beside_pair(query),
            self._feeds.get((row.name, query, options.provider, options.strategy)),
            self._choice.candidates(row.name, query, options),
            self._clock,
            self.sockets(),
            capability=row.name,
            subject=subject_of(query),
            strategy=options.strategy,
            pinned=options.provider,
            together=self._registry.env.settings.consensus_sources if is_composite else 1,
            would_poll_s=poll_pause_s(row.freshness_of(query, self._clock.wall_ms()).fresh_s),
        )

    async def explain_shared(
        self, row: Capability, query: Query, options: RequestOptions
    ) -> FeedExplanation:
        """As `explain`; of what nobody follows here, what the worker says that does.

        Raises:
            UnknownProvider, FeatureDisabled: the pinned source is none, or off.
        """
        own = self.explain(row, query, options)
        if own.followed or self._shared is None:
            return own
        other = await self._shared.followed(row, query, options)
        return own if other is None else told_elsewhere(own, other)

    def uses(self) -> list[FeedUse]:
        """Each feed, in figures."""
        return [feed.use() for feed in self._feeds.values()]

    def counted(self) -> dict[str, FeedCounts]:
        """What feeds of each capability counted, those that have ended included."""
        found = dict(self._ended)
        for use in self.uses():
            found[use.capability] = found.get(use.capability, FeedCounts()).plus(use)
        return found

    def figures(self) -> LiveFigures:
        """All of it in figures."""
        return LiveFigures(self.uses(), self.counted(), self.sockets())

    def sockets(self) -> dict[str, list[SocketUse]]:
        """The connections of each source, in figures."""
        return {name: made.uses() for name, (_, made) in self._connections.items()}

    async def close(self) -> None:
        """End every feed and every connection."""
        self._is_closed = True
        for timer in self._lingering.values():
            timer.cancel()
        feeds = list(self._feeds.values())
        self._feeds.clear()
        await asyncio.gather(*(feed.close() for feed in feeds), *self._ending)
        await asyncio.gather(*(made.close() for _, made in self._connections.values()))
        self._connections.clear()

    def _check_pinned(self, row: Capability, name: str) -> None:
        source = self._registry.sources.get(name)
        if source is None:
            known = list(self._registry.sources)
            raise UnknownProvider(f"no provider {name[:60]!r}", did_you_mean=near(name, known))
        if (refusal := source.disabled()) is not None:
            raise FeatureDisabled(refusal.detail, reason=refusal.code)
        if row.name not in source.fetch and not can_follow(source, row.name):
            raise NotOffered(f"{name} does not offer {row.name}")

    def _leave(self, key: Hashable, feed: Voice, reader: Reader[Any]) -> None:
        feed.remove(reader)
        if feed.readers or self._is_closed or self._feeds.get(key) is not feed:
            return
        failed = feed.ready.done() and (
            feed.ready.cancelled() or feed.ready.exception() is not None
        )
        loop = asyncio.get_running_loop()
        if (timer := self._lingering.pop(key, None)) is not None:
            timer.cancel()
        if failed:
            self._end(key)
        else:
            self._lingering[key] = loop.call_later(_LINGER_S, self._end, key)

    def _end(self, key: Hashable) -> None:
        self._lingering.pop(key, None)
        feed = self._feeds.get(key)
        if feed is None or feed.readers:
            return
        if (wanted_s := feed.wanted_s()) > 0:
            again = asyncio.get_running_loop().call_later(wanted_s, self._end, key)
            self._lingering[key] = again
            return
        del self._feeds[key]
        use = feed.use()
        self._ended[use.capability] = self._ended.get(use.capability, FeedCounts()).plus(use)
        self._in_background(feed.close())

    # Sources

    def choose(self, feed: Feed, avoid: set[str], *, anyone: bool = False) -> list[str]:
        """Names of the sources that may be followed now, best first."""
        name = feed.row.name
        found = []
        for one in self._choice.candidates(name, feed.query, feed.options):
            is_allowed = one.refusal is None or (anyone and one.refusal.code == "offline")
            if is_allowed and one.source.name not in avoid:
                self._register(one.source)
                found.append(one.source.name)
        return found

    def side(self, feed: Feed, owner: SideOwner, name: str, since_ms: int | None) -> Side:
        """Begin to follow one source.

        Raises:
            CoinmuxError: it cannot be followed.
        """
        source = self._registry.sources.get(name)
        if source is None:
            raise UnknownProvider(f"{name} is gone")
        row, query = feed.row, feed.query
        follow = source.provider.follow
        trades = made_of(query, follow, row.name)
        hook = follow[row.name if trades is None else "trades"]
        asked = query if trades is None else trades
        wires = Wires(source, self._client, self._clock)
        checks = FeedChecks(
            name, row, query, self._dispatcher.known, self._clocks, self._dispatcher.deviations,
            is_foreign=not source.provider.is_built_in,
        )  # fmt: skip
        lane = lane_for(row.name, query, self._clock, since_ms, is_made=trades is not None)
        made = Side(name, owner, lane, checks, self._fetch, wires.http)
        lease = self._health.begin(live_name(name), f"stream_{row.name}", _ATTEMPT_S)
        if lease is not None:
            self._leases[id(feed), name] = (lease, self._clock.monotonic())

        def subscription() -> Subscription[Any]:
            return hook(asked)

        try:
            made.follow(self._connections_of(source), subscription)
        except BaseException:
            self._release(feed, name)
            raise
        return made

    def health(self, feed: Feed, name: str, error: CoinmuxError | None) -> None:
        """Record how following a source went: None for well.

        A connection that is lost fails each feed on it, by one error, and counts once.
        """
        live, capability = live_name(name), f"stream_{feed.row.name}"
        if live not in self._health.sources():
            return
        now = self._clock.monotonic()
        lease, began = self._leases.pop((id(feed), name), (None, now))
        if lease is None:
            if error is None:
                # It is heard: its circuit need not stay open until a probe is due.
                self._health.hasten(live)
            lease = self._health.begin(live, capability, _ATTEMPT_S)
            if lease is None:
                return
        if error is not None and error is self._failures.get(name):
            self._health.release(lease)
            return
        if error is None:
            self._health.record(lease, Outcome.SUCCESS, elapsed_s=now - began)
        elif isinstance(error, ProviderError):
            self._failures[name] = error
            record_error(self._health, lease, error, now - began)
        else:
            self._health.release(lease)

    def defect(self, feed: Voice, error: Exception) -> None:
        """A feed ended by a defect of ours."""
        self._events.publish(
            "error",
            f"the feed of {feed.capability} {feed.subject} ended: {type(error).__name__}: {error}",
            level="error",
        )

    async def poll(self, feed: Feed, options: RequestOptions) -> Any:
        """An answer by REST, in place of a feed."""
        return await self._fetch(feed.query, options)

    def keep(self, feed: Feed, provider: str, data: Result) -> None:
        """Store what a feed told as an answer of its source."""
        if answers(data, feed.query):
            self._dispatcher.keep_live(feed.row, feed.query, provider, data)

    def _release(self, feed: Feed, name: str) -> None:
        lease, _ = self._leases.pop((id(feed), name), (None, 0.0))
        if lease is not None:
            self._health.release(lease)

    def _register(self, source: Source) -> None:
        name = live_name(source.name)
        if name not in self._health.sources():
            self._health.register(
                name, [f"stream_{one}" for one in STREAMED if can_follow(source, one)]
            )

    def _connections_of(self, source: Source) -> Connections:
        known = self._connections.get(source.name)
        if known is not None and known[0] is source:
            return known[1]
        wires = Wires(source, self._client, self._clock)
        dialect = source.provider.dialect
        assert dialect is not None
        made = Connections(dict(source.info.sockets), dialect, wires.opener)
        self._connections[source.name] = (source, made)
        return made
