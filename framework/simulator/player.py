"""One sample exchange made live: its times now, its prices the market's, its rows as asked."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.samples import json_paths
from coinmux.framework.samples.amounts import finest, read_amount, scaled
from coinmux.framework.samples.format import Exchange, FieldSource, Sample, SampleBatch, element
from coinmux.framework.simulator import candle_series, day_figures, market_rows, trade_sizes
from coinmux.framework.simulator.candle_spans import Span, rows_of, steps_of
from coinmux.framework.simulator.pair_renaming import Renaming, renamed
from coinmux.framework.simulator.price_model import ASSETS
from coinmux.framework.simulator.time_shift import moved, read_time

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo
    from coinmux.framework.simulator.price_model import PriceModel

Twist = Literal["wrong_symbol", "seconds_for_ms", "negative_price", "lie"]

#: No two sources trade at one price: most a simulated one stands off the market, either way.
_SKEW = 0.0003
#: Described by us, not by the sample.
_OURS = frozenset({"content-length", "transfer-encoding", "content-encoding", "connection"})


@dataclass(frozen=True, slots=True)
class PlayedAnswer:
    """What goes over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Script:
    """An exchange of a provider's, read once.

    Attributes:
        pair: of the sample's query, where it has one.
        reference: the price the sample's prices are relative to, where it has any.
        rows: of candles.
        span: what the sample's own request asks for.
        fields: where each field of the result stands, of this sample or of one like it.
        steps: the source's words for lengths of candles, in seconds.
    """

    info: ProviderInfo
    sample: Sample
    exchange: Exchange
    pair: Symbol | None
    reference: float | None
    rows: candle_series.Rows | None = None
    span: Span | None = None
    fields: Mapping[str, FieldSource] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def read(
        cls,
        info: ProviderInfo,
        sample: Sample,
        exchange: Exchange,
        fields: Mapping[str, FieldSource] | None = None,
    ) -> Script:
        """The exchange of the sample.

        Args:
            fields: where each field of the result stands, if the sample does not say so.

        Raises:
            ValueError: its rows do not tell which price is which.
        """
        asked = sample.query.get("symbol")
        pair = Symbol(asked) if isinstance(asked, str) else None
        if sample.outcome != "ok":
            return cls(info, sample, exchange, pair, None)
        fields = sample.fields or fields or {}
        if exchange.series is None:
            return cls(info, sample, exchange, pair, _reference(sample), fields=fields)
        steps = steps_of(info, exchange.series)
        rows, span = rows_of(exchange, exchange.series, steps, fields.get("volume"))
        reference = _reference(sample)
        return cls(info, sample, exchange, pair, reference, rows, span, fields, steps)

    @property
    def is_priced(self) -> bool:
        """Whether the sample tells which values are prices; where it is of no pair, it is too."""
        told = any(one.prices or one.series is not None for one in self.sample.exchanges)
        return told or self.pair is None or not _is_simulated(self.pair)

    def answer(
        self,
        market: PriceModel,
        now_ms: int,
        *,
        pair: Symbol | None = None,
        renaming: Renaming | None = None,
        span: Span | None = None,
        twist: Twist | None = None,
        lie: float | None = None,
        address: tuple[str, str] | None = None,
        page: tuple[int, int] | None = None,
        said: tuple[tuple[str, str], ...] | None = None,
        asked_json: Any = None,
    ) -> PlayedAnswer:
        """The response as the source would give it now.

        Args:
            market: where prices come from.
            now_ms: Unix ms.
            pair: to play in place of the sample's own; of a list of coins its quote counts.
            renaming: from the sample's pair to that one.
            span: of candles; the sample's own without it.
            twist: what is to be wrong with it.
            lie: what the source's prices are of the true ones.
            address: the sample's, and the one to answer about.
            page: of a list of coins, the rows to answer with.
            said: words of a refusal, and those to say in place of each.
            asked_json: the request's body, whose JSON-RPC ids are echoed.
        """
        response = self.exchange.response
        headers = {n.lower(): v for n, v in response.headers.items() if n.lower() not in _OURS}
        if response.text is not None:
            text = _reworded(self._text(response.text, now_ms), said or ())
            return PlayedAnswer(response.status, headers, text.encode())
        if not response.has_body:
            return PlayedAnswer(response.status, headers, b"")
        headers.setdefault("content-type", "application/json")
        pair = pair if pair is not None else self.pair
        if twist == "wrong_symbol" and pair is not None and self.pair is not None:
            pair = Symbol.of("DOGE" if pair.base != "DOGE" else "XRP", pair.quote)
            renaming = Renaming.of(self.info, self.pair, pair)
        off = skew(self.info.name) * (1.0 if lie is None else lie)
        body = self._body(market, now_ms, pair, span, twist, off)
        if page is not None:
            body = day_figures.page_of(body, self.fields, slice(*page))
        if renaming is not None:
            body = renaming.value(body)
        if address is not None:
            old, new = address
            body = Renaming({old: new}, fold=True).value(body)
        if said:
            body = renamed(body, lambda text: _reworded(text, said))
        if asked_json is not None and self.exchange.batch is not None:
            body = _as_many(self.exchange.batch, asked_json, body)
        if asked_json is not None:
            _echo_ids(self.exchange.request.json_body, asked_json, body)
        return PlayedAnswer(response.status, headers, msgspec.json.encode(body))

    def _text(self, text: str, now_ms: int) -> str:
        def now(match: re.Match[str]) -> str:
            words = match[2].strip()
            time = moved(words, self.sample.recorded_at, now_ms)
            return match[1] + match[2].replace(words, time) + match[3]

        for name in self.exchange.times:
            text = element(name).sub(now, text)
        return text

    def _body(
        self,
        market: PriceModel,
        now_ms: int,
        pair: Symbol | None,
        span: Span | None,
        twist: str | None,
        off: float,
    ) -> Any:
        exchange = self.exchange
        body = msgspec.json.decode(msgspec.json.encode(exchange.response.body))
        for name in exchange.times:
            for container, key in json_paths.places(body, json_paths.parse(name)):
                container[key] = moved(container[key], self.sample.recorded_at, now_ms)
        factor = self._factor(market, pair, now_ms, off)
        if twist == "negative_price":
            factor = -factor
        if factor != 1:
            paths = [json_paths.parse(path) for path in exchange.prices]
            forms = finest(value for path in paths for value in json_paths.values(body, path))
            for path in paths:
                for container, key in json_paths.places(body, path):
                    container[key] = scaled(container[key], factor, forms)
        if twist != "negative_price":
            self._write_day(body, market, now_ms, pair, off)
        self._write_sizes(body, pair)
        if self.rows is not None and self.span is not None and exchange.series is not None:
            asked = span if span is not None else self.span
            rows = self._candles(market, now_ms, pair, asked, off)
            if twist == "negative_price":
                rows = [self.rows.negated(row) for row in rows]
            root = json_paths.parse(exchange.series.path)
            for container, key in json_paths.places(body, root):
                container[key] = rows
                break
            if not root:
                body = rows
        if self.sample.capability == "markets" and self.sample.outcome == "ok":
            market_rows.complete(body, self.info)
        if twist == "seconds_for_ms":
            for name in exchange.times:
                for container, key in json_paths.places(body, json_paths.parse(name)):
                    container[key] = _a_thousandth(container[key])
        return body

    def _write_day(
        self, body: Any, market: PriceModel, now_ms: int, pair: Symbol | None, off: float
    ) -> None:
        """Put today's figures of 24 hours in place of the sample's."""
        if self.sample.outcome != "ok" or not self.fields:
            return
        at = next(n for n, one in enumerate(self.sample.exchanges) if one is self.exchange)
        name, fields = self.info.name, self.fields
        if self.sample.capability == "ticker" and pair is not None and _is_simulated(pair):
            day = day_figures.day_of(market, pair, now_ms, source=name, off=off)
            day_figures.write_ticker(body, fields, self.exchange.prices, at, day)
        elif self.sample.capability == "coins":
            quote = pair.quote if pair is not None else str(self.sample.query.get("quote", "USD"))
            day_figures.write_coins(body, fields, at, quote, market, now_ms, off)
        elif self.sample.capability == "global_stats":
            day_figures.write_global(body, fields, at, market, now_ms, off)

    def _write_sizes(self, body: Any, pair: Symbol | None) -> None:
        """Size orders and trades for the pair that is played."""
        sampled = self.pair
        if self.sample.capability not in ("order_book", "trades") or self.sample.outcome != "ok":
            return
        if pair is None or sampled is None or not (_is_simulated(pair) and _is_simulated(sampled)):
            return
        at = next(n for n, one in enumerate(self.sample.exchanges) if one is self.exchange)
        trade_sizes.write_sizes(body, self.fields, self.exchange.prices, at, sampled, pair)

    def _factor(self, market: PriceModel, pair: Symbol | None, now_ms: int, off: float) -> float:
        if self.reference is None or pair is None or not _is_simulated(pair):
            return 1.0
        return market.price(pair, now_ms) * off / self.reference

    def _candles(
        self, market: PriceModel, now_ms: int, pair: Symbol | None, span: Span, off: float
    ) -> list[Any]:
        assert self.rows is not None
        now_s = now_ms // 1000
        opens = candle_series.opening_times(
            span.step_s, now_s, span.limit, span.start_s, span.end_s
        )
        closes = candle_series.closing_times(span.step_s, opens)
        known = pair if pair is not None and _is_simulated(pair) else Symbol.of("BTC", "USDT")
        values = market.candles(known, opens, closes, now_s)
        four = [(o * off, h * off, low * off, c * off) for o, h, low, c in values]
        if pair is None or not _is_simulated(pair):
            return self.rows.write(opens, closes, four, now_s=now_s)
        day = day_figures.day_of(market, pair, now_ms, source=self.info.name, off=off)
        per_second = day.volume_base / 86_400

        def traded(open_s: int, close_s: int) -> float:
            return per_second * max(min(close_s, now_s) - open_s, 1)

        return self.rows.write(opens, closes, four, traded, now_s=now_s)


