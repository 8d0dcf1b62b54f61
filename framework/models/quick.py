"""The figures of a ticker and of a trade, read at once where all of them are plainly sound.

A live feed makes a model of each message, and validators in Python take most of that time. What
is not taken here goes to the model itself, which reads each field and says what is wrong with it.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS, NAME_LIMIT

_MOST = sys.float_info.max
_Price = Annotated[float, Meta(gt=0, le=_MOST)]
_Amount = Annotated[float, Meta(ge=0, le=_MOST)]
_Number = Annotated[float, Meta(ge=-_MOST, le=_MOST)]
_Time = Annotated[int, Meta(ge=EARLIEST_MS, le=LATEST_MS)]


class _Ticker(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The figures of `Ticker`, in its order."""

    timestamp: _Time | None = None
    last: _Price
    bid: _Price | None = None
    ask: _Price | None = None
    open: _Price | None = None
    high: _Price | None = None
    low: _Price | None = None
    change_percent: _Number | None = None
    volume_base: _Amount | None = None
    volume_quote: _Amount | None = None


class _Trade(msgspec.Struct):
    """The figures of `Trade` but for its id."""

    timestamp: _Time
    side: Literal["buy", "sell"] | None
    price: _Price
    amount: _Amount


_FIGURES = len(_Ticker.__struct_fields__)


def ticker_figures(values: Mapping[str, Any], crossed: float) -> dict[str, Any] | None:
    """The figures of a ticker; None where one of them needs a closer look.

    Args:
        values: by field, as a source has them.
        crossed: the factor from which a bid is too far above the ask.
    """
    timestamp = values.get("timestamp")
    if type(timestamp) is str and not timestamp.isdigit():
        return None
    try:
        read = msgspec.convert(values, _Ticker, strict=False)
    except msgspec.ValidationError:
        return None
    bid, ask, high, low = read.bid, read.ask, read.high, read.low
    if bid is not None and ask is not None and bid > ask * crossed:
        return None
    if high is not None and low is not None and high < low:
        return None
    figures = msgspec.structs.asdict(read)
    # The text "null" is no figure, and is said to be none.
    missing = _FIGURES - len(values) + list(values.values()).count(None)
    return figures if list(figures.values()).count(None) == missing else None


def trade_figures(
    id_: Any, timestamp: Any, side: Any, price: Any, amount: Any
) -> dict[str, Any] | None:
    """The figures of a trade; None where one of them needs a closer look."""
    if type(id_) is int:
        id_ = str(id_)
    elif id_ is not None and not (
        type(id_) is str
        and id_.isascii()
        and id_.isprintable()
        and 0 < len(id_) <= NAME_LIMIT
        and " " not in id_
    ):
        return None
    if type(timestamp) is str and not timestamp.isdigit():
        # As a float, 1300000000000.9999999 is a whole millisecond later.
        timestamp, _, fraction = timestamp.partition(".")
        if not (timestamp.isdigit() and fraction.isdigit() and fraction.isascii()):
            return None
    given = {"timestamp": timestamp, "side": side, "price": price, "amount": amount}
    try:
        read = msgspec.convert(given, _Trade, strict=False)
    except msgspec.ValidationError:
        return None
    if read.side is None and side is not None:
        return None
    return {
        "id": id_, "timestamp": read.timestamp, "side": read.side,
        "price": read.price, "amount": read.amount,
    }  # fmt: skip
