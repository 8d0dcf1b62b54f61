"""What a derived source asks other sources for while it answers, and what it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from coinmux.framework.dispatch.attempt import describe
from coinmux.framework.errors import InputsMissing, PluginError, RoutingError
from coinmux.framework.routing.options import LEAST_TIMEOUT_S, MOST_TIMEOUT_S, RequestOptions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from coinmux.framework.cache.answer import Answer, FetchResult
    from coinmux.framework.clock import Deadline
    from coinmux.framework.models.base import Query, R_co
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.reference.strategy import Strategy
    from coinmux.framework.sources.source import Source

#: Derived sources that may ask each other in one request.
MOST_DEEP = 4
#: Questions of one attempt.
MOST_INPUTS = 64


class Fetch(Protocol):
    """How a question of another capability is answered: `Gateway.fetch`."""

    async def __call__(
        self, capability: str, query: Query[R_co], options: RequestOptions, /
    ) -> Answer[R_co]: ...


class Inputs:
    """The questions of one attempt of a derived source.

    No source is asked while it waits for itself: each question names the sources that wait for its
    answer, the router passes those over, and no answer that came from one of them is served.

    Args:
        source: the derived source.
        ask: how its own request is answered.
        rows: the capabilities there are.
        fetch: answers a question.
    """

    def __init__(
        self, source: Source, ask: RequestOptions, rows: Iterable[Capability], fetch: Fetch
    ) -> None:
        self._name = source.name
        self._may_ask = source.info.asks
        self._waiting = (*ask.waiting, source.name)
        self._ask = ask
        self._rows = rows
        self._fetch = fetch
        self._asked = 0
        self._told: list[tuple[Query, Answer[Any]]] = []

    async def ask(
        self,
        query: Query[R_co],
        deadline: Deadline,
        *,
        provider: str | None = None,
        strategy: Strategy = "priority",
        max_age_s: float | None = None,
    ) -> Answer[R_co]:
        """The answer of another source, within the time that this attempt has left.

        Raises:
            InputsMissing: no source answered, which the derived source is not blamed for.
            InvalidRequest: the question is wrong; `UnknownSymbol`, where nobody lists the pair.
            PluginError: the source does not declare that it asks this, or asks without end.
        """
        capability = self._capability_of(query)
        self._asked += 1
        if self._asked > MOST_INPUTS:
            raise PluginError(f"asks more than {MOST_INPUTS} questions for one answer")
        if len(self._waiting) > MOST_DEEP:
            raise PluginError(f"asks through {' -> '.join(self._waiting)}: too deep")
        left_s = deadline.remaining_s()
        if left_s < LEAST_TIMEOUT_S:
            raise InputsMissing(f"no time was left to ask for {capability}")
        options = RequestOptions(
            provider=provider,
            strategy=strategy,
            max_age_s=max_age_s,
            timeout_s=min(left_s, self._ask.timeout_s or left_s, MOST_TIMEOUT_S),
            background=self._ask.background,
            own=self._ask.own,
            waiting=self._waiting,
        )
        try:
            answer = await self._fetch(capability, query, options)
        except RoutingError as error:
            raise InputsMissing(f"{capability}: {error.detail}") from error
        self._told.append((query, answer))
        return answer

    def _capability_of(self, query: Query[Any]) -> str:
        names = [row.name for row in self._rows if row.query is type(query)]
        for name in names:
            if name in self._may_ask:
                return name
        if not names:
            raise PluginError(f"no capability takes a {type(query).__name__}")
        raise PluginError(f"asks for {names[0]}, which its `ProviderInfo.asks` does not name")

    def public(self) -> list[dict[str, Any]]:
        """Each answer it was told, as `meta.attempts` shows them, in the order they came."""
        return [_public(query, answer) for query, answer in self._told]

    def staleness(self) -> str | None:
        """Why an answer made of these is older than it may be; None if it is not."""
        for _, answer in self._told:
            if answer.fetched.stale or answer.cache == "stale":
                return f"made of {answer.fetched.capability} of {answer.provider}, which is stale"
        return None


def _public(query: Query[Any], answer: Answer[Any]) -> dict[str, Any]:
    fetched = answer.fetched
    line: dict[str, Any] = {
        "capability": fetched.capability,
        "asked": describe(query),
        "provider": fetched.provider,
        "fetched_at": fetched.fetched_ms,
        "cache": answer.cache,
        "stale": fetched.stale or answer.cache == "stale",
    }
    if fetched.consensus is not None:
        line["agreed"] = sorted(sources_of(answer.fetched) - {fetched.provider})
    further = [one for attempt in fetched.attempts for one in attempt.get("inputs", ())]
    if further:
        line["inputs"] = further
    return line


def older_by_ms(attempts: Iterable[Mapping[str, Any]], provider: str, now_ms: int) -> int:
    """How long before now the oldest of what `provider` made its answer of was fetched."""
    moments = [
        line["fetched_at"]
        for attempt in attempts
        if "inputs" in attempt and attempt["provider"] == provider
        for line in attempt["inputs"]
    ]
    return max(now_ms - min(moments), 0) if moments else 0


def sources_of(fetched: FetchResult) -> set[str]:
    """Every source that an answer came from, those of its inputs included."""
    names = {fetched.provider}
    if fetched.consensus is not None:
        names |= {vote["provider"] for vote in fetched.consensus["agreed"]}
    for attempt in fetched.attempts:
        names |= _named(attempt.get("inputs", ()))
    return names


def _named(lines: Iterable[Mapping[str, Any]]) -> set[str]:
    names: set[str] = set()
    for line in lines:
        names |= {line["provider"], *line.get("agreed", ())} | _named(line.get("inputs", ()))
    return names
