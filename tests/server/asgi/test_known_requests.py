"""Requests that are known by their bytes: answered at once, and as the usual way answers them."""

import asyncio
import gc
import gzip
import json

import pytest
from uvicorn.server import ServerState

from coinmux import Ticker, UnknownSymbol
from coinmux.framework.cache.answer import FetchResult
from coinmux.framework.cache.store import AnswerCache
from coinmux.server.asgi import middleware
from coinmux.server.asgi.parsed_routes import ParsedRoutes
from coinmux.server.process.uvicorn_protocol import ServedConnection
from coinmux.server.process.uvicorn_server import build

TICKER = "/api/market/ticker?symbol=BTC/USDT"
CANDLES = "/api/market/candles?symbol=BTC/USDT&interval=1h&limit=100"


class RecordingTransport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self, peer):
        super().__init__()
        self.peer = peer
        self.writes = []
        self.closed = False

    def get_extra_info(self, name, default=None):
        return {"peername": (self.peer, 50_000), "sockname": ("127.0.0.1", 7860)}.get(name, default)

    def write(self, data):
        self.writes.append(bytes(data))

    def is_closing(self):
        return self.closed

    def close(self):
        self.closed = True

    def write_eof(self):
        pass

    def get_write_buffer_size(self):
        return 0

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass


class Client:
    """One connection to the application, without a socket."""

    def __init__(self, world, peer="127.0.0.1"):
        config = build(world.edge, host="127.0.0.1", port=0).config
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
        self.connection = ServedConnection(config, state, {})
        self.transport = RecordingTransport(peer)
        self.connection.connection_made(self.transport)

    def send(self, target=TICKER, *lines, method="GET"):
        """What was written before `send` returned: nothing, unless the request was known."""
        self.transport.writes.clear()
        head = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1:7860", *lines, "", ""]
        self.connection.data_received("\r\n".join(head).encode())
        return list(self.transport.writes)

    async def answered(self):
        """Wait until an answer begins."""
        await until(lambda: self.transport.writes)

    async def ask(self, target=TICKER, *lines, method="GET"):
        """Status line, headers and body of the answer, however it came."""
        self.send(target, *lines, method=method)
        await until(lambda: self.transport.writes and self.connection.is_idle)
        return parted(b"".join(self.transport.writes))


def parted(answer):
    """Status line, headers by name, and body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    return status, dict(line.split(": ", 1) for line in lines), body


async def until(is_done):
    """Let the loop run until it is so."""
    while not is_done():  # noqa: ASYNC110 - nothing tells of it
        await asyncio.sleep(0)


async def known(client, target=TICKER, *lines):
    """Ask until the request is known: its target first, then its bytes."""
    for _ in range(2):
        await client.ask(target, *lines)


async def test_a_known_request_takes_one_write_and_nothing_else(app_of, monkeypatch):
    """No task, no parsing, no model, and no byte of JSON is encoded again."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client)
        made = []
        for kind, name in ((Ticker, "encode"), (FetchResult, "meta")):
            monkeypatch.setattr(kind, name, lambda *_, **__: made.append("encoded"))
        monkeypatch.setattr(Ticker, "model_post_init", lambda *_: made.append("model"))
        client.connection.parser = None
        with monkeypatch.context() as patch:
            loop = asyncio.get_running_loop()
            patch.setattr(loop, "create_task", lambda *_, **__: made.append("task"))
            for _ in range(3):
                assert len(client.send()) == 1
        assert made == []
        assert world.plugins["a"].calls == 1


