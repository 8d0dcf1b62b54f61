"""A caller that leaves while a connection is made takes nothing from any other."""

import asyncio
import os

import pytest
import uvloop

from coinmux.framework.transport import dialling
from coinmux.framework.transport.address_guard import Origin
from coinmux.framework.transport.pool import Pool
from tests.framework.transport.test_client import Certificates

pytestmark = pytest.mark.realtime


async def echo(reader, writer):
    try:
        while data := await reader.read(100):
            writer.write(data)
    finally:
        writer.close()


def has_a_number_that_is_closed(sock):
    """Whether it will close whatever has that number next; it does not any more then."""
    if sock.fileno() < 0:
        return False
    try:
        os.fstat(sock.fileno())
    except OSError:
        sock.detach()
        return True
    return False


class Quiet(asyncio.Protocol):
    """Remembers whether it has a transport that is open."""

    transport = None

    def connection_made(self, transport):
        self.transport = transport


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("turns", range(6))
def test_a_caller_that_leaves_closes_nobody_elses_connection(
    monkeypatch, tmp_path, new_loop, scheme, turns
):
    """However late the socket of its own is collected, and whoever has its number by then."""
    sockets = []
    dial = dialling.connected

    async def remembered(*asked):
        sockets.append(await dial(*asked))
        return sockets[-1]

    monkeypatch.setattr("coinmux.framework.transport.pool.connected", remembered)
    certificates = Certificates(tmp_path)

    async def scenario():
        loop = asyncio.get_running_loop()
        tls = certificates.server() if scheme == "https" else None
        secure = await asyncio.start_server(echo, "127.0.0.1", 0, ssl=tls)
        plain = await asyncio.start_server(echo, "127.0.0.1", 0)
        ports = [one.sockets[0].getsockname()[1] for one in (secure, plain)]
        made = Quiet()

        def leave(left):
            if left:
                loop.call_soon(leave, left - 1)
            else:
                dialled.cancel()

        def make():
            # The loop makes the transport in this turn.
            leave(turns)
            return made

        pool = Pool(ca_file=str(certificates.file))
        origin = Origin.parse(f"{scheme}://127.0.0.1:{ports[0]}", allowed=True)
        dialled = asyncio.ensure_future(pool.dial(origin, loop.time() + 60, make))
        await asyncio.gather(dialled, return_exceptions=True)
        if not dialled.cancelled():
            made.transport.abort()  # it was made before
        for _ in range(10):
            await asyncio.sleep(0)
        assert [one for one in sockets if has_a_number_that_is_closed(one)] == []
        others = [await asyncio.open_connection("127.0.0.1", ports[1]) for _ in range(8)]
        for sock in sockets:
            sock.close()  # as when it is collected
        for number, (reader, writer) in enumerate(others):
            writer.write(b"%d" % number)
            async with asyncio.timeout(20):
                assert await reader.read(10) == b"%d" % number
            writer.transport.abort()
        assert made.transport is None or made.transport.is_closing()
        await pool.close()
        for one in (secure, plain):
            one.close()

    runner = asyncio.Runner(loop_factory=new_loop)
    runner.run(scenario())
    runner.close()  # not after a failure: uvloop waits for ever where a number was closed twice
