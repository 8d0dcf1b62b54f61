"""Many questions of any kind in one request.

Litestar reads annotations at run time, so this module imports what it names.
"""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import nullcontext
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from litestar import Controller, post
from litestar.di import NamedDependency

from coinmux.framework.clock import Deadline
from coinmux.framework.errors import CoinmuxError, DeadlineExceeded
from coinmux.framework.routing.options import LEAST_TIMEOUT_S, RequestOptions
from coinmux.server.asgi.batch_reader import Batch, BatchQuery, read_batch
from coinmux.server.asgi.capability_reader import read_values
from coinmux.server.asgi.indicator_params import read_market_ask
from coinmux.server.asgi.problems import problem
from coinmux.server.asgi.query_params import refused
from coinmux.server.asgi.request_body import read_json
from coinmux.server.asgi.request_parts import parts_of
from coinmux.server.asgi.requests import AnyRequest, request_id
from coinmux.server.asgi.responses import Bytes
from coinmux.server.asgi.scope import client_of, state_of
from coinmux.server.context import ServerContext
from coinmux.server.monitoring.event_json import plain
from coinmux.server.openapi.batch_routes import ASK_BATCH
from coinmux.server.openapi.document import DOC

_LOG = logging.getLogger("coinmux.server")
_ENCODER = msgspec.json.Encoder()
_HEADERS = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
#: Questions of one batch that wait for sources at a time; what is cached waits for none.
_AT_A_TIME = 16
#: What a question has beyond its deadline, so that the error which says more comes first.
_GRACE_S = 1.0
#: Where the scope of a capability is found that has no route of its own.
_GENERAL = "data"


class BatchController(Controller):
    """Many questions at once."""

    path = "/api/batch"
    tags = ("data",)

    @post("/", operation_id="askBatch", status_code=200, opt={DOC: ASK_BATCH})
    async def batch(self, request: AnyRequest, desk: NamedDependency[ServerContext]) -> Bytes:
        """Many questions of any kind in one request; one that fails spoils no other.

        Answers come in the order of the queries, each with its status. The same question asked
        twice is answered once. `timeout_s` is the deadline of the whole: what has no answer by
        then has an error in its place.
        """
        most = desk.gateway.settings.batch_queries
        asked = read_batch(request.scope["query_string"], await read_json(request), most)
        ended = await _Asking(desk, request, asked).every()
        scope: Any = request.scope
        state = state_of(scope)
        parts = state.parts = parts_of("queries", [one.error for one in ended])
        if state.door is not None:
            # The first is counted as the request itself.
            for one in ended[1:]:
                state.door.note_more(scope, one.status)
        summary = {
            "total": parts.asked, "ok": parts.asked - parts.failed, "failed": parts.failed
        }  # fmt: skip
        lines = [
            b'{"id":%b,"status":%d,%b' % (_ENCODER.encode(query.id), one.status, one.body[1:])
            for query, one in zip(asked.queries, ended, strict=True)
        ]
        body = b'{"summary":%b,"results":[%b]}' % (_ENCODER.encode(summary), b",".join(lines))
        return Bytes(body, _HEADERS)


class _Ended(NamedTuple):
    """How a question ended: an object of `data` and `meta`, or of `error`."""

    body: bytes
    status: int = 200
    error: CoinmuxError | None = None