@pytest.mark.parametrize(
    ("target", "lines"),
    [
        (TICKER, []),
        (TICKER, ["Accept: application/json", "User-Agent: x"]),
        (CANDLES, []),
        (CANDLES, ["Accept-Encoding: gzip"]),
        (CANDLES, ["Accept-Encoding: gzip;q=0"]),
    ],
)
async def test_it_is_answered_as_the_usual_way_answers(app_of, target, lines):
    """The same status, headers and body; only the id is another."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client, target, *lines)
        (written,) = client.send(target, *lines)
        status, headers, body = parted(written)
        world.edge.known.forget()
        usual_status, usual, usual_body = await client.ask(target, *lines)
        assert headers.pop("x-request-id") != usual.pop("x-request-id")
        assert (status, headers, body) == (usual_status, usual, usual_body)
        assert ("content-encoding" in headers) == (lines == ["Accept-Encoding: gzip"])
        if "content-encoding" in headers:
            body = gzip.decompress(body)
        assert json.loads(body)["meta"]["cache"] == "hit"


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("HEAD", []),
        ("GET", ["Origin: https://other.example"]),
        ("GET", ["Sec-Fetch-Site: cross-site"]),
        ("GET", ["X-Request-ID: mine"]),
        ("GET", ["X-Request-ID: not sane"]),
        ("GET", ["Accept: text/html"]),
        ("GET", ["If-None-Match: W/\"x\""]),
        ("GET", ["Authorization: Bearer x"]),
        ("GET", ["Cookie: a=b"]),
        ("GET", ["Connection: close"]),
        ("GET", ["Connection: Upgrade", "Upgrade: websocket"]),
    ],
)  # fmt: skip
async def test_what_is_unusual_is_never_known(app_of, method, lines):
    """It goes through every check each time."""
    async with app_of(a=[1.0]) as world:
        await known(Client(world))
        before = len(world.edge.known)
        for _ in range(3):
            client = Client(world)
            client.send(TICKER, *lines, method=method)
            assert client.transport.writes == []
            await client.answered()
        assert len(world.edge.known) == before


async def test_age_and_freshness_are_those_of_the_moment(app_of):
    """Both are looked at each time, and an answer that is no longer fresh is not sent."""
    async with app_of(a=[1.0, 2.0]) as world:
        client = Client(world)
        await known(client)
        seen = []
        for _ in range(3):
            (written,) = client.send()
            _, headers, _ = parted(written)
            seen.append((headers["age"], headers["cache-status"].partition("ttl=")[2]))
            world.clock.advance(1)
        assert [age for age, _ in seen] == ["0", "1", "2"]
        assert len({ttl for _, ttl in seen}) == 3
        world.clock.advance(3600)
        assert client.send() == []
        await client.answered()
        assert json.loads(parted(b"".join(client.transport.writes))[2])["data"]["last"] == 2.0
        (written,) = client.send()
        assert json.loads(parted(written)[2])["data"]["last"] == 2.0


async def test_the_newest_answer_is_sent(app_of):
    """An answer that took the place of another in the cache takes its place here."""
    async with app_of(a=[1.0, 2.0]) as world:
        client = Client(world)
        await known(client)
        client.send()
        await client.ask(f"{TICKER}&max_age_s=0")
        (written,) = client.send()
        assert json.loads(parted(written)[2])["data"]["last"] == 2.0


async def test_it_counts_as_any_request(app_of):
    """In the monitor, in the metrics, among the cache's hits and in the event stream."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client)
        published = []
        world.gateway.events.subscribe(published.append)
        hits = world.gateway.cache.hits
        counted = world.desk.metrics.work.total
        ids = [parted(client.send()[0])[1]["x-request-id"] for _ in range(3)]
        assert len(set(ids)) == 3
        assert world.gateway.cache.hits == hits + 3
        assert world.desk.metrics.work.total == counted + 3
        assert [one.detail["request_id"] for one in published if one.kind == "request"] == ids
        report = (await world.client.get("/api/monitor")).json()
        events = [one for one in report["events"]["items"] if one["request_id"] in ids]
        assert [(one["kind"], one["operation"], one["provider"]) for one in events] == [
            ("cache_hit", "ticker", "a")
        ] * 3
        assert world.edge.traffic.in_flight == 0


