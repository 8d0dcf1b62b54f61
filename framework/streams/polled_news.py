"""What an answer of a request adds to what readers were told. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from coinmux.framework.models.candles import Candles
from coinmux.framework.models.market import Trades
from coinmux.framework.streams.candle_told import answer_of, rows_of
from coinmux.framework.streams.trade_gaps import MissingTrades
from coinmux.framework.streams.trade_memory import figures_of

if TYPE_CHECKING:
    from coinmux.framework.models.base import Result
    from coinmux.framework.models.market import Trade
    from coinmux.framework.streams.candle_told import CandleRow


def news(data: Result, before: Result | None, since_ms: int | None) -> Result | None:
    """What is new in an answer; None where nothing is.

    Args:
        before: the answer before it, of the same source; None where there is none.
        since_ms: the time of the newest trade, or of the last closed candle, that readers have.
    """
    if isinstance(data, Trades):
        known = set(map(_key, before.trades)) if isinstance(before, Trades) else set()
        new = tuple(one for one in data.trades if _is_new(one, known, since_ms, before))
        return data.model_copy(update={"trades": new}) if new else None
    if isinstance(data, Candles):
        rows = _rows(data)
        told = (
            {}
            if not isinstance(before, Candles)
            else {row.timestamp: (row.figures(), row.is_closed) for row in _rows(before)}
        )
        left = [
            row
            for row in rows
            if (since_ms is None or row.timestamp > since_ms)
            and told.get(row.timestamp) != (row.figures(), row.is_closed)
        ]
        return answer_of(left, data) if left else None
    return None if data == before else data


def missed(data: Result, since_ms: int | None) -> str | None:
    """What was lost before an answer, as it does not reach back so far; None for nothing."""
    if not isinstance(data, Trades) or not data.trades or since_ms is None:
        return None
    oldest = data.trades[0]
    if oldest.timestamp <= since_ms:
        return None
    return str(MissingTrades(None, since_ms, oldest.id, oldest.timestamp))


def _rows(data: Candles) -> list[CandleRow]:
    rows = rows_of(data)
    last = len(rows) - 1
    return [
        replace(row, is_closed=at < last or data.last_closed is not False)
        for at, row in enumerate(rows)
    ]


def _is_new(trade: Trade, known: set[object], since_ms: int | None, before: Result | None) -> bool:
    if since_ms is None or trade.timestamp > since_ms:
        return True
    return before is not None and trade.timestamp == since_ms and _key(trade) not in known


def _key(trade: Trade) -> object:
    return figures_of(trade) if trade.id is None else trade.id
