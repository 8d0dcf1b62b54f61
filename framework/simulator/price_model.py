"""The simulated market: a price of every asset at every moment, the same for every caller. Pure.

The logarithm of a price is a sum of smooth noises (value noise over a hashed lattice) of periods
from 15 seconds to some months. So candles of any length, tickers of any source and two calls
a second apart agree, without a state to keep: the price is a function of the time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from coinmux.framework.reference.symbols import Symbol

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Asset -> (its price in US dollars in November 2025, how lively it is against a coin).
ASSETS = {
    "BTC": (88_000.0, 1.0),
    "ETH": (2_910.0, 1.2),
    "SOL": (137.0, 1.4),
    "XRP": (2.21, 1.3),
    "BNB": (861.0, 1.0),
    "DOGE": (0.1491, 1.5),
    "EUR": (1.1520, 0.08),
    "USDC": (1.0, 0.002),
    "USDT": (1.0, 0.002),
    "USD": (1.0, 0.0),
}
BASES = ("BTC", "ETH", "SOL", "XRP", "BNB", "DOGE")
QUOTES = ("USDT", "USDC", "USD", "EUR", "BTC")
PAIRS = tuple(Symbol.of(base, quote) for base in BASES for quote in QUOTES if base != quote)

_PERIODS_S = 15.0 * 4.0 ** np.arange(10)
#: Grows with the root of the period as a random walk does, 1.2 % a day, up to 3 %.
_AMPLITUDES = np.minimum(0.012 * np.sqrt(_PERIODS_S / 86_400), 0.03)
#: How many moments of a candle are looked at for its high and low.
_LOOKS = 8
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_STEP = np.uint64(0x9E3779B97F4A7C15)


class PriceModel:
    """Prices as a function of time.

    Args:
        seed: another seed, another course of the world.
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._seeds: dict[str, NDArray[np.uint64]] = {}
        self._latest: dict[Symbol, tuple[int, float]] = {}

    def price(self, pair: Symbol, at_ms: int) -> float:
        """Price of `pair` at the start of that second.

        Raises:
            KeyError: an asset outside `ASSETS`.
        """
        second = at_ms // 1000
        cached = self._latest.get(pair)
        if cached is None or cached[0] != second:
            cached = (second, float(self.prices(pair, [second])[0]))
            self._latest[pair] = cached
        return cached[1]

    def prices(self, pair: Symbol, seconds: Iterable[float]) -> NDArray[np.float64]:
        """`(n,)` prices at moments given in seconds since 1970."""
        times = np.asarray(list(seconds), dtype=np.float64)
        logs = self._log(pair.base, times) - self._log(pair.quote, times)
        return ASSETS[pair.base][0] / ASSETS[pair.quote][0] * np.exp(logs)

    def candles(
        self, pair: Symbol, opens_s: list[int], closes_s: list[int], now_s: int
    ) -> list[tuple[float, float, float, float]]:
        """Open, high, low, close of candles from each opening to each closing time.

        A candle that is open at `now_s` ends there for the time being.
        """
        starts = np.asarray(opens_s, dtype=np.float64)
        whole = np.asarray(closes_s, dtype=np.float64) - starts
        looks = starts[:, None] + whole[:, None] * np.linspace(0.0, 1.0, _LOOKS + 1)[None, :]
        looks = np.minimum(looks, max(float(now_s), 0.0))
        table = self.prices(pair, looks.ravel()).reshape(looks.shape)
        columns = (table[:, 0], table.max(axis=1), table.min(axis=1), table[:, -1])
        return list(zip(*(column.tolist() for column in columns), strict=True))

    def _log(self, asset: str, times: NDArray[np.float64]) -> NDArray[np.float64]:
        liveliness = ASSETS[asset][1]
        if not liveliness:
            return np.zeros_like(times)
        phase = times[None, :] / _PERIODS_S[:, None]
        cell = np.floor(phase)
        part = phase - cell
        smooth = part * part * (3.0 - 2.0 * part)
        seeds = self._seeds_of(asset)[:, None]
        left = _noise(seeds + cell.astype(np.uint64) * _STEP)
        right = _noise(seeds + (cell.astype(np.uint64) + np.uint64(1)) * _STEP)
        waves = left + (right - left) * smooth
        total: NDArray[np.float64] = (_AMPLITUDES[:, None] * waves).sum(axis=0)
        return liveliness * total

    def _seeds_of(self, asset: str) -> NDArray[np.uint64]:
        seeds = self._seeds.get(asset)
        if seeds is None:
            digest = hashlib.blake2b(f"{self._seed}:{asset}".encode(), digest_size=8).digest()
            first = np.frombuffer(digest[:8], dtype="<u8").astype(np.uint64)
            seeds = _mixed(first + np.arange(1, len(_PERIODS_S) + 1, dtype=np.uint64) * _MIX_1)
            self._seeds[asset] = seeds
        return seeds


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Splitmix64's finaliser: neighbours in, unrelated numbers out."""
    values = (values ^ (values >> np.uint64(30))) * _MIX_1
    values = (values ^ (values >> np.uint64(27))) * _MIX_2
    return values ^ (values >> np.uint64(31))


def _noise(values: NDArray[np.uint64]) -> NDArray[np.float64]:
    """From -1 to 1."""
    return (_mixed(values) >> np.uint64(11)).astype(np.float64) * 2.0**-52 - 1.0
