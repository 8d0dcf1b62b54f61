"""What a provider says of itself: that it loads, and that the facts are whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from coinmux.framework.limits.limiter import Limiter
from coinmux.framework.reference.chains import Chain
from coinmux.framework.reference.intervals import INTERVALS
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.conformance.check import Case, NotApplicable

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import EnvVar, ProviderInfo
    from coinmux.framework.testing.conformance.subject import Subject

_SEND_AS = re.compile(r"header:[\w-]+(=.*\{\}.*)?|query:[\w.-]+|")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_CHANNEL = re.compile(r"[a-z][a-z0-9_]*")
_CHAINED = ("gas", "chain_head", "balance", "transactions", "token_balances")
_USAGE = re.compile(r"rate-?limit.*(remaining|used)|used-weight|credits?-(remaining|used)")


def loads(subject: Subject) -> Sequence[Case]:
    """It is imported, its hooks are known by name and arguments, and it declares its info."""

    async def run() -> str | None:
        return f"it is listed as broken: {subject.broken}" if subject.provider is None else None

    return [Case("", run)]


def info(subject: Subject) -> Sequence[Case]:
    """The facts are whole."""
    if subject.provider is None:
        raise NotApplicable("it does not load")

    async def run() -> str | None:
        wrong = list(_wrong_facts(subject))
        return "; ".join(wrong) or None

    return [Case("", run)]


def _wrong_facts(subject: Subject) -> Iterator[str]:
    facts = subject.info
    if not facts.title.strip():
        yield "title is empty: say what people call the source"
    for name in ("homepage", "terms_url", "docs_url"):
        url = getattr(facts, name)
        if url and not url.startswith("https://"):
            yield f"{name} is not an https address"
    if facts.retired is not None:
        if not facts.retired.strip():
            yield "retired is empty: say why, and what to use instead"
        return
    if not facts.docs_url and subject.is_remote:
        yield "docs_url is empty: name the documentation it was written from"
    # What is made of other sources has no documentation but its own code.
    if not _is_day(facts.docs_read) and (subject.is_remote or not facts.asks):
        yield "docs_read is no day (2026-11-23): say when the documentation was last read"
    if not facts.rate_limits and subject.is_remote:
        yield "rate_limits is empty: declare those of the free tier, or a modest one of your own"
    for variable in facts.env:
        yield from _wrong_variable(variable)
    yield from _wrong_words(facts, subject.served)


def _wrong_variable(variable: EnvVar) -> Iterator[str]:
    name = variable.name
    if not _VARIABLE.fullmatch(name):
        yield f"env: {name!r} is no name of a variable: upper case, digits and _"
    if not variable.description.strip():
        yield f"env: {name} has no description: say in a sentence what it enables"
    if variable.required and not variable.signup_url.startswith("https://"):
        yield f"env: {name} has no https signup_url: say where to get one"
    if not _SEND_AS.fullmatch(variable.send_as):
        yield f"env: {name}: send_as takes header:NAME, header:NAME=Bearer {{}} or query:NAME"


def _wrong_words(facts: ProviderInfo, served: Sequence[str]) -> Iterator[str]:
    unknown = sorted(set(facts.intervals or ()) - INTERVALS.keys())
    if unknown:
        yield f"intervals: {', '.join(unknown)}: ours are {' '.join(INTERVALS)}"
    if "candles" in served and not facts.intervals:
        yield "intervals is empty: say which lengths of candles it has, and how it calls them"
    unknown = sorted(set(facts.chains or ()) - {str(chain) for chain in Chain})
    if unknown:
        yield f"chains: {', '.join(unknown)}: ours are {' '.join(Chain)}"
    on_chains = [name for name in _CHAINED if name in served]
    if on_chains and not facts.chains:
        yield f"chains is empty: say which of them {' and '.join(on_chains)} cover"
    names = [*facts.hosts, *(channel.name for channel in facts.channels)]
    for name in names:
        if not _CHANNEL.fullmatch(name):
            yield f"{name!r} is no name of a host or channel: lower case, digits and _"
    if len(set(names)) != len(names):
        yield "two hosts or channels of one name"


def _is_day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def recorded(subject: Subject) -> Sequence[Case]:
    """Real answers were replayed."""

    async def run() -> str | None:
        if subject.info.seen == "recorded":
            return None
        return (
            "only its documentation was at hand: replay a real answer in its tests, "
            'then declare seen="recorded"'
        )

    return [Case("", run)]


def usage(subject: Subject) -> Sequence[Case]:
    """Headers that tell what is used of a limit are read."""
    facts = subject.info
    told = {
        name.lower()
        for sample in subject.samples
        for exchange in sample.exchanges
        for name in exchange.response.headers
        if _USAGE.search(name.lower())
    }
    declared = {header.name.lower() for header in facts.usage}
    if not told and not declared:
        raise NotApplicable("no sample shows a header that tells of its use")

    async def run() -> str | None:
        if not declared:
            return f"its answers report use in {', '.join(sorted(told))}: declare it as usage"
        gate = Limiter(FakeClock(), facts.rate_limits, usage=facts.usage)
        for header in facts.usage:
            before = gate.snapshot()
            most = next(r.requests for r in facts.rate_limits if r.per_s == header.per_s)
            gate.observe({header.name.lower(): "0" if header.tells == "remaining" else f"{most:g}"})
            if gate.snapshot() == before:
                return f"{header.name} changes nothing: its window is none of rate_limits"
        return None

    return [Case("", run)]
