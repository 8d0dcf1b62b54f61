"""The server on a real socket: slow and bad clients, callers who leave, and the stop."""

import asyncio
import json
import socket
import time
from contextlib import suppress

import pytest

pytestmark = pytest.mark.realtime
TICKER = "/api/market/ticker?symbol=BTC/USDT"


async def test_it_serves_and_keeps_the_connection(shared_server):
    """Two answers on one connection, the second by the fast lane, and HEAD without a body."""
    server = shared_server
    request = f"GET {TICKER} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    reader, writer = await server.open(request)
    answers = []
    for _ in range(3):
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        answers.append((head, json.loads(await reader.readexactly(length))))
        writer.write(request)
    assert all(head.startswith("HTTP/1.1 200 OK\r\n") for head, _ in answers)
    assert [body["meta"]["cache"] for _, body in answers] == ["miss", "hit", "hit"]
    names = [[line.partition(":")[0] for line in head.split("\r\n")] for head, _ in answers]
    assert names[0] == names[1] == names[2]
    head, body = await server.get(TICKER)
    assert (head.splitlines()[0], json.loads(body)["data"]["last"]) == ("HTTP/1.1 200 OK", 1.5)
    assert "connection: close" in head


async def test_pipelined_requests_are_answered_in_order(serve):
    """A slow one first, fast ones after it."""
    server = serve([(0.3, 1.5)])
    lines = [TICKER, "/healthz", TICKER]
    requests = "".join(f"GET {line} HTTP/1.1\r\nHost: localhost\r\n\r\n" for line in lines)
    reader, _ = await server.open(requests.encode())
    bodies = []
    for _ in lines:
        head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).decode()
        length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
        bodies.append(json.loads(await reader.readexactly(length)))
    assert ["data" in body for body in bodies] == [True, False, True]