@dataclass(slots=True)
class Play:
    """A script in one pair. Its last answers are cached for the second they were made in."""

    script: Script
    pair: Symbol | None = None
    renaming: Renaming | None = None
    _second: int = field(default=0, init=False)
    _kept: dict[Span | None, PlayedAnswer] = field(default_factory=dict, init=False)

    def answer(
        self, market: PriceModel, now_ms: int, *, span: Span | None = None, **asked: Any
    ) -> PlayedAnswer:
        """As `Script.answer`, at the start of the second."""
        second = now_ms // 1000
        if second != self._second:
            self._second = second
            self._kept.clear()
        is_plain = not any(value is not None for value in asked.values())
        kept = self._kept.get(span) if is_plain else None
        if kept is not None:
            return kept
        answer = self.script.answer(
            market, second * 1000, pair=self.pair, renaming=self.renaming, span=span, **asked
        )
        if is_plain:
            self._kept[span] = answer
        return answer


def skew(provider: str) -> float:
    """How a source's prices stand to the market's: always the same, within 0.03 %."""
    digest = hashlib.blake2b(provider.encode(), digest_size=4).digest()
    return 1 + _SKEW * (int.from_bytes(digest, "big") / 2**31 - 1)


def _is_simulated(pair: Symbol) -> bool:
    return pair.base in ASSETS and pair.quote in ASSETS


