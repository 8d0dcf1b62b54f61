"""What every exchange provider is held to besides its samples: ccxt's reading, and real answers.

Samples are played by `sample_replay.play`. Here the same bytes go to ccxt, and recorded answers go
to the provider's hooks; both are compared field by field in ccxt's unified form. A difference is
either named with its reason or a failure, and a named one that does not occur is a failure too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import ccxt
import pytest

from coinmux import CAPABILITIES, HTTP, Deadline, Result, Symbol
from coinmux.framework.secrets import Redactor
from coinmux.framework.transport.messages import Answer, Outgoing
from tests.plugins.sample_replay import RECORDINGS, bound, play, provider, samples

#: Our field of a ticker -> ccxt's.
TICKER = {
    "timestamp": "timestamp",
    "last": "last",
    "bid": "bid",
    "ask": "ask",
    "open": "open",
    "high": "high",
    "low": "low",
    "change_percent": "percentage",
    "volume_base": "baseVolume",
    "volume_quote": "quoteVolume",
}
TRADE = ("id", "timestamp", "side", "price", "amount")
#: Capability -> ccxt's unified method; markets are compared with the list itself by each test.
METHODS = {
    "ticker": "fetch_ticker",
    "candles": "fetch_ohlcv",
    "order_book": "fetch_order_book",
    "trades": "fetch_trades",
}
#: What the recordings call a capability -> ours.
RECORDED = {
    "ticker": "ticker",
    "candles": "candles",
    "orderbook": "order_book",
    "trades": "trades",
    "symbols": "markets",
}


def comparable(name: str) -> list[Any]:
    """The provider's successful samples that ccxt can read too, as parameters of a test."""
    return [
        parameter
        for parameter in samples(name)
        if parameter.values[0]["outcome"] == "ok" and parameter.values[0]["capability"] in METHODS
    ]


async def agrees_with_ccxt(
    name: str,
    sample: Mapping[str, Any],
    *,
    exchange: str,
    params: Mapping[str, Any] | None = None,
    native: str | None = None,
    exceptions: Mapping[str, str] | None = None,
) -> None:
    """Play a sample to the provider and its bodies to ccxt, and compare what each makes of them.

    Args:
        exchange: ccxt's id.
        params: ccxt's `params`, to make it ask the same endpoint.
        native: the pair's id for ccxt, where it is not the spelling the provider asks in.
        exceptions: `capability.field` (`ticker.open`) -> why the two differ there.
    """
    capability, query = sample["capability"], sample["query"]
    ours = await play(name, sample)
    assert ours is not None
    theirs = ccxt_reading(name, sample, exchange, params or {}, native)
    found = differences(capability, ours, theirs)
    reasons = {
        field.partition(".")[2]: reason
        for field, reason in (exceptions or {}).items()
        if field.partition(".")[0] == capability
    }
    unexplained = {field: both for field, both in found.items() if field not in reasons}
    assert not unexplained, f"{name} and ccxt differ on {query}: {unexplained}"
    idle = reasons.keys() - found.keys()
    assert not idle, f"no difference in {sorted(idle)}: the exception is out of date"


def ccxt_reading(
    name: str,
    sample: Mapping[str, Any],
    exchange: str,
    params: Mapping[str, Any],
    native: str | None = None,
) -> Any:
    """What ccxt makes of the bodies of a sample, without a network and without asking for more."""
    client = getattr(ccxt, exchange)({"enableRateLimit": False})
    query = sample["query"]
    symbol = Symbol(query["symbol"])
    client.set_markets([_market(client, name, symbol, native)])
    bodies = [(held["request"]["path"], held["response"]["body"]) for held in sample["exchanges"]]

    def fetch(url: str, *rest: Any, **named: Any) -> Any:
        path = urlsplit(url).path
        for wanted, body in bodies:
            if path.endswith(wanted):
                return json.loads(json.dumps(body))
        raise AssertionError(f"ccxt asks {url}, the sample answers {[at for at, _ in bodies]}")

    client.fetch = fetch
    client.milliseconds = lambda: sample["recorded_at"]
    method = getattr(client, METHODS[sample["capability"]])
    if sample["capability"] == "candles":
        bounds = (query.get("start"), query.get("limit"))
        return method(symbol, query.get("interval", "1h"), *bounds, dict(params))
    reading = method(symbol, params=dict(params))
    if sample["capability"] == "order_book":
        depth = query.get("depth", 20)
        reading |= {side: reading[side][:depth] for side in ("bids", "asks")}
    return reading


def _market(client: Any, name: str, symbol: Symbol, native: str | None) -> Any:
    style = provider(name).provider_info().symbols
    base, quote = (style.aliases.get(asset, asset) for asset in (symbol.base, symbol.quote))
    return client.safe_market_structure(
        {
            "id": native if native is not None else style.native(symbol),
            "symbol": str(symbol),
            "base": symbol.base,
            "quote": symbol.quote,
            "baseId": base,
            "quoteId": quote,
            "type": "spot",
            "spot": True,
            "active": True,
            "precision": {"price": 1e-8, "amount": 1e-8},
            "limits": {},
            "info": {},
        }
    )


