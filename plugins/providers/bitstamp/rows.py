"""What Bitstamp writes by REST and on its socket alike."""

from typing import Any

from coinmux import models as m

#: The taker's side.
SIDES = {"0": "buy", "1": "sell"}


def from_micro(time: Any) -> int:
    """Unix ms of a time in microseconds."""
    return int(m.number(time)) // 1000
