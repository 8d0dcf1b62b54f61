"""Markets as they move: live feeds as server-sent events.

Litestar reads annotations at run time, so this module imports what it names.
"""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from litestar import Controller, get
from litestar.di import NamedDependency

from coinmux.framework.gateway import Gateway
from coinmux.framework.reference.strategy import Strategy
from coinmux.server.asgi.live_events import Sent
from coinmux.server.asgi.live_lines import Line
from coinmux.server.asgi.live_params import IndicatorFollowed, LiveQuestion, read_questions
from coinmux.server.asgi.requests import AnyRequest
from coinmux.server.asgi.sse import EventStream
from coinmux.server.context import ServerContext
from coinmux.server.openapi.document import DOC
from coinmux.server.openapi.live_routes import CANDLES, ORDER_BOOK, TICKER, TRADES

if TYPE_CHECKING:
    from coinmux.framework.streams.stream import Stream

_LAST_EVENT_ID = b"last-event-id"


class LiveController(Controller):
    """What is followed and not asked for."""

    path = "/api/market"
    tags = ("market",)

    @get("/ticker/stream", operation_id="streamTickers", opt={DOC: TICKER})
    async def ticker(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """Prices of up to 50 markets as they change, as server-sent events.

        `snapshot` comes first, then `update`; `source`, `gap` and `stale` say what happened to a
        feed. A slow reader gets the newest price, not each.
        """
        return await _stream("ticker", request, desk)

    @get("/trades/stream", operation_id="streamTrades", opt={DOC: TRADES})
    async def trades(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """Trades of up to 50 markets as they are made, as server-sent events.

        None comes twice. What could not be had is told by `gap`, and what a reader was too slow
        for by `meta.dropped`.
        """
        return await _stream("trades", request, desk)

    @get("/order-book/stream", operation_id="streamOrderBooks", opt={DOC: ORDER_BOOK})
    async def order_book(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """The best bids and asks of up to 50 markets as they change, as server-sent events.

        Each event has the whole book to the depth asked for, or says by `stale` that it is not
        known to be right.
        """
        return await _stream("order_book", request, desk)

    @get("/candles/stream", operation_id="streamCandles", opt={DOC: CANDLES})
    async def candles(
        self, request: AnyRequest, desk: NamedDependency[ServerContext]
    ) -> EventStream:
        """Candles of up to 50 markets as they form and close, as server-sent events.

        `data` has the candles that changed; one is closed once. What closed while the feed was
        interrupted is fetched, and marked by `meta.filled_by`.
        """
        return await _stream("candles", request, desk)


async def opened(gateway: Gateway, question: LiveQuestion | IndicatorFollowed) -> "Stream[Any]":
    """The stream a question asks for, begun.

    Raises:
        InvalidRequest, RoutingError: it cannot be followed.
    """
    options = question.options
    strategy = cast("Strategy", options.strategy)
    stream: Stream[Any]
    if isinstance(question, IndicatorFollowed):
        stream = gateway.stream_indicator(
            question.name,
            str(question.symbol),
            interval=question.interval,
            parameters=question.given,
            closed_only=question.closed_only,
            provider=options.provider,
            strategy=strategy,
            since=question.since,
        )
    else:
        stream = gateway.stream(
            question.capability,
            question.symbol,
            interval=question.fields.get("interval"),
            depth=question.fields.get("depth"),
            provider=options.provider,
            strategy=strategy,
            since=question.since,
        )
    await stream.open()
    return stream


def last_event_id(request: AnyRequest) -> str | None:
    """The id of the event that the caller received last."""
    last = dict(request.scope["headers"]).get(_LAST_EVENT_ID)
    return None if last is None else last.decode("ascii", "replace")


async def streamed(
    questions: Sequence[LiveQuestion | IndicatorFollowed],
    request: AnyRequest,
    desk: ServerContext,
) -> EventStream:
    """The events of all questions; what can never be followed is refused first."""
    desk.live.check(request.scope)
    async with AsyncExitStack() as stack:
        streams = []
        for question in questions:
            stream = await opened(desk.gateway, question)
            stack.push_async_callback(stream.close)
            streams.append(stream)
        stack.pop_all()
    return EventStream(desk.live, Sent(streams), request.scope, partial(Line, streams))


async def _stream(capability: str, request: AnyRequest, desk: ServerContext) -> EventStream:
    """The streams of all markets a request names."""
    query, last = request.scope["query_string"], last_event_id(request)
    questions = read_questions(capability, query, last, desk.gateway.parse_symbol)
    return await streamed(questions, request, desk)
