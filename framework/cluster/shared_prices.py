"""What each worker believes markets to cost, so that one that begins can compare answers with it.

Most answers name no pair: only its price shows that a book, trades or candles are another market's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.cluster.scripts import KNOW
from coinmux.framework.errors import InvalidSymbol
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.reference.symbols import Symbol

if TYPE_CHECKING:
    from collections.abc import Hashable

    from coinmux.framework.clock import Clock
    from coinmux.framework.cluster.lane import Part
    from coinmux.framework.cluster.store import Store
    from coinmux.framework.quality.jump_check import JumpCheck

_ROW = CAPABILITIES["ticker"]
#: Markets that are kept.
_KEPT = 8_192
#: What another worker told a little later than it was believed is asked for again.
_AGAIN_MS = 30_000


class _Price(msgspec.Struct, array_like=True):
    """A price as it is kept.

    Attributes:
        source: whose it is.
    """

    value: float
    source: str


class SharedPrices:
    """The prices in the store.

    Args:
        prefix: of the keys.
        known: what this worker believes.
    """

    def __init__(self, store: Store, prefix: str, known: JumpCheck, clock: Clock) -> None:
        self._store = store
        self._keys = [f"{prefix}prices:{{prices}}:told", f"{prefix}prices:{{prices}}:times"]
        self._known = known
        self._clock = clock
        assert _ROW.jumps is not None
        self._rule = _ROW.jumps
        #: What is believed by no rule any more is not kept.
        self._kept_ms = round(1000 * self._rule.factors[-1][0])
        self._told_at = -math.inf
        self._heard_ms = 0

    async def begin(self) -> None:
        """Tell all, and learn all: the store may know nothing.

        Raises:
            RedisError, OSError, TimeoutError: the store cannot be reached.
        """
        self._told_at, self._heard_ms = -math.inf, 0
        await self.exchange()

    async def exchange(self) -> None:
        """Tell what is new here, and learn what is new elsewhere.

        Raises:
            RedisError, OSError, TimeoutError: the store cannot be reached.
        """
        now, rule, about = self._clock.monotonic(), self._rule, self._rule.about
        args: list[Part] = [max(self._heard_ms - _AGAIN_MS, 0), self._kept_ms, _KEPT]
        for key, value, source, at in self._known.believed(self._told_at):
            if (pair := _pair_of(key, about)) is not None:
                price = msgspec.msgpack.encode(_Price(value, source))
                args += [pair, price, round(1000 * (now - at))]
        answer = await self._store.call(KNOW, self._keys, args)
        if answer is None:
            return
        self._told_at, self._heard_ms = now, int(answer[0])
        for name, told, at_ms in zip(answer[1::3], answer[2::3], answer[3::3], strict=True):
            try:
                pair, known = Symbol(bytes(name).decode()), _DECODER.decode(told)
            except (InvalidSymbol, msgspec.DecodeError, ValueError):
                continue  # whatever else may write to the store
            if known.value > 0 and math.isfinite(known.value):
                key, ago_s = (about, _subject(pair)), (self._heard_ms - float(at_ms)) / 1000
                self._known.learn(key, rule, known.value, known.source, now - ago_s)


_DECODER = msgspec.msgpack.Decoder(_Price)


def _subject(pair: Symbol) -> Hashable:
    return _ROW.query(symbol=pair).subject()  # type: ignore[call-arg]  # it is a ticker's


def _pair_of(key: Hashable, about: str | None) -> str | None:
    """The pair whose price is kept under that key; None where it is something else."""
    if isinstance(key, tuple) and key[0] == about and isinstance(key[1], tuple):
        pair = key[1][1]
        return str(pair) if isinstance(pair, Symbol) else None
    return None