def differences(capability: str, ours: Any, theirs: Any) -> dict[str, tuple[Any, Any]]:
    """Fields in which our result and a reading in ccxt's form differ, with both values.

    A field only we have is no difference: the source has it, ccxt does not look.
    """
    if capability == "ticker":
        pairs = {field: (getattr(ours, field), theirs.get(name)) for field, name in TICKER.items()}
        return {
            field: both for field, both in pairs.items() if both[1] is not None and not _same(*both)
        }
    if capability == "candles":
        return _list_differences("rows", ours.to_numpy().tolist(), theirs)
    if capability == "order_book":
        found = _list_differences("bids", ours.bids, [level[:2] for level in theirs["bids"]])
        found |= _list_differences("asks", ours.asks, [level[:2] for level in theirs["asks"]])
        if theirs["timestamp"] is not None and ours.timestamp != theirs["timestamp"]:
            found["timestamp"] = (ours.timestamp, theirs["timestamp"])
        return found
    fields = [field for field in TRADE if any(trade[field] is not None for trade in theirs)]
    mine = [[getattr(trade, field) for field in fields] for trade in ours.trades]
    other = [[trade[field] for field in fields] for trade in theirs]
    # Trades of one moment have no order among each other.
    return _list_differences("trades", sorted(mine, key=str), sorted(other, key=str))


def _list_differences(
    field: str, ours: Sequence[Any], theirs: Sequence[Any]
) -> dict[str, tuple[Any, Any]]:
    if len(ours) != len(theirs):
        return {field: (f"{len(ours)} rows", f"{len(theirs)} rows")}
    for mine, other in zip(ours, theirs, strict=True):
        if len(mine) != len(other) or not all(map(_same, mine, other)):
            return {field: (mine, other)}
    return {}


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, int | float) and isinstance(theirs, int | float):
        # Both read the same decimals; only a derived figure is rounded along the way.
        return math.isclose(ours, theirs, rel_tol=1e-12, abs_tol=1e-12)
    return bool(ours == theirs)


def recordings(folder: str, left_out: Mapping[str, str]) -> list[Any]:
    """The recorded answers of one source, as parameters of a test.

    Args:
        folder: of the source among the recordings.
        left_out: case -> why it is no answer of an endpoint the provider asks.
    """
    found = sorted((RECORDINGS / folder).glob("*.json"))
    if not found:
        reason = "the recordings are not beside this tree"
        return [pytest.param("", marks=pytest.mark.skip(reason=reason), id="no-recordings")]
    stems = {path.stem for path in found}
    assert left_out.keys() <= stems, f"no such recordings: {sorted(left_out.keys() - stems)}"
    return [pytest.param(stem, id=stem) for stem in sorted(stems - left_out.keys())]


async def replay_recording(
    name: str,
    folder: str,
    case: str,
    query: Mapping[str, Any],
    *,
    beside: Mapping[str, Any] | None = None,
    exceptions: Mapping[str, str] | None = None,
) -> Result:
    """What the provider makes of a recorded answer, compared with what it should be where known.

    Args:
        query: what the recording answers.
        beside: bodies for further requests of the hook, by the end of their path.
        exceptions: fields of `expected` that differ -> why.
    """
    held = json.loads((RECORDINGS / folder / f"{case}.json").read_text())
    row = CAPABILITIES[RECORDED[held["capability"]]]
    question = row.query.model_validate(dict(query))
    source, clock = bound(name)
    client = _RecordedClient(held["response"], beside or {})
    http = HTTP(source, client, Deadline.after(clock, 4), question)  # type: ignore[arg-type]
    result: Result = await getattr(provider(name), row.hook)(query=question, http=http)
    assert isinstance(result, row.result)
    expected = held.get("expected")
    if expected is not None and not (isinstance(expected, dict) and "partial" in expected):
        found = differences(row.name, result, expected)
        assert found.keys() == (exceptions or {}).keys(), found
    return result


class _RecordedClient:
    """Answers any request with one recorded reply, or with the body given for the path's end."""

    #: Nobody pays for what is recorded.
    charge = None

    def __init__(self, reply: Mapping[str, Any], beside: Mapping[str, Any]) -> None:
        self.redactor = Redactor()
        self.on_date = None  # nobody compares clocks here
        self._reply = reply
        self._beside = beside

    async def send(self, request: Outgoing, deadline: Deadline) -> Answer:
        path = urlsplit(request.target).path
        for end, body in self._beside.items():
            if path.endswith(end):
                return Answer(200, {}, json.dumps(body).encode())
        headers = {name.lower(): text for name, text in self._reply.get("headers", {}).items()}
        body = json.dumps(self._reply["body"]).encode()
        return Answer(self._reply["status"], headers, body)