async def test_a_client_has_its_share_and_no_more(app_of):
    """A distant client's known requests are counted against its limit, each once."""
    settings = {"CLIENT_REQUESTS_PER_MIN": "5"}
    async with app_of(a=[1.0], _settings=settings) as world:
        await known(Client(world))
        distant = Client(world, peer="10.0.0.9")
        assert [len(distant.send()) for _ in range(6)] == [1, 1, 1, 1, 1, 0]
        await distant.answered()
        assert distant.transport.writes[0].startswith(b"HTTP/1.1 429")
        assert len(Client(world).send()) == 1


async def test_a_server_that_stops_or_sheds_work_knows_no_request(app_of):
    """It says 503 to all, as it would without."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client)
        world.desk.vitals.strain = "too much to do"
        assert (await client.ask())[0].startswith("HTTP/1.1 503")
        world.desk.vitals.strain = None
        world.edge.traffic.draining = True
        client.send()
        await client.answered()
        assert client.transport.writes[0].startswith(b"HTTP/1.1 503")


async def test_a_worker_that_leaves_sends_its_callers_elsewhere(app_of):
    """A caller on a kept connection gets one more answer, and is told to connect anew."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client)
        world.edge.traffic.keeps_callers = world.edge.traffic.draining = True
        client.send()
        await client.answered()
        status, headers, _ = parted(b"".join(client.transport.writes))
        assert status.startswith("HTTP/1.1 200")
        assert headers["connection"] == "close"


async def test_settings_that_changed_are_obeyed(app_of):
    """A host that is no longer allowed is refused though its bytes were known."""
    settings = {"ALLOWED_HOSTS": "box.example"}
    async with app_of(a=[1.0], _settings=settings) as world:
        client = Client(world)
        for _ in range(2):
            await client.ask()
        raw = f"GET {TICKER} HTTP/1.1\r\nHost: box.example\r\n\r\n".encode()
        client.connection.data_received(raw)
        await until(lambda: client.connection.is_idle)
        client.transport.writes.clear()
        client.connection.data_received(raw)
        assert len(client.transport.writes) == 1
        world.environ["ALLOWED_HOSTS"] = ""
        await world.gateway.reload()
        client.transport.writes.clear()
        client.connection.data_received(raw)
        await client.answered()
        assert client.transport.writes[0].startswith(b"HTTP/1.1 400")


async def test_a_request_in_two_pieces_is_parsed(app_of):
    """Only whole requests are known; one whose rest is still to come is no other request."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client)
        raw = f"GET {TICKER} HTTP/1.1\r\nHost: 127.0.0.1:7860\r\n\r\n".encode()
        client.transport.writes.clear()
        client.connection.data_received(raw[:20])
        client.connection.data_received(raw)  # now a header line that no parser takes
        assert client.transport.writes[0].startswith(b"HTTP/1.1 400")


async def test_it_waits_for_the_answer_before_it(app_of):
    """A known request behind one that is still being answered is answered after it."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client)
        client.send("/healthz")
        assert client.transport.writes == []
        raw = f"GET {TICKER} HTTP/1.1\r\nHost: 127.0.0.1:7860\r\n\r\n".encode()
        client.connection.data_received(raw)
        assert client.transport.writes == []
        await until(lambda: client.connection.is_idle)
        whole = b"".join(client.transport.writes)
        assert whole.index(b'"status"') < whole.index(b'"cache":"hit"')


async def test_a_connection_that_only_sends_known_requests_is_not_swept(app_of):
    """It owes nothing, and its wait begins anew with each answer."""
    async with app_of(a=[1.0]) as world:
        await known(Client(world))
        client = Client(world)
        for now in range(30):
            assert len(client.send()) == 1
            client.connection.sweep(float(now))
        assert client.connection.is_idle
        assert not client.transport.closed


