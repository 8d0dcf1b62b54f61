"""The client a fetch hook is given: it sends requests to the source and returns parsed JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from coinmux.framework.clock import Deadline
from coinmux.framework.errors import (
    Challenge,
    CoinmuxError,
    Empty,
    InvalidRequest,
    Malformed,
    NotJSON,
    NotOffered,
    Outcome,
    PluginError,
    ProviderBusy,
    ProviderError,
)
from coinmux.framework.formats import number_rows, strict_json
from coinmux.framework.formats.feeds import FeedEntry, read_feed
from coinmux.framework.models.base import Query, R_co
from coinmux.framework.plugins.loop_watch import Watched
from coinmux.framework.plugins.provider_info import Reply
from coinmux.framework.secrets import Secret, without
from coinmux.framework.sources import response_errors, table_errors
from coinmux.framework.sources.binding import BoundSource, ChannelChooser, OtherSources
from coinmux.framework.transport.client import OFF_LOOP_BYTES, SafeHTTPClient

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from coinmux.framework.cache import answer as cached
    from coinmux.framework.reference.assets import AssetDirectory
    from coinmux.framework.reference.strategy import Strategy
    from coinmux.framework.transport.endpoint import Endpoint, Scalar
    from coinmux.framework.transport.messages import Answer, Outgoing

T = TypeVar("T")
TEXT_CHARS = 2_000


def segment(value: object) -> str:
    """A value made safe as one segment of a path.

    Raises:
        InvalidRequest: `.` and `..`, which servers take for a step up.
    """
    text = str(value)
    if text in (".", ".."):
        raise InvalidRequest(f"{text!r} names nothing")
    return quote(text, safe="")


class HTTP:
    """One attempt's way to one source. Built for each attempt and then dropped.

    Args:
        source: the provider as configured.
        client: of the Gateway.
        deadline: of the attempt.
        query: what is asked, for the plugin's `map_error`.
        desk: keeps the health of channels; without one each is available.
        channel: the one it is bound to, in place of the source's base URL.
        others: asks other sources; None for a source that asks nobody.

    Attributes:
        provider: the source's name.
        channel: the channel's name, "" for the source's own address.
    """

    __slots__ = (
        "_client", "_deadline", "_desk", "_endpoint", "_others", "_query", "_source", "channel",
        "provider",
    )  # fmt: skip

    def __init__(
        self,
        source: BoundSource,
        client: SafeHTTPClient,
        deadline: Deadline,
        query: Query,
        desk: ChannelChooser | None = None,
        channel: str = "",
        others: OtherSources | None = None,
    ) -> None:
        self.provider = source.info.name
        self._source = source
        self._client = client
        self._deadline = deadline
        self._query = query
        self._desk = desk
        self._others = others
        self.channel = channel
        self._endpoint = source.channels[channel] if channel else source.endpoint

    @property
    def assets(self) -> AssetDirectory:
        """Finds a coin's id at this source."""
        return self._source.assets

    def now_ms(self) -> int:
        """Wall time, Unix milliseconds."""
        return self._source.clock.wall_ms()

    def setting(self, name: str) -> str | None:
        """Value of a declared variable; None where it is not set."""
        value = self._source.settings.get(name)
        return value.reveal() if isinstance(value, Secret) else value

    def has(self, name: str) -> bool:
        """Whether a declared variable is set."""
        return name in self._source.settings

    async def get_json(
        self,
        path: str,
        params: Mapping[str, Scalar] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        host: str | None = None,
        weight: float = 1,
        empty_ok: bool = False,
        mend: bool = False,
        rows: Sequence[str] | None = None,
    ) -> Any:
        """The JSON answer to a GET.

        Args:
            path: appended to the base URL; foreign values go through `segment`.
            params: in order; None is left out.
            headers: over those of the source.
            host: one of `ProviderInfo.hosts`, in place of the base URL.
            weight: of the request against the source's rate limits.
            empty_ok: whether `{}` and `[]` are answers.
            mend: whether stray backslashes and control characters are taken out of a body that is
                no JSON; for a source that is known to write them.
            rows: the leading columns of the answer's one long list of lists of numbers, as
                `Candles.from_rows` takes them. That list then is a sequence of the same rows, which
                `Candles.from_rows` reads in half the time.

        Raises:
            ProviderError: see the tree in `coinmux.framework.errors`.
            UnknownSymbol: the plugin's `map_error` says so.
        """
        endpoint = self._endpoint if host is None else self._host(host)
        lines = endpoint.headers if headers is None else endpoint.headers_with(headers)
        request = endpoint.request("GET", path, params, lines)
        return await self._json(await self._send(request, weight), empty_ok, mend=mend, rows=rows)

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
        """The JSON answer to a POST of JSON. Never sent twice; else as `get_json`."""
        endpoint = self._endpoint if host is None else self._host(host)
        body = msgspec.json.encode(json)
        lines = endpoint.headers_with({**(headers or {}), "Content-Type": "application/json"})
        request = endpoint.request("POST", path, params, lines, body)
        return await self._json(await self._send(request, weight), empty_ok)

    async def get_feed(
        self, path: str, *, host: str | None = None, weight: float = 1
    ) -> list[FeedEntry]:
        """The entries of an RSS or Atom feed, as plain text."""
        endpoint = self._endpoint if host is None else self._host(host)
        request = endpoint.request("GET", path, None, endpoint.feed_headers, is_feed=True)
        reply = await self._send(request, weight)
        text = reply.body[:TEXT_CHARS].decode("utf-8", "replace")
        error = self._mapped(reply, text, is_json=False) or response_errors.from_status(
            reply.status, is_json=False, has_key=self._source.has_key, said=self._said(text)
        )
        if error is not None:
            raise self._told(error, reply)
        try:
            kind = reply.headers.get("content-type", "")
            # Without the query, which may hold a key and is no part of where links begin.
            address = (request.base + request.target).partition("?")[0]
            return await read_feed(reply.body, kind, address)
        except NotJSON as exc:
            if response_errors.is_challenge(reply.body):
                raise Challenge(response_errors.CHALLENGE) from exc
            raise

    async def ask(
        self,
        query: Query[R_co],
        *,
        provider: str | None = None,
        strategy: Strategy = "priority",
        max_age_s: float | None = None,
    ) -> cached.Answer[R_co]:
        """The answer of another source, for a source whose own answers are derived from others.

        It is cached, failed over and limited as any caller's question is, within the time that this
        attempt has left. This source itself, and those that wait for it, are not asked.

        Args:
            query: of a capability that `ProviderInfo.asks` names.
            provider: the only source that may answer.
            strategy: `priority`, `fastest`, or `consensus` where the capability has it.
            max_age_s: oldest answer taken from the cache; 0 takes none, None takes what is fresh.

        Raises:
            InputsMissing: no source answered; this one is not blamed for it.
            InvalidRequest: the question is wrong; `UnknownSymbol`, where nobody lists the pair.
            PluginError: `ProviderInfo.asks` does not name the capability.
        """
        if self._others is None:
            raise PluginError(f"{self.provider} asks others, and its `ProviderInfo.asks` is empty")
        return await self._others.ask(
            query, self._deadline, provider=provider, strategy=strategy, max_age_s=max_age_s
        )

    async def gather(self, *calls: Awaitable[Any]) -> tuple[Any, ...]:
        """The answers of several calls made at once; the first error ends them all."""

        async def one(call: Awaitable[Any]) -> Any:
            return await Watched(call)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(call)) for call in calls]
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from None
        return tuple(task.result() for task in tasks)

    def via(self, channel: str) -> HTTP:
        """The same, bound to a declared channel's base URL."""
        return self._bound(channel, self._deadline)

    def channels(self, tag: str | None = None) -> list[str]:
        """Declared channels with the tag that may be asked now, best first."""
        declared = self._source.info.channels
        names = [c.name for c in declared if tag is None or tag in c.tags]
        return names if self._desk is None else self._desk.available(self.provider, names)

    async def first_of(self, channels: Sequence[str], call: Callable[[HTTP], Awaitable[T]]) -> T:
        """The answer of the first channel that has one; each gets half of the time that is left.

        Raises:
            InvalidRequest: one of them says the question is wrong (`UnknownSymbol`, say).
            ProviderError: of the last channel, where all fail; it counts against the source only
                where no other channel may be asked (a chain's nodes down are not every node down).
        """
        last: ProviderError | None = None
        for index, channel in enumerate(channels):
            deadline = self._deadline
            if index + 1 < len(channels):
                deadline = Deadline.after(deadline.clock, deadline.remaining_s() / 2)
            try:
                return await self._run(channel, call, deadline)
            except ProviderError as exc:
                last = exc
        raise self._none_answered(channels, last)

    def _none_answered(self, asked: Sequence[str], last: Exception | None) -> Exception:
        """Each channel counts for itself; the source fails only where none is left to ask."""
        if last is None:
            return ProviderBusy("none of its channels may be asked now")
        if isinstance(last, ProviderError) and not set(self.channels()) <= set(asked):
            last.outcome = Outcome.NEUTRAL
        return last

    async def _run(
        self, channel: str, call: Callable[[HTTP], Awaitable[T]], deadline: Deadline
    ) -> T:
        http = self._bound(channel, deadline)
        if self._desk is None:
            return await call(http)
        return await self._desk.run(
            self.provider, channel, lambda: call(http), deadline.remaining_s()
        )

    def _bound(self, channel: str, deadline: Deadline) -> HTTP:
        if channel not in self._source.channels:
            raise PluginError(f"{self.provider} declares no channel {channel!r}")
        return HTTP(
            self._source, self._client, deadline, self._query, self._desk, channel, self._others
        )

    def _host(self, name: str) -> Endpoint:
        endpoint = self._source.hosts.get(name)
        if endpoint is None:
            raise PluginError(f"{self.provider} declares no host {name!r}")
        return endpoint

    async def _send(self, request: Outgoing, weight: float) -> Answer:
        """The answer to a request, with the source's keys taken out."""
        gate, client = self._source.gate, self._client
        await gate.enter(weight)
        try:
            if client.charge is not None:
                client.charge(self.provider, weight)
            answer = await client.send(request, self._deadline)
        finally:
            gate.leave()
        headers = answer.headers
        gate.observe(headers)
        if client.on_date is not None and (date := headers.get("date")) is not None:
            client.on_date(self.provider, date, headers.get("age"))
        if response_errors.NO_SAMPLE in headers:
            raise NotOffered("the simulator has no sample of this request")
        if self._source.echoes:
            answer.body = without(answer.body, self._source.echoes)
        return answer

    async def _json(
        self,
        reply: Answer,
        empty_ok: bool,
        *,
        mend: bool = False,
        rows: Sequence[str] | None = None,
    ) -> Any:
        body = reply.body
        parse = strict_json.parse_mended if mend else strict_json.parse
        if rows is not None:
            parse = partial(number_rows.parse, names=rows)
        try:
            if len(body) > OFF_LOOP_BYTES:
                value = await asyncio.to_thread(parse, body)
            else:
                value = parse(body)
        except (Malformed, Empty) as exc:
            raise self._unreadable(reply, exc) from exc
        error = self._mapped(reply, value, is_json=True)
        if error is None and reply.status == 200:
            error = response_errors.from_body(value)
            if error is None:
                strict_json.require_content(value, empty_ok=empty_ok)
                return value
        if error is None:
            error = response_errors.from_status(
                reply.status,
                is_json=True,
                has_key=self._source.has_key,
                said=self._said(body[:TEXT_CHARS].decode("utf-8", "replace")),
            )
        assert error is not None
        raise self._told(error, reply)

    def _unreadable(self, reply: Answer, fault: Malformed | Empty) -> Exception:
        """The error for a reply that is no JSON."""
        text = reply.body[:TEXT_CHARS].decode("utf-8", "replace")
        error = self._mapped(reply, text, is_json=False) or response_errors.from_status(
            reply.status, is_json=False, has_key=self._source.has_key, said=self._said(text)
        )
        if error is not None:
            return self._told(error, reply)
        if isinstance(fault, Empty):
            return fault
        return (
            response_errors.not_json(reply.body, reply.headers.get("content-type", "").lower())
            or fault
        )

    def _mapped(self, reply: Answer, body: object, *, is_json: bool) -> CoinmuxError | None:
        hook, info = self._source.map_error, self._source.info
        if hook is None and (
            info.errors is None
            or (reply.status == 200 and table_errors.is_silent(info.errors, body))
        ):
            return None
        seen = Reply(reply.status, body, is_json, reply.headers)
        return response_errors.read(info, hook, seen, self._query)

    def _said(self, text: str) -> str:
        return response_errors.few_words(text, self._client.redactor)

    def _told(self, error: CoinmuxError, reply: Answer) -> CoinmuxError:
        clean = response_errors.without_secrets(error, self._client.redactor)
        return response_errors.with_wait(clean, reply.status, reply.headers, self.now_ms())
