"""The client of a running server."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, TypeVar, Unpack, overload

import msgspec

from coinmux.framework.cache.answer import Answer
from coinmux.framework.client.asking import (
    Asked,
    capability_of,
    fields_of,
    options_of,
    segment,
    texts_of,
)
from coinmux.framework.client.decoding import answer_of, model_of, read
from coinmux.framework.client.faults import (
    BadAnswer,
    ServerUnreachable,
    error_of,
    error_of_answer,
)
from coinmux.framework.client.known_answers import KnownAnswers
from coinmux.framework.client.reports import Reports
from coinmux.framework.client.retries import Retries
from coinmux.framework.client.stream import ClientStream
from coinmux.framework.client.wire import OpenAnswer, Reply, Wire
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.base import Query, R_co, Result
from coinmux.framework.questions import Questions
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.routing.options import RequestOptions

if TYPE_CHECKING:
    from coinmux.framework.models.candles import Candles
    from coinmux.framework.models.indicator_values import IndicatorValues
    from coinmux.framework.models.market import OrderBook, Ticker, Trades
    from coinmux.framework.reference.strategy import Strategy
    from coinmux.framework.routing.options import RequestKeywords

T = TypeVar("T")
_DEFAULT = RequestOptions()
#: A request waits for so much longer than the server may take, which then says what went wrong.
_GRACE_S = 5.0
#: A question that makes a longer target is sent in a body: servers take 8 kB.
_LONGEST_TARGET = 4_000
_JSON = {"content-type": "application/json"}


class ClientKeywords(TypedDict, total=False):
    """The keywords of `Client` and `AsyncClient`.

    Attributes:
        api_key: of a consumer, sent as `X-API-Key`.
        timeout_s: seconds for a request without a deadline of its own; 30.
        retries: whether and when a request is made again.
        known: answers kept, which the server need not send again; 128, 0 for none.
        default_quote: of a pair that is named by its base alone; USDT, as a server's DEFAULT_QUOTE.
    """

    api_key: str | None
    timeout_s: float
    retries: Retries
    known: int
    default_quote: str


class AsyncClient(Reports, Questions):
    """A running server's gateway, asked over HTTP: the same questions, models and errors.

    ```python
    async with AsyncClient("http://127.0.0.1:7860") as client:
        answer = await client.ticker("BTC/USDT")
        print(answer.data.last, answer.meta["provider"], answer.meta["stale"])
    ```

    Every method raises the errors of the gateway (`coinmux.errors`), as the server's problem
    document names them; besides them `Refused` (keys and limits of the server),
    `ServerUnreachable` and `BadAnswer`.

    Args:
        url: of the server.
        options: those of `ClientKeywords`.

    Raises:
        ValueError: `url` is no http or https address.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:7860", **options: Unpack[ClientKeywords]
    ) -> None:
        key = options.get("api_key")
        headers = {"accept": "application/json", "user-agent": "coinmux-client"}
        self._wire = Wire(url, headers if key is None else {**headers, "x-api-key": key})
        self._timeout_s = options.get("timeout_s", 30.0)
        self._retries = options.get("retries", Retries())
        self._known = KnownAnswers(options.get("known", 128))
        self._default_quote = options.get("default_quote", "USDT")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection."""
        await self._wire.close()

    # Questions

    def parse_symbol(self, text: str) -> Symbol:
        """A pair as a person writes it; a base alone is quoted in `default_quote`.

        Raises:
            InvalidSymbol: it is none, or could be split in more than one way.
        """
        return Symbol.parse(text, default_quote=self._default_quote)

    async def fetch(
        self, query: Query[R_co], options: RequestOptions = _DEFAULT, /
    ) -> Answer[R_co]:
        """The answer to a query of a capability that coinmux has.

        Raises:
            InvalidRequest: the question cannot be asked so; its subtypes say why.
            RoutingError: no source answered.
        """
        name = capability_of(query)
        found: Answer[Any] = await self._data(name, fields_of(query), options)
        return found

    async def get(
        self, capability: str, /, *, options: RequestOptions = _DEFAULT, **parameters: object
    ) -> Answer[Result]:
        """Any capability of the server, its query's fields as keywords: plugins' own included.

        The data of one that coinmux itself has not is as it was sent, each member an attribute.
        """
        return await self._data(capability, parameters, options)

    async def indicator(
        self,
        name: str,
        symbol: str,
        interval: str = "1h",
        limit: int = 200,
        *,
        closed_only: bool = False,
        parameters: Mapping[str, object] | None = None,
        **options: Unpack[RequestKeywords],
    ) -> Answer[IndicatorValues]:
        """The latest `limit` values of an indicator.

        Args:
            closed_only: leave out the newest candle while it is open.
            parameters: of the indicator, by name: `{"period": 21}`.
            options: those of `RequestOptions`.
        """
        from coinmux.framework.models.indicator_values import IndicatorValues

        values = {
            "symbol": symbol, "interval": interval, "limit": limit, "closed_only": closed_only,
            **(parameters or {}), **options_of(RequestOptions(**options)),
        }  # fmt: skip
        path = f"/api/indicators/{segment(name)}"
        reply = await self._get(path, values, options.get("timeout_s"))
        return answer_of(reply.body, IndicatorValues, reply.headers)

    async def batch(
        self, asked: Sequence[Asked | Query], **options: Unpack[RequestKeywords]
    ) -> list[Answer[Result] | dict[str, Any] | CoinmuxError]:
        """Many questions of any kind in one request; one that fails has its error in its place.

        Args:
            asked: in whose order the answers come; that of `Asked.explain` is a plain object.
            options: for those that have none of their own; `timeout_s` is the deadline of all.
        """
        lines = [one if isinstance(one, Asked) else Asked.query(one) for one in asked]
        told = await self._batch(lines, options_of(RequestOptions(**options)))
        return [_told(line, one) for line, one in zip(lines, told, strict=True)]

    async def explain(
        self, capability: str, query: Query, options: RequestOptions = _DEFAULT
    ) -> dict[str, Any]:
        """What the next such request would do, and why; calls no source."""
        values = {"capability": capability, **fields_of(query), **options_of(options)}
        reply = await self._get("/api/routing/explain", values)
        return read(reply.body, dict[str, Any])

    async def decision(self, request_id: str) -> dict[str, Any]:
        """What was decided for a request that was made, by the id its answer had."""
        path = f"/api/routing/decisions/{segment(request_id)}"
        return read((await self._get(path, {})).body, dict[str, Any])

    # Live feeds

    @overload
    def stream(
        self, capability: Literal["ticker"], symbol: str, *, provider: str | None = None,
        strategy: Strategy = "priority", since: str | None = None,
    ) -> ClientStream[Ticker]: ...  # fmt: skip

    @overload
    def stream(
        self, capability: Literal["trades"], symbol: str, *, provider: str | None = None,
        strategy: Strategy = "priority", since: str | None = None,
    ) -> ClientStream[Trades]: ...  # fmt: skip

    @overload
    def stream(
        self, capability: Literal["order_book"], symbol: str, *, depth: int | None = None,
        provider: str | None = None, strategy: Strategy = "priority", since: str | None = None,
    ) -> ClientStream[OrderBook]: ...  # fmt: skip

    @overload
    def stream(
        self, capability: Literal["candles"], symbol: str, *, interval: str | None = None,
        provider: str | None = None, strategy: Strategy = "priority", since: str | None = None,
    ) -> ClientStream[Candles]: ...  # fmt: skip

    @overload
    def stream(
        self, capability: str, symbol: str, *, interval: str | None = None,
        depth: int | None = None, provider: str | None = None, strategy: Strategy = "priority",
        since: str | None = None,
    ) -> ClientStream[Result]: ...  # fmt: skip

    def stream(
        self,
        capability: str,
        symbol: str,
        *,
        interval: str | None = None,
        depth: int | None = None,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
    ) -> ClientStream[Any]:
        """Follow one market: an async iterator of events, to be entered with `async with`.

        Args:
            capability: `ticker`, `trades`, `order_book` or `candles`.
            interval: of candles.
            depth: levels of each side of an order book.
            provider: follow this one alone; no failover.
            strategy: as `Gateway.stream`.
            since: id of an event; what came after it is told, if it is not too long ago.
        """
        values = {
            "symbols": symbol, "interval": interval, "depth": depth, "provider": provider,
            "strategy": strategy,
        }  # fmt: skip
        path = f"/api/market/{segment(capability.replace('_', '-'))}/stream"
        return self._stream(path, values, capability, model_of(capability), since)

    def stream_indicator(
        self,
        name: str,
        symbol: str,
        *,
        interval: str = "1m",
        parameters: Mapping[str, int | float | str] | None = None,
        closed_only: bool = False,
        provider: str | None = None,
        strategy: Strategy = "priority",
        since: str | None = None,
    ) -> ClientStream[IndicatorValues]:
        """Follow an indicator: its values as candles change and close."""
        from coinmux.framework.models.indicator_values import IndicatorValues

        values = {
            "symbol": symbol, "interval": interval, "closed_only": closed_only,
            "provider": provider, "strategy": strategy, **(parameters or {}),
        }  # fmt: skip
        path = f"/api/indicators/{segment(name)}/stream"
        return self._stream(path, values, "indicator", IndicatorValues, since)

    # How it is asked

    async def _data(
        self, capability: str, fields: Mapping[str, object], options: RequestOptions
    ) -> Answer[Any]:
        how = options_of(options)
        values = {**fields, **how}
        if sum(len(name) + len(text) + 2 for name, text in texts_of(values).items()) > (
            _LONGEST_TARGET
        ):
            (told,) = await self._batch([Asked(capability, fields, how)], {})
            answer = _told(Asked(capability, fields), told)
            if isinstance(answer, CoinmuxError):
                raise answer
            assert isinstance(answer, Answer)
            return answer
        path = f"/api/data/{segment(capability)}"
        reply = await self._get(path, values, options.timeout_s)
        return answer_of(reply.body, model_of(capability), reply.headers)

    async def _batch(
        self, lines: Sequence[Asked], options: Mapping[str, object]
    ) -> list[dict[str, msgspec.Raw]]:
        body = {"queries": [line.line(at) for at, line in enumerate(lines)]}
        own_s = options.get("timeout_s")
        reply = await self._ask(
            "POST", "/api/batch", texts_of(options), _JSON, own_s,
            msgspec.json.encode(body, enc_hook=str),
        )  # fmt: skip
        told = read(reply.body, _Results).results
        if len(told) != len(lines) or not all("error" in one or "data" in one for one in told):
            raise BadAnswer(f"{len(lines)} questions have {len(told)} answers, or one has none")
        return told

    async def _report(
        self, path: str, kind: type[T], values: Mapping[str, object] | None = None
    ) -> T:
        return read((await self._get(path, values or {})).body, kind)

    async def _get(
        self, path: str, values: Mapping[str, object], timeout_s: float | None = None
    ) -> Reply:
        params = texts_of(values)
        key = (path, tuple(sorted(params.items())))
        known = self._known.of(key)
        condition = {} if known is None else {"if-none-match": known.headers["etag"]}
        reply = await self._ask("GET", path, params, condition, timeout_s)
        return self._known.resolve(key, known, reply)

    async def _ask(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        headers: Mapping[str, str],
        timeout_s: object = None,
        body: bytes | None = None,
    ) -> Reply:
        """The reply to a request, made again where that may help."""
        wait_up_to_s = self._timeout_s
        if isinstance(timeout_s, (int, float)):
            wait_up_to_s = timeout_s + _GRACE_S
        turn = 1
        while True:
            status: int | None = None
            retry_after_s: float | None = None
            try:
                reply = await self._wire.send(method, path, params, body, headers, wait_up_to_s)
                if reply.status in (200, 304):
                    return reply
                status, retry_after_s = reply.status, reply.retry_after_s
                kind = reply.headers.get("content-type", "")
                error = error_of_answer(status, kind, reply.body, retry_after_s)
            except ServerUnreachable as gone:
                if gone.was_sent:
                    raise
                error = gone
            pause_s = self._retries.wait_s(turn, status, retry_after_s)
            if pause_s is None:
                raise error
            await asyncio.sleep(pause_s)
            turn += 1

    def _stream(
        self,
        path: str,
        values: Mapping[str, object],
        capability: str,
        model: type[R_co],
        since: str | None,
    ) -> ClientStream[R_co]:
        params = texts_of(values)

        async def opener(headers: dict[str, str]) -> OpenAnswer:
            return await self._wire.open(path, params, {"accept": "text/event-stream", **headers})

        return ClientStream(opener, capability, model, since, self._retries)


class _Results(msgspec.Struct):
    results: list[dict[str, msgspec.Raw]]


def _told(
    line: Asked, told: Mapping[str, msgspec.Raw]
) -> Answer[Result] | dict[str, Any] | CoinmuxError:
    """One result of a batch."""
    if "error" in told:
        return error_of(read(bytes(told["error"]), dict[str, Any]))
    if line.kind == "explain":
        return read(bytes(told["data"]), dict[str, Any])
    meta = bytes(told.get("meta", b"{}"))
    body = b'{"data":%b,"meta":%b}' % (bytes(told["data"]), meta)
    if line.kind == "indicator":
        from coinmux.framework.models.indicator_values import IndicatorValues

        return answer_of(body, IndicatorValues)
    return answer_of(body, model_of(line.name))