async def test_the_bodies_of_dropped_answers_are_not_held(app_of):
    """What is known of a request holds no answer that the cache let go."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client, CANDLES)
        client.send(CANDLES)
        (one,) = world.edge.known._known.values()
        assert one.body
        world.gateway.cache.clear()
        assert (one.body, one.fetched) == (b"", None)


async def test_so_many_requests_are_known(app_of, monkeypatch):
    """The oldest makes room, and a long one is not known."""
    monkeypatch.setattr("coinmux.server.asgi.known_requests._KEPT", 3)
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        for agent in "abcde":
            await known(client, TICKER, f"User-Agent: {agent}")
        assert len(world.edge.known) == 3
        assert client.send(TICKER, "User-Agent: a") == []
        await until(lambda: client.connection.is_idle)
        await known(client, TICKER, f"User-Agent: {'x' * 2_048}")
        assert client.send(TICKER, f"User-Agent: {'x' * 2_048}") == []
        await until(lambda: client.connection.is_idle)


async def test_it_leaves_no_garbage(app_of):
    """Whatever it made is gone when it is answered, without a search."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        await known(client)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                client.send()
            assert gc.collect() == 0
        finally:
            gc.enable()


async def test_an_uncached_answer_is_encoded_once_and_written_once(app_of, monkeypatch):
    """Its size is an estimate, its headers are those of the bytes, and both go out together."""
    async with app_of(a=[1.0]) as world:
        client = Client(world)
        target = f"{TICKER}&max_age_s=0"
        await known(client, target)
        made = []
        encode, meta = Ticker.encode, FetchResult.meta
        monkeypatch.setattr(Ticker, "encode", lambda one: made.append("data") or encode(one))
        monkeypatch.setattr(
            FetchResult, "meta", lambda one, cache: made.append("meta") or meta(one, cache)
        )
        _, headers, body = await client.ask(target)
        assert made == ["data", "meta"]
        assert len(client.transport.writes) == 1
        assert int(headers["content-length"]) == len(body)
        assert world.plugins["a"].calls == 3


UNCACHED = f"{TICKER}&max_age_s=0"


def unparsed(client):
    """The client, on a connection that can parse nothing: all it answers is known."""
    client.connection.parser = None
    return client


async def test_a_known_request_that_is_not_cached_is_not_read(app_of, monkeypatch):
    """Its head is neither parsed nor checked again; one task fetches, and it is written once."""
    async with app_of(a=[1.0]) as world:
        await known(Client(world), UNCACHED)
        client = unparsed(Client(world))
        done = []
        for kind, name in (
            (middleware, "RequestHead"),
            (middleware.Middleware, "_check"),
            (ParsedRoutes, "find"),
        ):
            monkeypatch.setattr(kind, name, lambda *_, name=name: done.append(name))
        start = client.connection._start_asgi_task
        monkeypatch.setattr(
            client.connection, "_start_asgi_task", lambda *each: done.append("task") or start(*each)
        )
        for _ in range(3):
            status, _, body = await client.ask(UNCACHED)
            assert (status, json.loads(body)["meta"]["cache"]) == ("HTTP/1.1 200 OK", "miss")
            assert len(client.transport.writes) == 1
        assert done == ["task"] * 3
        assert world.plugins["a"].calls == 5


@pytest.mark.parametrize(
    "lines",
    [[], ["Accept: application/json", "User-Agent: x"], ["Accept-Encoding: gzip"]],
)
@pytest.mark.parametrize("target", [UNCACHED, f"{CANDLES}&max_age_s=0"])
@pytest.mark.parametrize("failure", [None, UnknownSymbol("BTC/USDT")])
async def test_not_cached_it_is_answered_as_the_usual_way_answers(
    app_of, monkeypatch, target, lines, failure
):
    """The same status, headers and body, errors included, and the same event and record."""
    monkeypatch.setattr(AnswerCache, "jittered", lambda _, fresh_s: fresh_s)
    outcomes = []
    for is_known in (True, False):
        async with app_of(a=[1.0, 1.0, failure or 1.0]) as world:
            await known(Client(world), target, *lines)
            world.plugins["a"].candle_error = failure
            published = []
            world.gateway.events.subscribe(published.append)
            client = Client(world)
            if is_known:
                unparsed(client)
            else:
                world.edge.known.forget()
            request_id, *answer = parts_of(await client.ask(target, *lines))
            (event,) = [each for each in published if each.kind == "request"]
            record = list(world.desk.recorder._requests)[-1]
            assert (event.detail["request_id"], record[3]) == (request_id, request_id)
            fields = event.message, event.detail["method"], event.detail["status"]
            outcomes.append((answer, fields, record[2], record[4], record[6], len(record[7])))
            assert world.edge.traffic.in_flight == 0
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0][0].startswith("HTTP/1.1 404" if failure else "HTTP/1.1 200")


