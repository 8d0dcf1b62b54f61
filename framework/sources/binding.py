"""A provider bound to its configuration: its addresses, and which key is sent to which host."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

from coinmux.framework.models.base import Query, R_co
from coinmux.framework.plugins.provider_info import ProviderInfo, Reply
from coinmux.framework.secrets import Secret, echoes
from coinmux.framework.transport.endpoint import Endpoint, is_header_value

if TYPE_CHECKING:
    from coinmux.framework.cache.answer import Answer
    from coinmux.framework.clock import Clock, Deadline
    from coinmux.framework.reference.assets import AssetDirectory
    from coinmux.framework.reference.strategy import Strategy

T = TypeVar("T")
#: The address of a source that calls no host; the name never resolves (RFC 6761).
_NOBODY = "https://nobody.invalid"
MapError = Callable[[Reply, Query], Exception | None]


class CallLimiter(Protocol):
    """Our own limits for one source: rate and concurrency."""

    async def enter(self, weight: float) -> None:
        """Wait for a permit.

        Raises:
            ProviderBusy: none came in time.
        """
        ...

    def leave(self) -> None:
        """Called once for each `enter` that returned."""
        ...

    def observe(self, headers: Mapping[str, str]) -> None:
        """Called for each reply; names of headers are lower case."""
        ...


class OtherSources(Protocol):
    """Asks other sources on behalf of one attempt of a derived one."""

    async def ask(
        self,
        query: Query[R_co],
        deadline: Deadline,
        *,
        provider: str | None,
        strategy: Strategy,
        max_age_s: float | None,
    ) -> Answer[R_co]:
        """The answer of another source."""
        ...


class ChannelChooser(Protocol):
    """Which of a source's channels may be asked, and what became of it."""

    def available(self, provider: str, names: Sequence[str]) -> list[str]:
        """Those of the channels that may be asked now, best first."""
        ...

    async def run(
        self, provider: str, channel: str, call: Callable[[], Awaitable[T]], limit_s: float
    ) -> T:
        """Await `call()`, which takes at most `limit_s`, and record its outcome for the channel."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundSource:
    """One provider as configured now; made once at load and again on reload.

    Attributes:
        info: what the plugin declared.
        endpoint: its base URL.
        hosts, channels: its further addresses, by name.
        settings: values of its variables, by name.
        echoes: its keys as it may repeat them, taken out of its answers before the plugin looks.
        has_key: whether a secret of its is set.
        map_error: the plugin's hook, if it has one.
        gate: its limits.
        assets: finds a coin's id at this source.
        clock: of the Gateway.
    """

    info: ProviderInfo
    endpoint: Endpoint
    hosts: Mapping[str, Endpoint]
    channels: Mapping[str, Endpoint]
    settings: Mapping[str, Secret | str] = field(repr=False)
    echoes: tuple[bytes, ...] = field(repr=False)
    has_key: bool
    map_error: MapError | None
    gate: CallLimiter
    assets: AssetDirectory
    clock: Clock

    @classmethod
    def of(
        cls,
        info: ProviderInfo,
        *,
        base_url_override: str | Mapping[str, str] | None = None,
        values: Mapping[str, Secret | str] | None = None,
        gate: CallLimiter,
        map_error: MapError | None = None,
        assets: AssetDirectory,
        clock: Clock,
    ) -> BoundSource:
        """Place keys as declared and make the addresses ready.

        Keys go to the base URL and the declared hosts. A channel belongs to somebody else, so it
        gets them only where it shares the base URL's scheme, host and port.

        Args:
            info: what the plugin declared.
            base_url_override: the operator's own address, which may be private and plain http; a
                mapping overrides hosts and channels too, by lower-case name, the base URL by "".
            values: of the declared variables that are set, by their first name.
            gate: the source's limits.
            map_error: the plugin's hook.
            assets: see `HTTP.assets`.
            clock: of the Gateway.

        Raises:
            BlockedAddress: an address that is never asked.
            ValueError: a key cannot be sent as declared, or `send_as` makes no sense.
        """
        values = values if values is not None else {}
        overrides = base_url_override if base_url_override is not None else {}
        if isinstance(overrides, str):
            overrides = {"": overrides}
        headers, params = _placed(info, values)

        def bind(name: str, url: str, *, keyed: bool = True) -> Endpoint:
            override = overrides.get(name.lower())
            return Endpoint.of(
                override if override is not None else url,
                allowed=override is not None,
                headers={**info.headers, **headers} if keyed else info.headers,
                params=params if keyed else None,
            )

        with_key = (v.base_url for v in info.env if v.base_url is not None and v.name in values)
        endpoint = bind("", next(with_key, info.base_url or _NOBODY))
        channels = {}
        for channel in info.channels:
            bound = bind(channel.name, channel.base_url, keyed=False)
            if bound.origin == endpoint.origin:
                bound = bind(channel.name, channel.base_url)
            channels[channel.name] = bound
        return cls(
            info=info,
            endpoint=endpoint,
            hosts={name: bind(name, url) for name, url in info.hosts.items()},
            channels=channels,
            settings=dict(values),
            echoes=tuple(
                form
                for v in info.env
                if v.secret and isinstance(value := values.get(v.name), Secret | str)
                for form in echoes(value.reveal() if isinstance(value, Secret) else value)
            ),
            has_key=any(v.secret and v.name in values for v in info.env),
            map_error=map_error,
            gate=gate,
            assets=assets,
            clock=clock,
        )


def _placed(
    info: ProviderInfo, values: Mapping[str, Secret | str]
) -> tuple[dict[str, str], dict[str, str]]:
    headers: dict[str, str] = {}
    params: dict[str, str] = {}
    for variable in info.env:
        value = values.get(variable.name)
        if value is None or not variable.send_as:
            continue
        text = value.reveal() if isinstance(value, Secret) else value
        place, _, name = variable.send_as.partition(":")
        name, _, template = name.partition("=")
        if place == "header" and name:
            text = template.replace("{}", text) if template else text
            if not is_header_value(text):
                raise ValueError(f"{variable.name} holds characters no header can carry")
            headers[name] = text
        elif place == "query" and name:
            params[name] = text
        else:
            raise ValueError(f"{info.name}: send_as={variable.send_as!r} of {variable.name}")
    return headers, params
