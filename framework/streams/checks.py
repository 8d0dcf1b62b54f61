"""The checks of a request, for what a live feed tells; too many bad messages break the feed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from coinmux.framework.errors import (
    BrokenFeed,
    Implausible,
    LocalClock,
    OtherSubject,
    Outcome,
    ProviderError,
)
from coinmux.framework.models.base import Result
from coinmux.framework.quality.foreign_results import check_foreign
from coinmux.framework.quality.jump_check import about
from coinmux.framework.quality.plausibility import check

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.quality.clock_watch import ClockWatch
    from coinmux.framework.quality.consensus import Deviations
    from coinmux.framework.quality.jump_check import JumpCheck

#: Messages that are judged together, and how many bad ones break the feed.
_JUDGED, _TOO_MANY = 20, 10
#: More than any message holds: a feed is not cut to what a request asks for.
_UNLIMITED = 1_000_000

Kind = Literal["", "bad", "doubted", "stale"]
#: What a broken feed is called by what most of its bad messages were.
_REASONS: Mapping[Kind, str] = {"bad": "bad_messages", "doubted": "doubted", "stale": "stale"}


def _is_short_book(book: Mapping[str, Any], query: Query) -> bool:
    """Whether it has both sides, and no more than was asked for."""
    depth: int = query.__dict__["depth"]
    return 0 < len(book["bids"]) <= depth and 0 < len(book["asks"]) <= depth


def _is_one_trade(trades: Mapping[str, Any], query: Query) -> bool:
    """Whether its own time is that of each."""
    return len(trades["trades"]) == 1


def _is_price(ticker: Mapping[str, Any], query: Query) -> bool:
    return True


#: Of which results of the models themselves, about the right market and the past, nothing else is
#: checked.
_NOTHING_TO_CHECK: Mapping[str, Callable[[Mapping[str, Any], Query], bool]] = {
    "ticker": _is_price, "trades": _is_one_trade, "order_book": _is_short_book,
}  # fmt: skip


class FeedChecks:
    """Judges each message of one feed, and the feed by its last twenty.

    Args:
        source: its provider.
        known: the last known figures, shared with requests.
        clocks: whether our own clock is right, shared with requests.
        deviations: how often each source was an outlier, shared with requests.
        is_foreign: whether a plugin that is not one of ours made the models.

    Attributes:
        question: what is followed.
        stale: why the data that passed last is older than it should be; None if it is not.
        older: tickers that were left out, as a newer one was told before.
        left_out: messages that were left out as bad or doubted.
        last_error: why the last of those was.
    """

    def __init__(
        self,
        source: str,
        capability: Capability,
        query: Query,
        known: JumpCheck,
        clocks: ClockWatch,
        deviations: Deviations,
        *,
        is_foreign: bool = False,
    ) -> None:
        self._source, self._capability = source, capability
        self.question = self._query = query
        if "limit" in type(query).model_fields:
            self._query = query.model_copy(update={"limit": _UNLIMITED})
        self._known, self._clocks, self._deviations = known, clocks, deviations
        self._is_foreign = is_foreign
        self.stale: str | None = None
        self.older = 0
        self.left_out = 0
        self.last_error: ProviderError | None = None
        self._lately: deque[Kind] = deque(maxlen=_JUDGED)
        #: How many of them are not good.
        self._not_good = 0
        self._own_ms = 0
        # What the answers are about does not change.
        self._about = about(capability, self._query)
        self._is_ticker = capability.name == "ticker"
        self._kind = capability.result
        self._symbol = query.__dict__.get("symbol")
        self._has_nothing_to_check = _NOTHING_TO_CHECK.get(capability.name)
        has_plain_age = self._kind.staleness is Result.staleness
        max_age_s = capability.max_age_s if has_plain_age else 0.0
        #: So old it may be at least; None for any age.
        self._fresh_ms = None if max_age_s is None else max_age_s * 1000

    def begin(self) -> None:
        """Judge what comes from now on: it is on a new connection."""
        self._lately.clear()
        self._not_good = 0

    def passed(self, result: Result) -> Result | None:
        """What a message told, checked; None where it is left out.

        Raises:
            BrokenFeed: half of the last messages were bad.
        """
        own_ms = result.own_time_ms()
        clocks = self._clocks
        now_ms = clocks.now_ms() if own_ms is None else clocks.data(self._source, own_ms)
        has_nothing = self._has_nothing_to_check
        checked: Result | None = result
        # Of nearly all messages `check` has nothing to say: it is of the model itself, of a moment
        # that is over, about the very market, not empty and not longer than it may be.
        if not (
            own_ms is not None
            and own_ms <= now_ms
            and has_nothing is not None
            and type(result) is self._kind
            and result.__dict__["symbol"] is self._symbol
            and not self._is_foreign
            and has_nothing(result.__dict__, self._query)
        ):
            checked = self._checked(result, now_ms)
        if checked is None:
            return None
        if own_ms is not None and self._is_ticker:
            if own_ms < self._own_ms:
                self.older += 1
                return None
            self._own_ms = own_ms
        rule = self._capability.jumps
        if rule is not None:
            doubt = self._known.doubt_of(self._source, self._about, rule, self._query, checked)
            if doubt is not None:
                self.bad(Implausible(doubt), kind="doubted")
                return None
        fresh_ms = self._fresh_ms
        if fresh_ms is None or (own_ms is not None and now_ms - own_ms <= fresh_ms):
            self.stale = None
        else:
            self.stale = checked.staleness(self._query, now_ms, self._capability.max_age_s)
        if self.stale is None:
            if self._not_good:
                self._note("")
            else:
                self._lately.append("")
        else:
            # It is told with its age: in a quiet market nothing newer may be there.
            self._add("stale", self.stale)
        return checked

    def _checked(self, result: Result, now_ms: int) -> Result | None:
        """What `check` leaves of a message; None where it is left out."""
        try:
            checked = check(self._capability, self._query, result, now_ms)
            if self._is_foreign:
                check_foreign(self._capability, self._query, checked, now_ms)
        except OtherSubject as error:
            self.bad(error)
            return None
        except ProviderError as error:
            if isinstance(error, Implausible) and self._clocks.agrees_with(self._source):
                error = LocalClock(f"our clock may be wrong: {error.detail}")
            self.bad(error)
            return None
        return checked

    def fits(self, answer: Result) -> bool:
        """Whether an answer of a request fits what is known of the market; else it is left out.

        Raises:
            BrokenFeed: half of the last messages were bad.
        """
        # As if it reached until now: answers about the past are not compared otherwise.
        doubt = self._known.doubt(self._source, self._capability, self._query, answer)
        if doubt is not None:
            self.bad(Implausible(doubt), kind="doubted")
        return doubt is None

    def bad(self, error: ProviderError, *, kind: Kind = "bad") -> None:
        """Count a message that was left out, or that could not be read.

        Raises:
            BrokenFeed: half of the last messages were bad.
        """
        self.left_out += 1
        self.last_error = error
        if error.outcome is Outcome.NEUTRAL and kind == "bad":
            return
        self._add(kind, error.detail)

    def _note(self, kind: Kind) -> None:
        """Remember how a message was, in place of the oldest."""
        lately = self._lately
        if self._not_good and len(lately) == _JUDGED and lately[0]:
            self._not_good -= 1
        lately.append(kind)
        if kind:
            self._not_good += 1

    def _add(self, kind: Kind, detail: str) -> None:
        self._note(kind)
        lately, count = self._lately, self._not_good
        if count < _TOO_MANY:
            return
        worst = max(_REASONS, key=lately.count)
        said = f"{count} of the last {len(lately)} messages are {worst}: {detail}"
        error = BrokenFeed(said, reason=_REASONS[worst])
        if worst == "doubted":
            # Its price may be true, and ours old: another source decides.
            error.outcome = self._deviations.outcome(self._source, self._capability.name)
        elif worst == "stale":
            error.outcome = Outcome.NEUTRAL
        self.begin()
        raise error