def parts_of(answer):
    """Request id, status, headers and body, without what differs from one answer to the next."""
    status, headers, body = answer
    request_id = headers.pop("x-request-id")
    plain = gzip.decompress(body) if "content-encoding" in headers else body
    document = json.loads(plain)
    document.pop("request_id", None)
    if "content-encoding" in headers:
        headers.pop("content-length")
    return request_id, status, headers, document


async def test_a_caller_that_leaves_ends_a_known_request(app_of):
    """Its task is cancelled, and it is no longer in flight."""
    async with app_of(a=[1.0, 1.0, "hang"]) as world:
        await known(Client(world), UNCACHED)
        client = unparsed(Client(world))
        published = []
        world.gateway.events.subscribe(published.append)
        assert client.send(UNCACHED) == []
        await until(lambda: world.plugins["a"].calls == 3)
        assert world.edge.traffic.in_flight == 1
        client.connection.connection_lost(None)
        await until(lambda: world.plugins["a"].cancelled)
        await until(lambda: world.edge.traffic.in_flight == 0)
        (event,) = [one for one in published if one.kind == "request"]
        assert event.detail["status"] == 499
        assert client.transport.writes == []


async def test_a_known_request_at_work_is_not_swept_and_keeps_its_place(app_of):
    """Its connection owes nothing meanwhile, and what comes after it is answered after it."""
    gate = asyncio.Event()
    async with app_of(a=[1.0, 1.0, (gate, 1.1)]) as world:
        await known(Client(world), UNCACHED)
        client = Client(world)
        client.send(UNCACHED)
        await until(lambda: world.plugins["a"].calls == 3)
        for now in range(30):
            client.connection.sweep(float(now))
        assert not client.transport.closed
        assert not client.connection.waits
        assert client.send("/healthz") == []
        gate.set()
        await until(lambda: client.connection.is_idle)
        whole = b"".join(client.transport.writes)
        assert whole.index(b'"cache":"miss"') < whole.index(b'"status"')


async def test_settings_set_before_its_task_runs_are_obeyed(app_of):
    """What was found under the former ones is void, and the request is checked as any other."""
    settings = {"ALLOWED_HOSTS": "box.example"}
    async with app_of(a=[1.0], _settings=settings) as world:
        raw = f"GET {UNCACHED} HTTP/1.1\r\nHost: box.example\r\n\r\n".encode()
        # The target, the bytes, and once as they are known.
        await Client(world).ask(UNCACHED)
        for _ in range(2):
            client = Client(world)
            client.connection.data_received(raw)
            await client.answered()
            assert client.transport.writes[0].startswith(b"HTTP/1.1 200")
        client = unparsed(Client(world))
        client.connection.data_received(raw)
        world.environ["ALLOWED_HOSTS"] = ""
        world.gateway.registry.reload()
        await client.answered()
        assert client.transport.writes[0].startswith(b"HTTP/1.1 400")
        assert world.plugins["a"].calls == 3


async def test_settings_set_while_it_is_fetched_leave_it_unknown(app_of):
    """It was checked under the former ones, so its bytes are read again the next time."""
    gate = asyncio.Event()
    async with app_of(a=[1.0, (gate, 1.0)]) as world:
        client = Client(world)
        await client.ask(UNCACHED)
        client.send(UNCACHED)
        await until(lambda: world.plugins["a"].calls == 2)
        world.environ["ALLOWED_HOSTS"] = "box.example"
        await world.gateway.reload()
        gate.set()
        await until(lambda: client.connection.is_idle)
        assert len(world.edge.known) == 0
