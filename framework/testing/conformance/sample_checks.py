"""Samples played to the provider: each comes to its outcome, and there is one for what matters."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import Outcome
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.simulator.matching import SampleIndex
from coinmux.framework.testing.conformance.border import NOW_MS, Ended, LooseClient, ask_with, play
from coinmux.framework.testing.conformance.check import Case, NotApplicable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from coinmux.framework.models.base import Query
    from coinmux.framework.samples.format import Sample
    from coinmux.framework.testing.conformance.subject import Subject

#: Codes of errors that ask us to wait.
_WAITS = frozenset({"upstream_rate_limited", "upstream_banned", "upstream_quota_exhausted"})
_REFUSED = frozenset({"upstream_auth", "upstream_plan_restricted"})
_OTHER_BASES = ("ETH", "SOL", "BTC")


def stem(sample: Sample) -> str:
    """A sample's name: its file without folder and ending."""
    return sample.file.rpartition("/")[2].removesuffix(".json")


def formats(subject: Subject) -> Sequence[Case]:
    """Every sample file can be read and served."""
    if subject.package is None:
        raise NotApplicable("it is no package, so it has no samples")

    async def run() -> str | None:
        if subject.bad_samples:
            return subject.bad_samples[0]
        strangers = [s.file for s in subject.samples if s.capability not in subject.served]
        if strangers:
            return f"{strangers[0]}: it has no hook for that capability"
        try:
            SampleIndex(subject.info, subject.samples)
        except ValueError as error:
            return str(error)
        return None

    return [Case("", run)]


def ok_samples(subject: Subject) -> Sequence[Case]:
    """Each capability has a sample that ends well, and each such sample does."""
    cases = [Case(stem(sample), _played(subject, sample)) for sample in _good(subject)]
    return [*(Case(name, _has_one(subject, name)) for name in subject.served), *cases]


def _has_one(subject: Subject, capability: str) -> Any:
    async def run() -> str | None:
        if subject.of_capability(capability, ok=True):
            return None
        if not subject.is_remote and not subject.info.asks:
            return await _answers(subject, capability)
        what = ", with the inputs of others" if subject.info.asks else ""
        return f"no sample that ends well: add samples/{capability}.json{what}"

    return run


async def _answers(subject: Subject, capability: str) -> str | None:
    """A model that runs here has nothing to record, so it is asked."""
    query = subject.question(capability)
    if query is None:
        return f"no question for {capability} is known: add samples/{capability}.json"
    ended = await ask_with(subject, capability, query, LooseClient([]), NOW_MS)
    return None if ended.result is not None else f"asked, it ends in {ended}"


def error_samples(subject: Subject) -> Sequence[Case]:
    """Each sample of an error ends in that error."""
    bad = [s for s in _served(subject) if s.outcome != "ok"]
    if not bad:
        if not subject.is_remote:
            raise NotApplicable("it makes no request")

        async def none() -> str | None:
            return "no sample of an error: add one for each error the source hides or documents"

        return [Case("", none)]
    return [Case(stem(sample), _played(subject, sample)) for sample in bad]


def _played(subject: Subject, sample: Sample) -> Any:
    async def run() -> str | None:
        ended, client = await play(subject, sample)
        if client.strays:
            what = "input" if subject.info.asks else "exchange"
            return f"the hook asks for what no {what} answers: {client.strays[0]}"
        if ended.code != sample.outcome:
            if ended.code == "provider_busy":
                return "one question asks more than its own rate_limits let through at once"
            return f"ends in {ended}, not in {sample.outcome}"
        if sample.outcome != "ok":
            return None
        if client.left:
            wanted = client.left[0].request
            return f"{wanted.method} {wanted.path or '/'} is never asked: leave it out"
        if client.left_inputs:
            return f"{client.left_inputs[0].capability} is never asked of others: leave it out"
        return _unexpected(ended, sample)

    return run


def _unexpected(ended: Ended, sample: Sample) -> str | None:
    assert ended.result is not None
    shown = json.loads(ended.result.encode())
    for field, value in sample.expect.items():
        if field == "last_closed" and value is None:
            continue
        if field not in shown:
            return f"expect: the result has no field {field!r}"
        if shown[field] != value:
            return f"expect: {field} is {str(shown[field])[:80]}, not {str(value)[:80]}"
    return None


def unknown_symbol(subject: Subject) -> Sequence[Case]:
    """An unknown pair, coin or address is distinguished from a failure."""
    cases = []
    addressed = []
    for name in subject.served:
        fields = subject.capabilities[name].query.model_fields
        asset = fields.get("asset")
        if "symbol" in fields or (asset is not None and asset.is_required()):
            cases.append(Case(name, _knows_unknown(subject, [name])))
        elif "address" in fields:
            addressed.append(name)
    if addressed:
        cases.append(Case("address", _knows_unknown(subject, addressed)))
    if not cases:
        raise NotApplicable("it is asked about no pair, coin or address")
    return cases


