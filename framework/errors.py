"""Every error coinmux raises: one tree, each type with its code and what to do about it.

```
CoinmuxError                   .code .detail .extra
├─ InvalidRequest              the caller's fault (400, 404, 409)
│   ├─ InvalidSymbol · UnknownInterval · UnknownChain · UnknownMetric · UnknownSymbol
│   ├─ UnknownProvider · UnknownFeature · NotFound
│   ├─ UnknownIndicator · UnknownIndicatorParameter
│   ├─ InsufficientData        .required .available
│   └─ FeatureDisabled         .reason .missing
├─ ProviderError               the source's fault; .outcome is its class in the health rules
│   ├─ Unreachable · UpstreamTimeout · Disconnected · ProtocolViolation · TLSFailure
│   ├─ BadStatus · Redirected · Empty · TooLarge · BadEncoding
│   ├─ Challenge · NotJSON · Malformed · SchemaMismatch · Stale
│   ├─ Implausible
│   │   └─ OtherSubject        about another pair, coin, address or chain
│   ├─ BlockedAddress
│   ├─ BrokenFeed              .reason
│   ├─ RateLimited · Banned · QuotaExhausted · GeoBlocked · PlanRestricted
│   │                                                          asks us to wait: .retry_after_s
│   ├─ AuthRefused                                             off until the key changes
│   └─ NotOffered · ProviderBusy · LocalNetwork · LocalClock · CutShort
│                                                              not the source's fault: not counted
├─ PluginError · PluginTimeout a plugin broke its contract
└─ RoutingError
    ├─ AllProvidersFailed      .attempts
    ├─ NoProviderAvailable     .candidates .retry_after_s
    ├─ DeadlineExceeded        .attempts
    ├─ BudgetSpent             .budget .retry_after_s
    └─ Overloaded              .retry_after_s
```

What to do follows from the type, never from the text. Plugins raise `ProviderError` subtypes and
`UnknownSymbol`; they know nothing of the HTTP status codes coinmux answers with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar


class Outcome(StrEnum):
    """How a finished attempt counts for the health of its source.

    Attributes:
        SUCCESS: a valid answer, an empty one included where emptiness is legal.
        FAILURE: the source failed; counted.
        HOLD: the source asked us to wait; not counted, but it cools down for a while.
        DENIED: the key was refused; the source is off until the key changes.
        NEUTRAL: not the source's fault; not counted.
    """

    SUCCESS = "S"
    FAILURE = "F"
    HOLD = "H"
    DENIED = "D"
    NEUTRAL = "N"


class CoinmuxError(Exception):
    """Base of everything coinmux raises on purpose.

    Attributes:
        code: a stable word of the REST contract.
        detail: what was found and what would do, for people; never a secret.
        extra: further members of the problem document.
    """

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str = "", **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra: dict[str, Any] = extra

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}" if self.detail else self.code


class InvalidRequest(CoinmuxError):
    """A parameter is missing, of the wrong type or out of range.

    Attributes:
        errors: each such parameter, by its name.
        did_you_mean: near names of what is not there.
    """

    code = "invalid_request"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[Mapping[str, object]] = (),
        did_you_mean: Sequence[str] = (),
        **extra: object,
    ) -> None:
        super().__init__(detail, **extra)
        self.errors = [dict(error) for error in errors]
        if self.errors:
            self.extra["errors"] = self.errors
        if did_you_mean:
            self.extra["did_you_mean"] = list(did_you_mean)


class InvalidSymbol(InvalidRequest):
    """The text is no pair, or could be split in more than one way."""

    code = "invalid_symbol"


class UnknownInterval(InvalidRequest):
    """No such candle interval; `known` lists those there are."""

    code = "unknown_interval"


class UnknownChain(InvalidRequest):
    """No such chain; `known` lists those there are."""

    code = "unknown_chain"


class UnknownMetric(InvalidRequest):
    """No source declares an on-chain metric of that name; `known` lists those that are."""

    code = "unknown_metric"


class UnknownSymbol(InvalidRequest):
    """A well-formed pair or asset that the source does not list. Not a failure of the source."""

    code = "unknown_symbol"
    outcome: Outcome = Outcome.NEUTRAL

    def __init__(self, symbol: object, detail: str = "", **extra: Any) -> None:
        super().__init__(detail or f"{symbol} is not listed", **extra)
        self.symbol = str(symbol)


class UnknownProvider(InvalidRequest):
    """No provider of that name is installed."""

    code = "unknown_provider"


class UnknownFeature(InvalidRequest):
    """No feature of that name."""

    code = "unknown_feature"


class UnknownIndicator(InvalidRequest):
    """No indicator of that name."""

    code = "unknown_indicator"


class UnknownIndicatorParameter(InvalidRequest):
    """The indicator has no parameter of that name; `known` lists those it has."""

    code = "unknown_indicator_parameter"


class NotFound(InvalidRequest):
    """Nothing of that name is stored or served."""

    code = "not_found"


class InsufficientData(InvalidRequest):
    """Fewer candles than a function of candles needs."""

    code = "insufficient_data"

    def __init__(self, detail: str, *, required: int, available: int) -> None:
        super().__init__(detail, required=required, available=available)
        self.required = required
        self.available = available


class FeatureDisabled(InvalidRequest):
    """A pinned provider is off.

    Attributes:
        reason: `missing_key`, `key_refused`, `switched_off`, `retired` or `broken`.
        missing: names of the variables that would switch it on.
    """

    code = "feature_disabled"

    def __init__(self, detail: str, *, reason: str, missing: Sequence[str] = ()) -> None:
        super().__init__(detail, reason=reason)
        self.reason = reason
        self.missing = list(missing)
        if self.missing:
            self.extra["missing"] = self.missing


class ProviderError(CoinmuxError):
    """The source did not give a usable answer."""

    code = "upstream_error"
    outcome: Outcome = Outcome.FAILURE


class Unreachable(ProviderError):
    """The name does not resolve, or the connection is not accepted."""

    code = "upstream_unreachable"


class UpstreamTimeout(ProviderError):
    """Nothing useful arrived before the attempt's deadline."""

    code = "upstream_timeout"


