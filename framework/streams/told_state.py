"""What readers of a question were told, so that whoever tells it next goes on from there. Pure.

What was told is not told again, and nothing goes back, whoever tells it and however late it comes:
trades are known by source and id, candles that are closed by their opening times, prices by the
source's own time. The state as a whole is what one source told, since it goes out under its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.models.candles import CandlesQuery
from coinmux.framework.models.market import TickerQuery, TradesQuery
from coinmux.framework.streams.told_candles import CandlesState
from coinmux.framework.streams.told_trades import TradesState
from coinmux.framework.streams.told_whole import NO_MARKS, Marks, ToldState, WholeState

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query

__all__ = ["NO_MARKS", "Marks", "ToldState", "state_for"]


def state_for(query: Query) -> ToldState:
    """The state of a question of which nothing was told."""
    if isinstance(query, TradesQuery):
        return TradesState(query)
    if isinstance(query, CandlesQuery):
        return CandlesState(query)
    return WholeState(is_timed=isinstance(query, TickerQuery))
