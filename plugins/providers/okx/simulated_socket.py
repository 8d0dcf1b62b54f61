"""OKX's end of a simulated socket."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from coinmux import sockets as s
from coinmux.framework.simulator.sockets.speech import (
    BookNow,
    CandleNow,
    Follow,
    Levels,
    Row,
    SimulatedSocket,
    TickerNow,
    TradeNow,
    Unfollow,
)
from coinmux.plugins.providers.okx import spelling
from coinmux.plugins.providers.okx.live import LEVELS

#: Their spelling of intervals -> ours.
INTERVALS = {theirs: ours for ours, theirs in spelling.INTERVALS.items()}
CONNECTION = "a4d3ae55"
#: Seconds without a change after which an update says that there was none.
QUIET_MS = 60_000


def rest_trades(path: str, params: Mapping[str, str], trades: Sequence[TradeNow]) -> Any:
    """The latest trades, newest first."""
    if not path.endswith("/market/trades"):
        return None
    latest = trades[-int(params.get("limit", 100)) :]
    rows = [_trade(params["instId"], trade) for trade in reversed(latest)]
    return {"code": "0", "msg": "", "data": rows}


class Socket(SimulatedSocket):
    """Each channel of a message is confirmed or refused alone."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        #: Of each book: the number of its last message, and when it was told.
        self._told: dict[str, tuple[int, int]] = {}

    def heard(self, frame: s.Frame, now_ms: int) -> Sequence[s.Frame | Follow | Unfollow]:
        """Pings and subscriptions; anything else is an illegal request."""
        if frame == "ping":
            return ["pong"]
        try:
            asked = json.loads(frame)
            kind = asked["op"]
            args = [(str(arg["channel"]), str(arg["instId"])) for arg in asked["args"]]
        except (ValueError, LookupError, TypeError):
            return [_error("60012", f"Illegal request: {str(frame)[:200]}")]
        said: list[s.Frame | Follow | Unfollow] = []
        for name, instrument in args:
            follow = self._follow(name, instrument)
            if kind not in ("subscribe", "unsubscribe"):
                said.append(_error("60012", f"Illegal request: {str(frame)[:200]}"))
            elif follow is None:
                said.append(_unknown(name, instrument))
            else:
                arg = {"channel": name, "instId": instrument}
                said.append(json.dumps({"event": kind, "arg": arg, "connId": CONNECTION}))
                said.append(follow if kind == "subscribe" else Unfollow(follow.channel))
                if kind == "unsubscribe":
                    self._told.pop(follow.channel, None)
        return said

    def _follow(self, name: str, instrument: str) -> Follow | None:
        """What a channel follows; None where this socket has none such."""
        pair, channel = self.pairs.get(instrument), f"{name}:{instrument}"
        if pair is None:
            return None
        if self.socket == "business":
            interval = INTERVALS.get(name.removeprefix("candle"))
            if name.startswith("candle") and interval is not None:
                return Follow(channel, "candles", pair, interval=interval, every_ms=500)
            return Follow(channel, "trades", pair) if name == "trades-all" else None
        if name == "tickers":
            return Follow(channel, "ticker", pair, every_ms=100)
        if name == "books":
            return Follow(channel, "order_book", pair, depth=LEVELS, every_ms=100)
        return Follow(channel, "trades", pair) if name == "trades" else None

    def tell(self, follow: Follow, row: Row, now_ms: int) -> Sequence[s.Frame]:
        """One message, with a list of data."""
        name, _, instrument = follow.channel.partition(":")
        body: dict[str, Any] = {"arg": {"channel": name, "instId": instrument}}
        instrument = self.name_of(follow)
        if isinstance(row, BookNow):
            self._told[follow.channel] = (row.last, now_ms)
            body["action"] = "snapshot" if row.is_whole else "update"
            body["data"] = [_book(row)]
        elif isinstance(row, TickerNow):
            body["data"] = [_ticker(instrument, row)]
        elif isinstance(row, CandleNow):
            body["data"] = [_candle(row)]
        else:
            body["data"] = [_trade(instrument, one) for one in row]
        return [json.dumps(body)] if body["data"] else []

    def idle(self, now_ms: int) -> Sequence[s.Frame]:
        """An empty update of each book that has not changed for a minute."""
        said = []
        for channel, (last, at_ms) in list(self._told.items()):
            if now_ms - at_ms >= QUIET_MS:
                self._told[channel] = (last, now_ms)
                name, _, instrument = channel.partition(":")
                data = _levels((), (), now_ms, last, last)
                arg = {"channel": name, "instId": instrument}
                said.append(json.dumps({"arg": arg, "action": "update", "data": [data]}))
        return said

    def refuse(self, frame: s.Frame, now_ms: int) -> Sequence[s.Frame]:
        """As of instruments that are not listed."""
        args = json.loads(frame)["args"]
        return [_unknown(arg["channel"], arg["instId"]) for arg in args]


def _error(code: str, message: str) -> s.Frame:
    body = {"event": "error", "code": code, "msg": message, "connId": CONNECTION}
    return json.dumps(body)


def _unknown(name: str, instrument: str) -> s.Frame:
    message = f"Wrong URL or channel:{name},instId:{instrument} doesn't exist."
    return _error("60018", message)


def _ticker(instrument: str, row: TickerNow) -> dict[str, str]:
    return {
        "instType": "SPOT",
        "instId": instrument,
        "last": _text(row.last),
        "lastSz": _text(row.last_size),
        "askPx": _text(row.ask),
        "askSz": _text(row.ask_size),
        "bidPx": _text(row.bid),
        "bidSz": _text(row.bid_size),
        "open24h": _text(row.open),
        "high24h": _text(row.high),
        "low24h": _text(row.low),
        "volCcy24h": _text(row.volume_quote),
        "vol24h": _text(row.volume_base),
        "ts": str(row.at_ms),
    }


def _trade(instrument: str, trade: TradeNow) -> dict[str, str]:
    return {
        "instId": instrument,
        "tradeId": str(trade.id),
        "px": _text(trade.price),
        "sz": _text(trade.size),
        "side": trade.side,
        "source": "0",
        "ts": str(trade.at_ms),
    }


def _book(row: BookNow) -> dict[str, Any]:
    previous = -1 if row.is_whole else row.previous
    return _levels(row.bids, row.asks, row.at_ms, row.last, previous)


def _levels(bids: Levels, asks: Levels, at_ms: int, last: int, previous: int) -> dict[str, Any]:
    return {
        "asks": [[_text(price), _text(size), "0", "1"] for price, size in asks],
        "bids": [[_text(price), _text(size), "0", "1"] for price, size in bids],
        "ts": str(at_ms),
        "checksum": 0,
        "seqId": last,
        "prevSeqId": previous,
    }


def _candle(row: CandleNow) -> list[str]:
    prices = [_text(price) for price in (row.open, row.high, row.low, row.close)]
    base, quote = _text(row.volume_base), _text(row.volume_quote)
    return [str(row.opens_ms), *prices, base, quote, quote, "1" if row.is_closed else "0"]


def _text(number: Decimal) -> str:
    return format(number, "f")