class Disconnected(ProviderError):
    """The connection ended before the answer did."""

    code = "upstream_disconnected"


class ProtocolViolation(ProviderError):
    """What arrived is not HTTP."""

    code = "upstream_protocol"


class TLSFailure(ProviderError):
    """The certificate or the handshake is wrong. Never retried without verification."""

    code = "upstream_tls"


class BadStatus(ProviderError):
    """Any status but 200 that means nothing more particular."""

    code = "upstream_status"

    def __init__(
        self,
        detail: str = "",
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        **extra: object,
    ) -> None:
        super().__init__(detail, **extra)
        self.status = status
        self.retry_after_s = retry_after_s


class Redirected(ProviderError):
    """A redirect. None is ever followed: the key would go along."""

    code = "upstream_redirect"


class Empty(ProviderError):
    """Nothing where an answer should be."""

    code = "upstream_empty"


class TooLarge(ProviderError):
    """More bytes than the limit, on the wire or decoded."""

    code = "upstream_too_large"


class BadEncoding(ProviderError):
    """The content coding is unknown, damaged or incomplete."""

    code = "upstream_encoding"


class Challenge(ProviderError):
    """A bot wall, captcha or login page in place of data."""

    code = "upstream_challenge"


class NotJSON(ProviderError):
    """Some other kind of document in place of JSON (or of a feed)."""

    code = "upstream_not_json"


class Malformed(ProviderError):
    """JSON or XML that is damaged, ambiguous or outside the limits."""

    code = "upstream_malformed"


class SchemaMismatch(ProviderError):
    """A field is missing or of another type than the source documents."""

    code = "upstream_schema"


class Implausible(ProviderError):
    """Well-formed and impossible: another symbol's data, a negative price, seconds for ms."""

    code = "upstream_implausible"


class OtherSubject(Implausible):
    """The answer, or a row of it, is about another pair, coin, address or chain: refused whole."""


class Stale(ProviderError):
    """Older than its kind of data may be."""

    code = "upstream_stale"


class BrokenFeed(ProviderError):
    """The messages of a live feed do not hang together, or too many of them are bad.

    Attributes:
        reason: `gap`, `checksum`, `no_snapshot`, `crossed`, `unreadable` of a book;
            `bad_messages`, `doubted`, `stale` of any feed.
    """

    code = "broken_feed"

    def __init__(self, detail: str, *, reason: str, **extra: object) -> None:
        super().__init__(detail, reason=reason, **extra)
        self.reason = reason


class BlockedAddress(ProviderError):
    """The host is not one the plugin declared, or resolves to a private address."""

    code = "upstream_blocked_address"