def _reference(sample: Sample) -> float | None:
    """What the sample says the price is: `expect.last`, else the first of its prices."""
    if not any(exchange.prices for exchange in sample.exchanges):
        return None
    expected = read_amount(sample.expect.get("last"))
    if expected:
        return expected
    for exchange in sample.exchanges:
        for path in exchange.prices:
            for value in json_paths.values(exchange.response.body, json_paths.parse(path)):
                price = read_amount(value)
                if price:
                    return price
    return None


def _reworded(text: str, said: tuple[tuple[str, str], ...]) -> str:
    """Text with the first of these words that it has in place of the sample's."""
    return next((text.replace(old, new) for old, new in said if old in text), text)


def _as_many(batch: SampleBatch, asked_json: Any, body: Any) -> Any:
    """The body with as many rows as are asked."""
    asked = next(json_paths.values(asked_json, json_paths.parse(batch.asked)), None)
    most = len(asked) if isinstance(asked, list) else 1
    root = json_paths.parse(batch.path)
    if not root:
        return [body[at % len(body)] for at in range(most)]
    for container, key in json_paths.places(body, root):
        rows = container[key]
        container[key] = [rows[at % len(rows)] for at in range(most)]
    return body


def _a_thousandth(value: Any) -> Any:
    """A time in seconds where milliseconds are expected, or the reverse."""
    stamp = read_time(value)
    if stamp is None:
        return value
    if type(value) is int:
        return value // 1000
    if type(value) is str and value.isdigit():
        return str(int(value) // 1000)
    return stamp.write(stamp.ns // 1000)


def _echo_ids(sample: Any, asked: Any, body: Any) -> None:
    """Puts the request's JSON-RPC ids in place of the sample's."""
    if isinstance(asked, dict) and isinstance(body, dict):
        told = sample.get("id") if isinstance(sample, dict) else None
        if "id" in asked and body.get("id", told) == told:
            body["id"] = asked["id"]
    elif isinstance(asked, list) and isinstance(body, list) and isinstance(sample, list):
        ids = [
            (one.get("id"), other.get("id"))
            for one, other in zip(sample, asked, strict=False)
            if isinstance(one, dict) and isinstance(other, dict)
        ]
        for item in body:
            if isinstance(item, dict) and "id" in item:
                item["id"] = next((new for old, new in ids if old == item["id"]), item["id"])
