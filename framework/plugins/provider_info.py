"""What a plugin says of itself: plain values, no behaviour."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from coinmux.framework.plugins.declared_types import check_types, clean_texts
from coinmux.framework.plugins.error_table import ErrorTable
from coinmux.framework.plugins.rate_limit import RateLimit
from coinmux.framework.plugins.socket_dialect import SocketInfo
from coinmux.framework.reference.metrics import MetricForm, MetricInfo
from coinmux.framework.reference.symbols import SymbolStyle

if TYPE_CHECKING:
    from coinmux.framework.formats.feeds import FeedEntry
    from coinmux.framework.models.base import Query, R_co
    from coinmux.framework.reference.assets import AssetDirectory
    from coinmux.framework.reference.strategy import Strategy
    from coinmux.framework.transport.endpoint import Scalar

T = TypeVar("T")
Data_co = TypeVar("Data_co", covariant=True)

Category = Literal["market", "blockchain", "news", "sentiment", "onchain", "whale", "model", "defi"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_NOTES_CHARS = 500


@dataclass(frozen=True, slots=True)
class EnvVar:
    """One environment variable a provider reads.

    Attributes:
        name: of the variable.
        required: the provider is off without it.
        send_as: where the value goes: `header:NAME`, `header:NAME=Bearer {}`, `query:NAME`, or
            "" for a value the plugin reads itself with `http.setting(name)`.
        aliases: other names taken when `name` is not set.
        description: what it enables, a sentence.
        signup_url: where to get one.
        secret: whether the value is removed from every log line, error and event.
        base_url: used in place of the provider's when this variable is set.
    """

    name: str
    required: bool = True
    send_as: str = ""
    aliases: tuple[str, ...] = ()
    description: str = ""
    signup_url: str = ""
    secret: bool = True
    base_url: str | None = None

    def __post_init__(self) -> None:
        check_types(self)
        clean_texts(self, ("description",), _NOTES_CHARS)


@dataclass(frozen=True, slots=True)
class UsageHeader:
    """A header of each reply that tells how much of one rate limit is used.

    Attributes:
        name: of the header, in any case.
        per_s: which of the declared windows it is about.
        tells: what was `used` of it, or what is `remaining`.
    """

    name: str
    per_s: float
    tells: Literal["used", "remaining"]

    def __post_init__(self) -> None:
        check_types(self)


@dataclass(frozen=True, slots=True)
class Channel:
    """One of several addresses a provider asks, each with its own health (a feed, a node).

    Attributes:
        name: short; its health is listed as `<provider>:<name>`.
        base_url: of this address.
        tags: what it can do, for the plugin to choose by (`ethereum`).
    """

    name: str
    base_url: str
    tags: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        check_types(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderInfo:
    """One source, as its plugin declares it.

    Attributes:
        name: lower case, unique: `binance`.
        title: for people.
        category: for grouping.
        base_url: https; what paths are appended to. Empty for a source that calls no host: a model
            that runs here.
        hosts: further base URLs by short name, for sources spread over several.
        channels: see `Channel`.
        sockets: where live feeds are read from, by short name, the usual one "".
        env: variables it reads.
        rate_limits: all of them hold at once; the weight of a request is the plugin's to give.
        usage: headers that tell what is used of them.
        timeout_s: of one attempt.
        priority: lower goes first among equals.
        symbols: how it spells pairs, where it has pairs.
        quotes: the only quotes it serves, None for any.
        intervals: ours -> theirs, for candles; one that is missing is not served.
        max_candles: most rows of one answer.
        metrics: on-chain metrics it serves, by the name they are asked by.
        metric_forms: forms of further names it serves, such as `query/<id>`.
        metrics_from: the variable that names further metrics (`mvrv=789,…`); "" for none.
        models: text models it offers: id -> the channel that is that model, "" for the source.
        chains: ours -> theirs, for capabilities about a chain; one that is missing is not served.
        asks: capabilities it asks other sources for with `http.ask`: it is derived from them.
        headers: sent with each request.
        errors: what its error codes and messages mean; `map_error` is for what a table cannot say.
        homepage, terms_url, docs_url: links for people.
        docs_read: the day its documentation was last read, ISO.
        seen: `recorded` where real answers were replayed, else `documented`.
        retired: why it is never called any more and what to use instead; None while it lives.
        notes: remarks for `docs/providers.md`.
    """

    name: str
    title: str
    category: Category
    base_url: str
    hosts: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[Channel, ...] = ()
    sockets: Mapping[str, SocketInfo] = field(default_factory=dict)
    env: tuple[EnvVar, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()
    usage: tuple[UsageHeader, ...] = ()
    timeout_s: float = 4.0
    priority: int = 100
    symbols: SymbolStyle | None = None
    quotes: frozenset[str] | None = None
    intervals: Mapping[str, str] | None = None
    max_candles: int = 1000
    chains: Mapping[str, str] | None = None
    metrics: Mapping[str, MetricInfo] = field(default_factory=dict)
    metric_forms: tuple[MetricForm, ...] = ()
    metrics_from: str = ""
    models: Mapping[str, str] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: ErrorTable | None = None
    homepage: str = ""
    terms_url: str = ""
    docs_url: str = ""
    docs_read: str = ""
    seen: Literal["recorded", "documented"] = "documented"
    retired: str | None = None
    notes: str = ""

    def __post_init__(self) -> None:
        check_types(self)
        if self.symbols is not None:
            check_types(self.symbols)
        clean_texts(self, ("title",))
        clean_texts(self, ("notes", "retired"), _NOTES_CHARS)
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"provider name {self.name!r}: lower case letters, digits and _ only")
        urls = (self.base_url,) if self.base_url else ()
        for url in (*urls, *self.hosts.values(), *(c.base_url for c in self.channels)):
            if not url.startswith("https://"):
                raise ValueError(f"{self.name}: {url!r} is not an https address")
        if not self.timeout_s > 0:
            raise ValueError(f"{self.name}: timeout_s takes a number above 0")
        for limit in self.rate_limits:
            if not (limit.requests > 0 and limit.per_s > 0):
                raise ValueError(f"{self.name}: rate limits take numbers above 0")
        if self.metrics_from and self.metrics_from not in {one.name for one in self.env}:
            raise ValueError(
                f"{self.name}: metrics_from {self.metrics_from!r} is no variable of env"
            )
        for form in self.metric_forms:
            try:
                re.compile(form.pattern)
            except re.error as error:
                raise ValueError(f"{self.name}: metric form {form.written}: {error}") from None
        windows = {limit.per_s for limit in self.rate_limits}
        for header in self.usage:
            if header.per_s not in windows:
                raise ValueError(
                    f"{self.name}: no rate limit per {header.per_s:g} s to tell use of"
                )


@dataclass(frozen=True, slots=True)
class Reply:
    """A source's reply as `map_error` sees it.

    Attributes:
        status: HTTP status.
        body: parsed JSON; the text's first 2,000 characters where it is none.
        is_json: which of the two.
        headers: with lower-case names.
    """

    status: int
    body: object
    is_json: bool
    headers: Mapping[str, str]


class Answered(Protocol[Data_co]):
    """What `HTTPClient.ask` returns; see `coinmux.Answer`."""

    @property
    def data(self) -> Data_co:
        """The capability's result model."""
        ...

    @property
    def provider(self) -> str:
        """The source that answered."""
        ...