class ToldToWait(ProviderError):
    """The source refuses for now.

    Attributes:
        retry_after_s: seconds until it may be asked again; None when it did not say.
    """

    outcome = Outcome.HOLD

    def __init__(
        self, detail: str = "", *, retry_after_s: float | None = None, **extra: object
    ) -> None:
        super().__init__(detail, **extra)
        self.retry_after_s = retry_after_s


class RateLimited(ToldToWait):
    """Too many requests for now."""

    code = "upstream_rate_limited"


class Banned(ToldToWait):
    """Banned for having ignored the rate limit (HTTP 418)."""

    code = "upstream_banned"


class QuotaExhausted(ToldToWait):
    """The day's or month's credits are used up."""

    code = "upstream_quota_exhausted"


class GeoBlocked(ToldToWait):
    """Refused because of where this machine is."""

    code = "upstream_geo_blocked"


class PlanRestricted(ToldToWait):
    """The key is good, but its plan does not cover this.

    Only the capability that was asked is left alone, for an hour or as long as the source said.

    Args:
        variant: only this variant of the question is refused (a chain, a metric), so that the
            next question may be answered: there is no cooldown.
    """

    code = "upstream_plan_restricted"

    def __init__(
        self,
        detail: str = "",
        *,
        variant: bool = False,
        retry_after_s: float | None = None,
        **extra: object,
    ) -> None:
        super().__init__(detail, retry_after_s=retry_after_s, **extra)
        if variant:
            self.outcome = Outcome.NEUTRAL


class AuthRefused(ProviderError):
    """The key is wrong, expired or not allowed."""

    code = "upstream_auth"
    outcome = Outcome.DENIED


class NotOffered(ProviderError):
    """The source does not offer this variant of the question (an interval, a quote, a chain)."""

    code = "not_offered"
    outcome = Outcome.NEUTRAL


class ProviderBusy(ProviderError):
    """Our own limit for this source is reached."""

    code = "provider_busy"
    outcome = Outcome.NEUTRAL


class InputsMissing(ProviderError):
    """What a derived source asks others for, none of them answered."""

    code = "inputs_missing"
    outcome = Outcome.NEUTRAL


class LocalNetwork(ProviderError):
    """Our own network is down."""

    code = "local_network"
    outcome = Outcome.NEUTRAL


class LocalClock(ProviderError):
    """Our own clock is wrong, it seems: the source's answer fits the time the source itself has."""

    code = "local_clock"
    outcome = Outcome.NEUTRAL


class CutShort(ProviderError):
    """The caller's deadline left the source less time than is fair."""

    code = "cut_short"
    outcome = Outcome.NEUTRAL


class PluginError(ProviderError):
    """A plugin broke its contract: raised something else, or returned rubbish."""

    code = "plugin_error"


class PluginTimeout(PluginError):
    """A plugin blocked the event loop or ignored its cancellation."""

    code = "plugin_timeout"


class RoutingError(CoinmuxError):
    """No source answered."""


class AllProvidersFailed(RoutingError):
    """Every candidate was tried and failed; `attempts` says how."""

    code = "all_providers_failed"

    def __init__(
        self,
        detail: str,
        *,
        attempts: Sequence[Mapping[str, object]],
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail, attempts=list(attempts))
        self.attempts = list(attempts)
        self.retry_after_s = retry_after_s


class NoProviderAvailable(RoutingError):
    """No candidate was tried: all are offline, in cooldown, busy or off; see `candidates`."""

    code = "no_provider_available"

    def __init__(
        self,
        detail: str,
        *,
        candidates: Sequence[Mapping[str, object]],
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(detail, candidates=list(candidates))
        self.candidates = list(candidates)
        self.retry_after_s = retry_after_s


class DeadlineExceeded(RoutingError):
    """The request's own deadline passed."""

    code = "deadline_exceeded"

    def __init__(self, detail: str, *, attempts: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(detail, attempts=list(attempts))
        self.attempts = list(attempts)


class BudgetSpent(RoutingError):
    """The caller's own budget of calls of sources is spent; what is cached is still answered."""

    code = "budget_spent"

    def __init__(self, detail: str, *, budget: int, retry_after_s: float) -> None:
        super().__init__(detail, budget=budget)
        self.budget = budget
        self.retry_after_s = retry_after_s


class Overloaded(RoutingError):
    """Our own limit of work in flight is reached."""

    code = "overloaded"

    def __init__(self, detail: str, *, retry_after_s: float = 1.0) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