SLOW = [
    ("idle", b""),
    ("head", b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A:"),
    ("body", b"POST /api/models/sentiment HTTP/1.1\r\nHost: localhost\r\n"
             b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"),
]  # fmt: skip


@pytest.mark.parametrize("sent", [one[1] for one in SLOW], ids=[one[0] for one in SLOW])
async def test_h1_what_never_ends_is_closed(serve, sent):
    """H1: an idle connection, a head and a body that never end; here after 2 s in place of 10."""
    server = serve([1.5], patience_s=2)
    reader, _ = await server.open(sent)
    begun = time.monotonic()
    assert await asyncio.wait_for(_rest(reader), 6) == b""
    assert 0.5 < time.monotonic() - begun < 4
    assert (await server.get("/healthz"))[0].startswith("HTTP/1.1 200")


async def test_h1_a_dripping_head_is_closed(serve):
    """H1: bytes that keep coming do not extend the time."""
    server = serve([1.5], patience_s=2)
    reader, writer = await server.open(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
    begun = time.monotonic()
    while not reader.at_eof() and time.monotonic() - begun < 6:
        try:
            writer.write(b"X-A: b\r\n")
            await asyncio.wait_for(reader.read(100), 0.1)
        except TimeoutError:
            pass
        except OSError:
            break
    assert time.monotonic() - begun < 4


async def test_h1_a_kept_connection_may_wait_in_flight(serve):
    """A request that is being answered is not a slow client."""
    server = serve([(3.0, 1.5)], patience_s=1)
    head, _ = await server.get(TICKER)
    assert head.startswith("HTTP/1.1 200")


async def test_h1_connections_are_counted(serve):
    """H1: where all of them are at work, one more is refused at once, and those go on."""
    server = serve([(1.5, 1.5)], connections=3)
    ask = f"GET {TICKER} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    held = [await server.open(ask) for _ in range(3)]
    await asyncio.sleep(0.3)
    reader, _ = await server.open()
    answer = await asyncio.wait_for(_rest(reader), 3)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b'"overloaded"' in answer
    for one, _ in held:
        assert (await one.readuntil(b"}")).startswith(b"HTTP/1.1 200")


BAD = [
    b"GARBAGE\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
    b"CONNECT localhost:1 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: " + b"b" * 70_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-A: b\r\n" * 200 + b"\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.0\r\n\r\n",
]


@pytest.mark.parametrize("sent", BAD, ids=range(len(BAD)))
async def test_h2_what_is_not_http_gets_a_problem_document(shared_server, sent):
    """H2: 400 and never 500; the next caller is served."""
    server = shared_server
    reader, writer = await server.open(sent)
    writer.write_eof()
    answer = await asyncio.wait_for(_rest(reader), 5)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in answer
    assert (await server.get("/healthz"))[0].startswith("HTTP/1.1 200")


async def test_an_upgrade_is_an_ordinary_request(shared_server):
    """No WebSocket is spoken; the request is answered as it would be without."""
    server = shared_server
    head, _ = await server.get("/healthz", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    assert head.startswith("HTTP/1.1 200")


async def test_g1_a_caller_who_leaves_ends_the_attempt(serve):
    """G1: cancelled within a second, not counted, not logged as a defect."""
    server = serve(["hang"])
    for at in range(2):
        target = f"/api/market/ticker?symbol=C{at}/USDT"
        _, writer = await server.open(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        await asyncio.sleep(0.2)
        writer.close()
    await asyncio.sleep(0.3)
    _, body = await server.get("/api/monitoring/metrics")
    assert json.loads(body)["server"]["in_flight"] == 1
    _, body = await server.get("/api/source-health/status/a")
    assert json.loads(body)["failures"] == 0
    server.signal()
    code, log = await server.ended()
    assert code == 0
    assert b'"level":"error"' not in log


async def test_g10_a_stop_lets_work_end(serve):
    """G10: 503 on `/readyz`, no new work, what is in flight is answered, exit code 0."""
    server = serve([(1.0, 1.5)])
    working = asyncio.create_task(server.get(TICKER))
    await asyncio.sleep(0.3)
    server.signal()
    await asyncio.sleep(0.2)
    head, body = await server.get("/readyz")
    assert head.startswith("HTTP/1.1 503")
    assert json.loads(body) == {"ready": False, "detail": "stopping"}
    assert (await server.get("/healthz"))[0].startswith("HTTP/1.1 200")
    head, body = await server.get("/api/market/ticker?symbol=ETH")
    assert (head.splitlines()[0][9:12], json.loads(body)["code"]) == ("503", "overloaded")
    head, body = await working
    assert head.startswith("HTTP/1.1 200")
    assert (await server.ended())[0] == 0


async def test_g10_work_that_does_not_end_is_ended(serve):
    """G10: after the grace, here 1 s, the caller is told and the process goes, exit code 0."""
    server = serve(["hang"], grace_s=1)
    working = asyncio.create_task(server.get(TICKER + "&timeout_s=30"))
    await asyncio.sleep(0.3)
    server.signal()
    head, body = await asyncio.wait_for(working, 5)
    assert head.startswith("HTTP/1.1 503")
    assert json.loads(body)["code"] == "overloaded"
    code, log = await server.ended()
    assert code == 0
    assert b"Traceback" not in log


async def _rest(reader):
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


async def test_a_refusal_arrives_though_its_caller_goes_on_sending(shared_server):
    """To close on bytes that still come would reset the connection and lose the answer."""
    reader, writer = await shared_server.open(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ")
    for _ in range(40):
        writer.write(b"b" * 8_192)
        await asyncio.sleep(0.002)
    answer = await asyncio.wait_for(_rest(reader), 5)
    assert answer.startswith(b"HTTP/1.1 400")
    writer.close()


OK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


async def test_h1_line_breaks_after_an_answer_do_not_keep_the_connection(serve):
    """They begin no request, so they owe one; more of them do not extend the time."""
    server = serve([1.5], patience_s=2)
    reader, writer = await server.open(OK)
    assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200")
    begun = time.monotonic()
    while not reader.at_eof() and time.monotonic() - begun < 8:
        try:
            writer.write(b"\r\n")
            await asyncio.wait_for(reader.read(100), 0.3)
        except TimeoutError:
            pass
        except OSError:
            break
    assert time.monotonic() - begun < 5


async def test_h1_idle_connections_make_room_for_a_newcomer(serve):
    """Who holds every place and asks for nothing loses one place to each newcomer."""
    server = serve([1.5], connections=5)
    held = [await server.open(OK) for _ in range(5)]
    for reader, _ in held:
        await reader.readuntil(b"}")
    for _ in range(3):
        assert (await server.get("/healthz"))[0].startswith("HTTP/1.1 200")
    assert await asyncio.wait_for(held[0][0].read(), 3) == b""


HELD = [
    b"", b"\r\n", b"GET / HT", OK + b"\r\n", OK + b"GET / HT",
    b"POST /api/indicators/rsi HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
    b"Content-Type: application/json\r\n\r\n{",
]  # fmt: skip


@pytest.mark.parametrize("sent", HELD, ids=range(len(HELD)))
async def test_h1_who_never_finishes_asking_locks_nobody_out(serve, sent):
    """Connections that ask for nothing, or for half of something, make room for a newcomer."""
    server = serve([1.5], connections=3)
    for _ in range(6):
        await server.open(sent)
    await asyncio.sleep(0.2)
    for _ in range(3):
        assert (await server.get("/healthz"))[0].startswith("HTTP/1.1 200")


async def test_h1_one_distant_client_has_its_share_of_connections(serve):
    """Past it, further ones are refused, however many places are free."""
    server = serve([1.5], of_a_client=3)
    for _ in range(4):
        await server.open()
    await asyncio.sleep(0.1)
    reader, _ = await server.open()
    answer = await asyncio.wait_for(_rest(reader), 3)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"this client has too many connections" in answer


async def test_a_caller_that_reads_nothing_is_ended(serve):
    """Answers wait in memory for it: after some seconds without progress they are dropped."""
    server = serve([1.5], patience_s=2)
    with socket.create_connection(("127.0.0.1", server.port)) as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.setblocking(False)
        ask = b"GET /schema/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100
        with suppress(BlockingIOError):
            silent.send(ask)
        await asyncio.sleep(1)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            _, body = await server.get("/api/monitoring/metrics")
            if json.loads(body)["server"]["in_flight"] == 1:
                break
            await asyncio.sleep(0.2)
        else:
            raise AssertionError("it is still served")


async def test_g1_a_caller_who_sent_two_requests_and_left_ends_both(serve):
    """The one that is being answered is not the newest."""
    server = serve(["hang"])
    target = b"GET /api/market/ticker?symbol=A/USDT HTTP/1.1\r\nHost: localhost\r\n\r\n"
    _, writer = await server.open(target * 2)
    await asyncio.sleep(0.3)
    writer.close()
    await asyncio.sleep(0.3)
    _, body = await server.get("/api/monitoring/metrics")
    assert json.loads(body)["server"]["in_flight"] == 1


async def test_rubbish_behind_a_request_does_not_spoil_its_answer(serve):
    """The request is answered, then the connection is closed; nothing is logged."""
    server = serve([(0.5, 1.5)])
    ask = f"GET {TICKER} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    reader, _ = await server.open(ask + b"\x00\x01rubbish\r\n\r\n")
    answer = await asyncio.wait_for(_rest(reader), 5)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1 ") == 1
    server.signal()
    code, log = await server.ended()
    assert code == 0
    assert b'"level":"error"' not in log
    assert b"Invalid HTTP" not in log


async def test_an_upgrade_writes_nothing_to_the_log(serve):
    """Or anybody could fill it."""
    server = serve([1.5])
    await server.get("/healthz", "Connection: Upgrade", "Upgrade: a")
    server.signal()
    _, log = await server.ended()
    assert b"upgrade" not in log.lower()