class HTTPClient(Protocol):
    """What a fetch hook asks its source with; see `coinmux.framework.sources.http.HTTP`.

    Attributes:
        provider: the source's name.
        channel: the channel's name, "" for the source's own address.
    """

    provider: str
    channel: str

    @property
    def assets(self) -> AssetDirectory:
        """Finds a coin's id at this source."""
        ...

    def now_ms(self) -> int:
        """Wall time, Unix milliseconds."""
        ...

    def setting(self, name: str) -> str | None:
        """Value of a declared variable; None where it is not set."""
        ...

    def has(self, name: str) -> bool:
        """Whether a declared variable is set."""
        ...

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
    ) -> Any:
        """The JSON answer to a GET; `mend` takes out stray backslashes and control characters."""
        ...

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
        """The JSON answer to a POST of JSON."""
        ...

    async def get_feed(
        self, path: str, *, host: str | None = None, weight: float = 1
    ) -> list[FeedEntry]:
        """The entries of an RSS or Atom feed, as plain text."""
        ...

    async def gather(self, *calls: Awaitable[Any]) -> tuple[Any, ...]:
        """The answers of several calls made at once; the first error ends them all."""
        ...

    def via(self, channel: str) -> HTTPClient:
        """The same, bound to a declared channel's base URL."""
        ...

    def channels(self, tag: str | None = None) -> list[str]:
        """Declared channels with the tag that may be asked now, best first."""
        ...

    async def first_of(
        self, channels: Sequence[str], call: Callable[[HTTPClient], Awaitable[T]]
    ) -> T:
        """The answer of the first channel that has one."""
        ...

    async def ask(
        self,
        query: Query[R_co],
        *,
        provider: str | None = None,
        strategy: Strategy = "priority",
        max_age_s: float | None = None,
    ) -> Answered[R_co]:
        """The answer of another source to a question of a capability in `ProviderInfo.asks`."""
        ...