class _Asking:
    """Asks the questions of one batch."""

    def __init__(self, desk: ServerContext, request: AnyRequest, asked: Batch) -> None:
        self._desk = desk
        self._gateway = desk.gateway
        self._request = request
        self._scope: Any = request.scope
        self._state = state_of(request.scope)
        self._asked = asked
        self._gate = asyncio.Semaphore(_AT_A_TIME)
        settings = self._gateway.settings
        limit_s = asked.ask.timeout_s or settings.request_timeout_s
        self._until = Deadline.after(self._gateway.clock, limit_s)

    async def every(self) -> list[_Ended]:
        """How each ended, in their order."""
        tasks: dict[bytes, asyncio.Task[_Ended]] = {}
        keys: list[bytes] = []
        refusals: dict[int, _Ended] = {}
        async with asyncio.TaskGroup() as group:
            for at, query in enumerate(self._asked.queries):
                keys.append(query.key)
                try:
                    if at:  # the first was counted when the request came in
                        await self._take_more()
                except CoinmuxError as error:
                    refusals[at] = self._failed(error)
                    continue
                if query.error is not None:
                    refusals[at] = self._failed(query.error)
                elif query.key not in tasks:
                    tasks[query.key] = group.create_task(self._ended(query))
        return [
            refusals[at] if at in refusals else tasks[key].result() for at, key in enumerate(keys)
        ]

    async def _take_more(self) -> None:
        """Count one more question for whoever asks: by its own limit, else by its address's."""
        door = self._state.door
        if door is None or not await door.take_more(self._scope):
            self._desk.traffic.take_more(client_of(self._scope), self._gateway.settings)

    async def _ended(self, query: BatchQuery) -> _Ended:
        """How a question ended, by the deadline of the whole."""
        try:
            async with asyncio.timeout(self._until.remaining_s() + _GRACE_S):
                return _Ended(await self._body(query))
        except TimeoutError:
            return self._failed(DeadlineExceeded("the batch's deadline passed before the answer"))
        except CoinmuxError as error:
            return self._failed(error)
        except Exception as error:  # noqa: BLE001 - the log has it
            # The border: a defect in one question's way spoils no other.
            _LOG.exception("request %s failed: a defect", request_id(self._request))
            return self._failed(error)

    def _failed(self, error: Exception) -> _Ended:
        document = problem(error, request_id(self._request), self._gateway.redactor)
        known = error if isinstance(error, CoinmuxError) else CoinmuxError(document["detail"])
        return _Ended(_ENCODER.encode({"error": document}), document["status"], known)

    def _body(self, query: BatchQuery) -> Coroutine[Any, Any, bytes]:
        if query.kind == "indicator":
            return self._indicator(query)
        return self._explained(query) if query.kind == "explain" else self._answer(query)

    async def _answer(self, query: BatchQuery) -> bytes:
        question = read_values(self._gateway, query.name, query.values)
        area = self._desk.areas.get(question.capability, _GENERAL)
        self._check_scope(area, _GENERAL)
        cached = None
        if question.ask.max_age_s != 0:
            cached = self._gateway.peek(question.capability, question.query, question.ask)
        async with self._gate if cached is None else nullcontext():
            answer = await self._gateway.fetch(
                question.capability,
                question.query,
                self._in_time(question.ask),
                request_id=self._state.request_id,
                trail=self._state.trail,
            )
        return answer.body

    async def _indicator(self, query: BatchQuery) -> bytes:
        self._check_scope("indicators")
        indicators = self._gateway.indicators
        found = indicators.catalogue.find(query.name)
        given = urlencode(query.values).encode()
        asked = read_market_ask(given, self._gateway.parse_symbol)
        if len(asked.intervals) > 1:
            raise refused([{"name": "interval", "message": "takes one interval in a batch"}])
        plan = indicators.catalogue.plan(found, asked.parameters)
        async with self._gate:
            result = await indicators.one(
                plan,
                asked.symbol,
                asked.intervals[0],
                asked.limit,
                closed_only=asked.closed_only,
                ask=self._in_time(asked.ask),
                request_id=self._state.request_id,
                trail=self._state.trail,
                start=asked.start,
                end=asked.end,
            )
        return result.body

    async def _explained(self, query: BatchQuery) -> bytes:
        question = read_values(self._gateway, query.name, query.values)
        found = self._gateway.explain(question.capability, question.query, question.ask)
        return _ENCODER.encode({"data": plain(found, self._gateway.redactor)})

    def _check_scope(self, *areas: str) -> None:
        if self._state.door is not None:
            self._state.door.check_scope(self._scope, *areas)

    def _in_time(self, ask: RequestOptions) -> RequestOptions:
        """How a question is answered within what is left of the deadline of the whole."""
        left_s = self._until.remaining_s()
        if left_s < LEAST_TIMEOUT_S:
            raise DeadlineExceeded("the batch's deadline passed before it was this query's turn")
        own_s = ask.timeout_s or self._gateway.settings.request_timeout_s
        return replace(ask, timeout_s=min(own_s, left_s))