def _knows_unknown(subject: Subject, names: list[str]) -> Any:
    async def run() -> str | None:
        for sample in (s for name in names for s in subject.of_capability(name)):
            ended, _ = await play(subject, sample)
            if sample.outcome == "unknown_symbol" and ended.error is not None:
                if getattr(ended.error, "outcome", None) is Outcome.NEUTRAL:
                    return None
            elif "address" in sample.query and ended.result is not None and _is_bare(ended.result):
                return None
        wanted = f"samples/{names[0]}_unknown_symbol.json, which ends in unknown_symbol"
        if names[0] in subject.served and "address" in _fields(subject, names[0]):
            wanted += ", or one of an address that holds nothing"
        return f"no sample of one it does not know: add {wanted}"

    return run


def _fields(subject: Subject, capability: str) -> Iterable[str]:
    return subject.capabilities[capability].query.model_fields


def _is_bare(result: Any) -> bool:
    """Whether the answer is that there is nothing: no item, or a balance of nothing."""
    return bool(result.is_empty()) or getattr(result, "raw", None) == "0"


def rate_limit(subject: Subject) -> Sequence[Case]:
    """A rate limit answer is recognised."""

    async def run() -> str | None:
        if any(sample.outcome in _WAITS for sample in subject.samples):
            return None
        return "no sample of a rate limit: add one that ends in upstream_rate_limited"

    return [Case("", run)]


def refused_key(subject: Subject) -> Sequence[Case]:
    """A wrong key is recognised."""
    if not any(variable.secret for variable in subject.info.env):
        raise NotApplicable("it reads no key")

    async def run() -> str | None:
        if any(sample.outcome in _REFUSED for sample in subject.samples):
            return None
        if not any(variable.required and variable.secret for variable in subject.info.env):
            raise NotApplicable("it answers without a key, and no sample is of a refused one")
        return "no sample of a refused key: add one that ends in upstream_auth"

    return [Case("", run)]


def idempotent(subject: Subject) -> Sequence[Case]:
    """The same answer is read the same way twice."""

    def case(sample: Sample) -> Case:
        async def run() -> str | None:
            first, _ = await play(subject, sample)
            second, _ = await play(subject, sample)
            if first.result is None or second.result is None:
                return None  # `ok_samples` says so
            if first.result.encode() == second.result.encode():
                return None
            return "the same bodies are read differently the second time: keep no state"

        return Case(stem(sample), run)

    return [case(sample) for sample in _good(subject)]


def other_symbol(subject: Subject) -> Sequence[Case]:
    """An answer about another pair is not taken for the one asked about."""
    good = [s for s in subject.of_capability("ticker", ok=True) if "symbol" in s.query]
    if not good:
        has_tickers = "ticker" in subject.served
        raise NotApplicable("no sample for ticker" if has_tickers else "it has no tickers")
    return [Case(stem(sample), _refuses(subject, sample)) for sample in good[:1]]


def _refuses(subject: Subject, sample: Sample) -> Any:
    async def run() -> str | None:
        own = Symbol(str(sample.query["symbol"]))
        base = next(one for one in _OTHER_BASES if one not in (own.base, own.quote))
        other = Symbol.of(base, own.quote)
        query: Query = subject.capabilities["ticker"].query.model_validate({"symbol": other})
        client = LooseClient(sample.exchanges)
        ended = await ask_with(subject, "ticker", query, client, sample.recorded_at)
        if ended.result is None:
            return None
        if not _names(subject, sample, own):
            raise NotApplicable("its answers do not name their pair; only the request does")
        return f"asked for {other}, it passes on an answer about {own}: use SymbolStyle.confirm"

    return run


def _names(subject: Subject, sample: Sample, symbol: Symbol) -> bool:
    """Whether a body names the pair, or its base."""
    style = subject.info.symbols
    known = {symbol.base.lower(), str(symbol).lower(), symbol.join("").lower()}
    if style is not None:
        known |= {style.native(symbol).lower(), style.aliases.get(symbol.base, "").lower()}
    known.discard("")
    return any(
        word.lower() in known
        for exchange in sample.exchanges
        for word in _words(exchange.response.body)
    )


def _words(value: Any) -> Iterable[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _words(item)
    elif isinstance(value, list):
        for item in value:
            yield from _words(item)
    elif isinstance(value, str):
        yield value


def _served(subject: Subject) -> list[Sample]:
    return [s for s in subject.samples if s.capability in subject.served]


def _good(subject: Subject) -> list[Sample]:
    return [s for s in _served(subject) if s.outcome == "ok"]
