"""Which sample answers a request: the same, one that differs in a count, or "no such symbol"."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.samples.format import ANY, Exchange, FieldSource, Sample
from coinmux.framework.simulator.pair_renaming import Renaming, playable
from coinmux.framework.simulator.patterns import Asked, Pattern, PatternMatch
from coinmux.framework.simulator.player import Play, Script

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo

#: A count, an offset or a threshold; times have more digits.
#: Between base and quote.
_BETWEEN = re.compile(r"[-_/:.]")
_COUNT = re.compile(r"(?<![\w.-])\d{1,9}(?!\w)", re.ASCII)
#: Parameters that turn pages. A later page plays an earlier one: the end of the list, if there is
#: a sample of it, but never the other way round.
_PAGES = frozenset({"page", "offset", "cursor", "skip", "pageno"})
#: Parameters that say how long a page is, and those that say with which row it begins.
_SIZES = frozenset({"limit", "per_page", "page_size"})
_OFFSETS = frozenset({"offset", "start"})
#: Quotes in which lists of coins are shown too.
_QUOTES = ("EUR", "BTC", "USDT")


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
        scripts = [
            _script(info, s, e, _fields_like(s, samples)) for s in samples for e in s.exchanges
        ]
        # Of one request in two samples, that of a pair comes first: its prices can be moved.
        good = sorted(
            (script for script in scripts if script.sample.outcome == "ok"),
            key=lambda script: script.pair is None,
        )
        unknown = [script for script in scripts if script.sample.outcome == "unknown_symbol"]
        # An answer that names its pair is no answer for another, least of all one that succeeds.
        self._unknown = [_pattern(script) for script in sorted(unknown, key=_is_of_one_subject)]
        # One of a pair that tells no prices comes last: others can play its pair at today's.
        patterns = [
            *(_pattern(script) for script in good if script.is_priced),
            *(other for script in good for other in _in_other_quotes(script)),
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
                return PatternMatch(pattern.play, said=_words_for(own, asked, subject))
        return None


def segments_of(path: str) -> tuple[str, ...]:
    """The segments of a path, decoded; a slash at the end is an empty last one."""
    return tuple(unquote(part) for part in path.split("/")[1:]) if path not in ("", "/") else ()


def _fields_like(sample: Sample, samples: Sequence[Sample]) -> Mapping[str, FieldSource]:
    """Where fields stand, as the first sample says that has the same exchanges."""
    for one in samples:
        if (
            one.fields
            and one.capability == sample.capability
            and len(one.exchanges) == len(sample.exchanges)
        ):
            return one.fields
    return {}


def _script(
    info: ProviderInfo, sample: Sample, exchange: Exchange, fields: Mapping[str, FieldSource]
) -> Script:
    request = exchange.request
    if request.host is not None and request.host not in info.hosts:
        raise ValueError(f"{sample.file}: request.host: {info.name} has no {request.host!r}")
    if request.channel is not None and request.channel not in {c.name for c in info.channels}:
        raise ValueError(f"{sample.file}: request.channel: {info.name} has no {request.channel!r}")
    try:
        return Script.read(info, sample, exchange, fields)
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


def _in_other_quotes(script: Script) -> Iterator[Pattern]:
    """A list of coins in other quotes than the dollar."""
    quotes = script.info.quotes
    if script.sample.capability != "coins" or script.sample.query.get("quote", "USD") != "USD":
        return
    own = _pattern(script)
    for quote in _QUOTES:
        if quotes is not None and quote not in quotes:
            continue
        renaming = Renaming({"USD": quote, "usd": quote.lower()})
        params = {name: renaming.text(value) for name, value in own.asked.params.items()}
        if params != own.asked.params:
            # Any coin will do: of a list the quote alone counts.
            play = Play(script, Symbol.of("ETH", quote), renaming)
            yield Pattern(play, replace(own.asked, params=params), own.series)


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
    """What differs in counts or thresholds alone (`limit=20` for `limit=50`): the nearest."""
    best: tuple[tuple[int, bool, int], Pattern, tuple[int, int, int] | None] | None = None
    for pattern in patterns:
        own = pattern.asked
        if (
            pattern.series is not None
            or pattern.play.script.sample.outcome != "ok"
            or own.params.keys() != asked.params.keys()
        ):
            continue
        params, pages, off = dict(own.params), 0, 0
        page = _page(pattern, asked)
        for name, value in asked.params.items():
            mine, theirs = _numbers(own.params[name]), _numbers(value)
            if value == own.params[name] or not theirs or not _same_words(own.params[name], value):
                continue
            more = sum(a - b for a, b in zip(mine, theirs, strict=False))
            if name.lower() not in _PAGES:
                off += more
            elif more > 0:
                pages += more
            elif page is None:
                continue
            params[name] = value
        counted = replace(pattern, asked=replace(own, params=params))
        rank = (pages, off < 0, abs(off)) if page is None else (0, False, -page[2])
        if (best is None or rank < best[0]) and counted.fits(asked) is not None:
            best = (rank, counted, page)
    if best is None:
        return None
    found = best[1].fits(asked)
    page = best[2]
    return None if found is None else replace(found, page=None if page is None else page[:2])


def _page(pattern: Pattern, asked: Asked) -> tuple[int, int, int] | None:
    """First row, end and longest length of the page of coins asked of a sample."""
    if pattern.play.script.sample.capability != "coins":
        return None
    number = size = first = None
    own_size = 0
    for name, value in asked.params.items():
        if not _COUNT.fullmatch(value) or not _COUNT.fullmatch(pattern.asked.params[name]):
            continue
        if name in _SIZES:
            size, own_size = int(value), int(pattern.asked.params[name])
        elif name in _OFFSETS:
            first = int(value) - int(pattern.asked.params[name])
        elif name.lower() in _PAGES:
            number = int(value) - int(pattern.asked.params[name])
    if size is None or (number is None and first is None):
        return None
    start = first if first is not None else (number or 0) * size
    return None if start < 0 else (start, start + size, own_size)


def _numbers(value: str) -> list[int]:
    return [int(digits) for digits in _COUNT.findall(value)]


def _same_words(one: str, other: str) -> bool:
    """Whether two values differ in counts alone: `usd(1000000..)` and `usd(500000..)`."""
    return one == ANY or _COUNT.sub("#", one) == _COUNT.sub("#", other)


def _is_of_one_subject(script: Script) -> tuple[bool, bool]:
    """Whether an answer names its subject, and whether its status is that of a success."""
    subject, response = _subject(script.sample), script.exchange.response
    names = bool(subject) and subject in str(response.body).lower()
    return names, names and response.status < 400


def _words_for(own: Asked, asked: Asked, subject: str) -> tuple[tuple[str, str], ...]:
    """Words of a refusal's own request -> those of the one that is refused, longest first."""
    words: dict[str, str] = {}
    for mine, theirs in (
        *((value, asked.params[name]) for name, value in own.params.items()),
        *zip(own.segments, asked.segments, strict=True),
    ):
        at = mine.lower().find(subject) if subject else -1
        if at < 0 or mine == theirs:
            continue
        end = at + len(subject)
        theirs_end = -len(mine[end:]) or None if theirs.endswith(mine[end:]) else None
        base = theirs.removeprefix(mine[:at])[:theirs_end]
        words[mine] = theirs
        words.setdefault(mine[at:end], _BETWEEN.split(base)[0] or theirs)
    return tuple(sorted(words.items(), key=lambda word: -len(word[0])))


def _subject(sample: Sample) -> str:
    """What an unknown symbol's request names, in lower case."""
    symbol = sample.query.get("symbol") or sample.query.get("protocol") or sample.query.get("chain")
    return str(symbol or "").partition("/")[0].lower()
