"""Indicators: the catalogue, one over routed or brought candles, the seven together, many at once.

Litestar reads annotations at run time, so this module imports what it names.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any, NamedTuple

import msgspec
from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from coinmux.framework.cache.answer import tag_of
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.indicators.caller_candles import read_caller_candles
from coinmux.framework.indicators.candle_history import CandleHistory
from coinmux.framework.indicators.result import IndicatorResult
from coinmux.framework.indicators.service import SEVEN
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.symbols import Symbol
from coinmux.server.asgi.indicator_params import (
    MOST_SHOWN,
    MarketAsk,
    RefusedPlan,
    read_batch_ask,
    read_caller_members,
    read_market_ask,
)
from coinmux.server.asgi.live_params import IndicatorFollowed
from coinmux.server.asgi.problems import problem
from coinmux.server.asgi.query_params import refused, single_values
from coinmux.server.asgi.request_body import read_json
from coinmux.server.asgi.request_parts import parts_of
from coinmux.server.asgi.requests import AnyRequest, request_id
from coinmux.server.asgi.responses import (
    Bytes,
    as_json,
    joined_tag,
    provenance_headers,
    tag_of_error,
)
from coinmux.server.asgi.rows import table_of_indicator
from coinmux.server.asgi.scope import state_of
from coinmux.server.asgi.sse import EventStream
from coinmux.server.asgi.static_files import FOREVER
from coinmux.server.asgi.tabular import tabled
from coinmux.server.context import ServerContext
from coinmux.server.controllers.live import last_event_id, streamed
from coinmux.server.openapi.document import DOC
from coinmux.server.openapi.indicator_routes import (
    BATCH,
    CATALOGUE,
    COMPREHENSIVE,
    OVER,
    ROUTED,
    WATCH,
)

_ENCODER = msgspec.json.Encoder()
_JSON, _LOOK = (b"content-type", b"application/json"), b"no-cache"
_HEADERS = [_JSON, (b"cache-control", _LOOK)]


class IndicatorController(Controller):
    """Functions of candles."""

    path = "/api/indicators"
    tags = ("indicators",)

    @get("/", operation_id="getIndicators", opt={DOC: CATALOGUE})
    async def catalogue(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Every indicator: what it reads and returns, its parameters, and how to draw it.

        Asked for by its version, it may be kept for a year.
        """
        asked = single_values(request.scope["query_string"], ("v",)).get("v")
        version, body = desk.gateway.indicators.catalogue.encoded()
        return Bytes(body, [_JSON, (b"cache-control", FOREVER if asked == version else _LOOK)])

    @get("/comprehensive", operation_id="getComprehensive", opt={DOC: COMPREHENSIVE})
    async def comprehensive(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> Bytes:
        """SMA, EMA, RSI, MACD, ATR, Stochastic RSI and Bollinger Bands of one market together."""
        gateway = desk.gateway
        asked = read_market_ask(
            request.scope["query_string"],
            gateway.parse_symbol,
            takes_parameters=False,
            takes_limit=False,
        )
        plans = [gateway.indicators.catalogue.plan(name) for name in SEVEN]
        ended: list[CoinmuxError | None] = []

        async def one(interval: Interval) -> _Part:
            history, results = await gateway.indicators.several(
                plans,
                asked.symbol,
                interval,
                1,
                closed_only=asked.closed_only,
                ask=asked.ask,
                request_id=request_id(request),
                trail=state_of(request.scope).trail,
            )
            lines = {
                name: _latest(result, desk, request)
                for name, result in zip(SEVEN, results, strict=True)
            }
            ended.extend(_failure(result) for result in results)
            market, meta = _market(history, results), history.meta()
            data = {**market, "indicators": lines}
            # An error's document names the request, which is nothing that the answer says.
            said = {name: one.get("error", one).get("detail", one) for name, one in lines.items()}
            tag = tag_of(_ENCODER.encode({**market, **said}), meta)
            return _Part(history, _envelope(data, meta), tag)

        answer = await _by_interval(asked, one, desk, request)
        if len(asked.intervals) == 1:
            state_of(request.scope).parts = parts_of("indicators", ended)
        return answer

    @post("/batch", operation_id="computeBatch", status_code=200, opt={DOC: BATCH})
    async def batch(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Many indicators of many markets; what fails stands in its place and spoils no other."""
        gateway = desk.gateway
        asked = read_batch_ask(
            request.scope["query_string"],
            await read_json(request),
            gateway.indicators.catalogue,
            gateway.parse_symbol,
        )
        results = await gateway.indicators.batch(
            asked.plans,
            asked.symbols,
            asked.interval,
            asked.limit,
            closed_only=asked.closed_only,
            ask=asked.ask,
            trail=state_of(request.scope).trail,
        )
        lines: list[dict[str, Any]] = []
        ended: list[CoinmuxError | None] = []
        for name, market in asked.markets.items():
            result = results[market] if isinstance(market, Symbol) else market
            if isinstance(result, CoinmuxError):
                lines.append({"symbol": name, "error": _error(result, desk, request)})
                ended.extend([result] * len(asked.choices))
                continue
            history, computed = result
            values = iter(computed)
            shown: list[dict[str, Any]] = []
            for choice in asked.choices:
                value: IndicatorResult | CoinmuxError
                given: Mapping[str, Any]
                if isinstance(choice, RefusedPlan):
                    called, given, value = choice.name, choice.parameters, choice.error
                else:
                    called, given, value = choice.info.name, choice.values, next(values)
                shown.append(_shown(called, given, value, asked.limit, desk, request))
                ended.append(_failure(value))
            lines.append(
                {**_market(history, computed), "indicators": shown, "meta": history.meta()}
            )
            await asyncio.sleep(0)  # a batch of hundreds lets others have their turn
        parts = state_of(request.scope).parts = parts_of("indicators", ended)
        summary = {
            "total": parts.asked, "ok": parts.asked - parts.failed, "failed": parts.failed
        }  # fmt: skip
        return as_json({"summary": summary, "results": lines})

    @get("/{indicator:str}", operation_id="getIndicator", opt={DOC: ROUTED})
    async def one(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], indicator: FromPath[str]
    ) -> Bytes:
        """One indicator over routed candles; as many more are asked for as settle its values."""
        gateway = desk.gateway
        found = gateway.indicators.catalogue.find(indicator)
        asked = read_market_ask(request.scope["query_string"], gateway.parse_symbol)
        plan = gateway.indicators.catalogue.plan(found, asked.parameters)

        form = state_of(request.scope).form
        if form is not None and len(asked.intervals) > 1:
            raise refused([{"name": "interval", "message": "takes one interval for a table"}])

        async def computed(interval: Interval) -> IndicatorResult:
            return await gateway.indicators.one(
                plan,
                asked.symbol,
                interval,
                asked.limit,
                closed_only=asked.closed_only,
                ask=asked.ask,
                request_id=request_id(request),
                trail=state_of(request.scope).trail,
                start=asked.start,
                end=asked.end,
            )

        if form is not None:
            routed = await computed(asked.intervals[0])
            data = msgspec.json.decode(routed.encode(routed.head(), routed.shown))
            table, now = table_of_indicator(data), gateway.clock.monotonic()
            name = routed.info.name
            return tabled(table, routed.history.answer, now, form, name, routed.tag)

        async def one(interval: Interval) -> _Part:
            routed = await computed(interval)
            return _Part(routed.history, routed.body, routed.tag)

        return await _by_interval(asked, one, desk, request)

    @get("/{indicator:str}/stream", operation_id="watchIndicator", opt={DOC: WATCH})
    async def stream(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], indicator: FromPath[str]
    ) -> EventStream:
        """One indicator as its candles change and close, as server-sent events.

        `snapshot` comes first, then `update`; `source`, `gap` and `stale` say what happened to the
        candles. Values of closed candles never change; `last_closed` says which those are.
        """
        gateway = desk.gateway
        asked = read_market_ask(
            request.scope["query_string"],
            gateway.parse_symbol,
            takes_limit=False,
            is_followed=True,
        )
        if len(asked.intervals) > 1:
            raise refused([{"name": "interval", "message": "takes one interval here"}])
        question = IndicatorFollowed(
            name=indicator,
            symbol=asked.symbol,
            interval=str(asked.intervals[0]),
            given=asked.parameters,
            closed_only=asked.closed_only,
            options=asked.ask,
            since=last_event_id(request),
        )
        return await streamed([question], request, desk)

    @post("/{indicator:str}", operation_id="computeIndicator", status_code=200, opt={DOC: OVER})
    async def over(
        self, request: AnyRequest, desk: NamedDependency[ServerContext], indicator: FromPath[str]
    ) -> Bytes:
        """One indicator over the caller's candles."""
        begun = perf_counter()
        single_values(request.scope["query_string"], ())
        catalogue = desk.gateway.indicators.catalogue
        found = catalogue.find(indicator)
        members = read_caller_members(await read_json(request))
        parameters = members.get("parameters", {})
        if not isinstance(parameters, dict):
            raise refused([{"name": "parameters", "message": "takes a JSON object"}])
        plan = catalogue.plan(found, parameters)
        candles = await asyncio.to_thread(read_caller_candles, members)
        candles.check(plan)
        computed = await desk.gateway.indicators.run(plan, candles.frame)
        data = computed.encode(candles.head, candles.frame.size)
        meta = {
            "provider": None,
            "notes": computed.notes(1),
            "elapsed_ms": round((perf_counter() - begun) * 1000, 3),
        }
        return Bytes(b'{"data":%b,"meta":%b}' % (data, _ENCODER.encode(meta)), _HEADERS)


class _Part(NamedTuple):
    """The answer of one interval; `tag` names what it says."""

    history: CandleHistory
    body: bytes
    tag: bytes


async def _by_interval(
    asked: MarketAsk,
    one: Callable[[Interval], Awaitable[_Part]],
    desk: ServerContext,
    request: AnyRequest,
) -> Bytes:
    """The answer of one interval, or of several under their names, errors in their place."""
    if len(asked.intervals) == 1:
        history, body, tag = await one(asked.intervals[0])
        now = desk.gateway.clock.monotonic()
        return Bytes(body, provenance_headers(history.answer, now, tag))

    async def tried(interval: Interval) -> tuple[bytes, bytes, CoinmuxError | None]:
        try:
            _, body, tag = await one(interval)
        except CoinmuxError as error:
            return (
                _ENCODER.encode({"error": _error(error, desk, request)}),
                tag_of_error(error),
                error,
            )
        return body, tag, None

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(tried(interval)) for interval in asked.intervals]
    bodies = [task.result() for task in tasks]
    state_of(request.scope).parts = parts_of("intervals", [error for *_, error in bodies])
    lines = [
        b"%b:%b" % (_ENCODER.encode(str(name)), body)
        for name, (body, *_) in zip(asked.intervals, bodies, strict=True)
    ]
    tag = joined_tag(one for _, one, _ in bodies)
    return Bytes(b'{"intervals":{%b}}' % b",".join(lines), [*_HEADERS, (b"etag", tag)])


def _market(
    history: CandleHistory, results: list[IndicatorResult | CoinmuxError]
) -> dict[str, Any]:
    """Which candles: the market, and the newest of them that was read."""
    for one in results:
        if isinstance(one, IndicatorResult):
            head = one.routed(history, 1).head()
            return {**head, "timestamp": int(one.frame.timestamp[-1])}
    candles = history.candles
    return {
        **history.head(last_closed=candles.last_closed),
        "timestamp": int(candles.timestamp[-1]) if len(candles) else None,
    }


def _failure(result: IndicatorResult | CoinmuxError) -> CoinmuxError | None:
    """Why a result cannot be shown; None where it can."""
    if isinstance(result, CoinmuxError):
        return result
    try:
        _ = result.reading
    except CoinmuxError as error:
        return error
    return None


def _latest(
    result: IndicatorResult | CoinmuxError, desk: ServerContext, request: AnyRequest
) -> dict[str, Any]:
    if isinstance(result, CoinmuxError):
        return {"status": "error", "error": _error(result, desk, request)}
    try:
        reading = result.reading
    except CoinmuxError as error:
        return {"status": "error", "error": _error(error, desk, request)}
    return {
        "status": "ok",
        "parameters": result.parameters,
        "latest": result.latest,
        "reading": reading,
        "notes": result.notes(1),
    }


def _shown(
    name: str,
    parameters: Mapping[str, Any],
    result: IndicatorResult | CoinmuxError,
    limit: int,
    desk: ServerContext,
    request: AnyRequest,
) -> dict[str, Any]:
    line = {"indicator": name, "parameters": parameters, **_latest(result, desk, request)}
    if isinstance(result, IndicatorResult) and 1 < limit <= MOST_SHOWN:
        line["timestamps"] = result.frame.timestamp[-limit:].tolist()
        line["values"] = {key: column[-limit:].tolist() for key, column in result.values.items()}
    return line


def _error(error: CoinmuxError, desk: ServerContext, request: AnyRequest) -> dict[str, Any]:
    return problem(error, request_id(request), desk.gateway.redactor)


def _envelope(data: Mapping[str, Any], meta: Mapping[str, Any]) -> bytes:
    return b'{"data":%b,"meta":%b}' % (_ENCODER.encode(data), _ENCODER.encode(meta))
