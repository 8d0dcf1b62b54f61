"""Which sample answers a request: the same, one that differs in a count, or "no such symbol"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from coinmux.framework.samples.format import Exchange, Sample
from coinmux.framework.simulator.pair_renaming import Renaming, playable
from coinmux.framework.simulator.patterns import COUNT, Asked, Pattern, PatternMatch
from coinmux.framework.simulator.player import Play, Script

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo

#: Parameters that turn pages. A later page plays an earlier one: the end of the list, if there is
#: a sample of it, but never the other way round.
_PAGES = frozenset({"page", "offset", "cursor", "skip", "pageno"})


class SampleIndex:
    """All that one provider can answer.

    Args:
        info: of the provider.
        samples: read and checked.

    Raises:
        ValueError: a sample names a host or channel the provider does not declare, or its rows do
            not tell which price is which.
    """

    def __init__(self, info: ProviderInfo, samples: Sequence[Sample]) -> None:
        self._intervals = frozenset((info.intervals or {}).values())
        self._tags = {channel.name: channel.tags for channel in info.channels}
        scripts = [_script(info, s, e) for s in samples for e in s.exchanges]
        # Of one request in two samples, that of a pair comes first: its prices can be moved.
        good = sorted(
            (script for script in scripts if script.sample.outcome == "ok"),
            key=lambda script: script.pair is None,
        )
        unknown = [script for script in scripts if script.sample.outcome == "unknown_symbol"]
        # An answer that names its pair is no answer for another.
        self._unknown = [_pattern(script) for script in sorted(unknown, key=_names_its_subject)]
        # One of a pair that tells no prices comes last: others can play its pair at today's.
        patterns = [
            *(_pattern(script) for script in good if script.is_priced),
            *self._unknown,
            *(other for script in good if script.is_priced for other in _others(script)),
            *(_pattern(script) for script in good if not script.is_priced),
        ]
        self._plain: dict[Any, Pattern] = {}
        self._patterns: dict[tuple[str, int], list[Pattern]] = {}
        for pattern in patterns:
            asked = pattern.asked
            if pattern.is_plain:
                self._plain.setdefault(_key(asked), pattern)
            self._patterns.setdefault((asked.method, len(asked.segments)), []).append(pattern)
        self._by_outcome: dict[str, Play] = {}
        for script in scripts:
            self._by_outcome.setdefault(script.sample.outcome, Play(script))

    def find(self, asked: Asked) -> PatternMatch | None:
        """What answers the request; None where nothing does."""
        if asked.json is None:
            plain = self._plain.get(_key(asked))
            if plain is not None:
                return PatternMatch(plain.play)
        candidates = self._patterns.get((asked.method, len(asked.segments)), [])
        here = [pattern for pattern in candidates if _place(pattern.asked) == _place(asked)]
        elsewhere = self._elsewhere(asked, candidates)
        return (
            _first_fit(here, asked)
            or _nearest_count(here, asked)
            or _first_fit(elsewhere, asked)
            or _nearest_count(elsewhere, asked)
            or self._unknown_like(asked)
        )

    def ending_in(self, outcome: str) -> Play | None:
        """The first sample that ends in an error, as its own request is answered."""
        return self._by_outcome.get(outcome)

    def _elsewhere(self, asked: Asked, candidates: Iterable[Pattern]) -> list[Pattern]:
        """What other channels of the same tags answer: nodes and feeds are alike."""
        if asked.channel is None:
            return []
        tags = self._tags.get(asked.channel, frozenset())
        return [
            pattern
            for pattern in candidates
            if (channel := pattern.asked.channel) is not None
            and channel != asked.channel
            and (not tags or tags & self._tags.get(channel, frozenset()))
        ]

    def _unknown_like(self, asked: Asked) -> PatternMatch | None:
        for pattern in self._unknown:
            own = pattern.asked
            if (
                own.method != asked.method
                or _place(own) != _place(asked)
                or len(own.segments) != len(asked.segments)
                or not own.params.keys() <= asked.params.keys()
            ):
                continue
            subject = _subject(pattern.play.script.sample)
            if all(
                mine == theirs
                or (subject and subject in mine.lower())
                or (mine in self._intervals and theirs in self._intervals)
                for mine, theirs in zip(own.segments, asked.segments, strict=True)
            ):
                return PatternMatch(pattern.play)
        return None


def segments_of(path: str) -> tuple[str, ...]:
    """The segments of a path, decoded; a slash at the end is an empty last one."""
    return tuple(unquote(part) for part in path.split("/")[1:]) if path not in ("", "/") else ()


def _script(info: ProviderInfo, sample: Sample, exchange: Exchange) -> Script:
    request = exchange.request
    if request.host is not None and request.host not in info.hosts:
        raise ValueError(f"{sample.file}: request.host: {info.name} has no {request.host!r}")
    if request.channel is not None and request.channel not in {c.name for c in info.channels}:
        raise ValueError(f"{sample.file}: request.channel: {info.name} has no {request.channel!r}")
    try:
        return Script.read(info, sample, exchange)
    except ValueError as exc:
        raise ValueError(f"{sample.file}: {exc}") from exc


def _pattern(script: Script) -> Pattern:
    request = script.exchange.request
    asked = Asked(
        request.method,
        segments_of(request.path),
        dict(request.params),
        request.json_body,
        request.host,
        request.channel,
    )
    is_good = script.sample.outcome == "ok"
    address = script.sample.query.get("address") if is_good else None
    series = script.exchange.series if is_good else None
    return Pattern(Play(script), asked, series, address if isinstance(address, str) else None)


def _others(script: Script) -> Iterator[Pattern]:
    """The other pairs a sample can play."""
    if script.pair is None:
        return
    own = _pattern(script)
    for other in playable(script.info, script.pair):
        renaming = Renaming.of(script.info, script.pair, other)
        asked = replace(
            own.asked,
            segments=renaming.parts(own.asked.segments),
            params={name: renaming.text(value) for name, value in own.asked.params.items()},
            json=renaming.value(own.asked.json),
        )
        if asked != own.asked:
            yield Pattern(Play(script, other, renaming), asked, own.series)


def _key(asked: Asked) -> tuple[Any, ...]:
    params = frozenset(asked.params.items())
    return (asked.method, asked.host, asked.channel, asked.segments, params)


def _place(asked: Asked) -> tuple[str | None, str | None]:
    return (asked.host, asked.channel)


def _first_fit(patterns: Iterable[Pattern], asked: Asked) -> PatternMatch | None:
    """The first that fits; one that has an address of its own comes before one that lends its."""
    lent: PatternMatch | None = None
    for pattern in patterns:
        found = pattern.fits(asked)
        if found is not None and found.address is None:
            return found
        lent = lent if lent is not None else found
    return lent


def _nearest_count(patterns: Iterable[Pattern], asked: Asked) -> PatternMatch | None:
    """What differs in counts alone (`limit=20` for `limit=50`): the least that has enough."""
    best: tuple[tuple[int, bool, int], Pattern] | None = None
    for pattern in patterns:
        own = pattern.asked
        if (
            pattern.series is not None
            or pattern.play.script.sample.outcome != "ok"
            or own.params.keys() != asked.params.keys()
        ):
            continue
        params, pages, off = dict(own.params), 0, 0
        for name, value in asked.params.items():
            if value != own.params[name] and COUNT.fullmatch(value):
                more = (
                    int(own.params[name]) - int(value) if COUNT.fullmatch(own.params[name]) else 0
                )
                if name.lower() not in _PAGES:
                    off += more
                elif more > 0:
                    pages += more
                else:
                    continue
                params[name] = value
        counted = replace(pattern, asked=replace(own, params=params))
        rank = (pages, off < 0, abs(off))
        if (best is None or rank < best[0]) and counted.fits(asked) is not None:
            best = (rank, counted)
    return None if best is None else best[1].fits(asked)


def _names_its_subject(script: Script) -> bool:
    subject = _subject(script.sample)
    return bool(subject) and subject in str(script.exchange.response.body).lower()


def _subject(sample: Sample) -> str:
    """What an unknown symbol's request names, in lower case."""
    symbol = sample.query.get("symbol") or sample.query.get("protocol") or sample.query.get("chain")
    return str(symbol or "").partition("/")[0].lower()
