"""The connection to a real store: addresses as people have them, and stores that are slow."""

import asyncio
import contextlib
import time

import pytest
from redis.exceptions import OutOfMemoryError

from coinmux import Gateway
from coinmux.framework.cluster import store as module
from coinmux.framework.cluster.lane import Lane
from coinmux.framework.cluster.store import Store, told
from coinmux.framework.config.settings import InvalidSetting, Settings
from coinmux.framework.secrets import Secret
from tests.framework.cluster.support import until


async def _nothing():
    return None


@contextlib.asynccontextmanager
async def opened(address, lost=None):
    found = []
    one = Store(Secret(address), _nothing, lost or (lambda: found.append(time.monotonic())))
    one.heard_of = found
    await one.open()
    try:
        yield one
    finally:
        await one.close()


@contextlib.asynccontextmanager
async def delayed(port, delay_s):
    """A way to the store on which every piece of data takes `delay_s` longer, to and fro."""

    writers = []

    async def pass_on(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await asyncio.sleep(delay_s / 2)
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader, writer):
        other_reader, other_writer = await asyncio.open_connection("127.0.0.1", port)
        writers.extend((writer, other_writer))
        await asyncio.gather(pass_on(reader, other_writer), pass_on(other_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(delay_s)


@pytest.mark.parametrize("scheme", ["redis", "valkey"])
async def test_the_host_named_valkey_is_asked_for_by_its_name(store, scheme):
    """Only the scheme is ours to change, never the host or the password."""
    one = Store(Secret(f"{scheme}://:valkey-secret@valkey:6379/0"), _nothing, lambda: None)
    kept = one._pool.connection_kwargs
    assert (kept["host"], kept["port"], kept["password"]) == ("valkey", 6379, "valkey-secret")


@pytest.mark.parametrize("password", ["Ab3xYz9Q/k7", "valkey-redis", "p@ss:w#rd?", "50%"])
async def test_a_real_store_takes_any_password(store, password):
    store.run("CONFIG", "SET", "requirepass", f'"{password}"')
    address = f"valkey://:{password}@127.0.0.1:{store.port}/0"
    settings = Settings.read({"STATE_URL": address})
    async with opened(settings.state_url.reveal()) as one:
        assert one.online, one.trouble


@pytest.mark.parametrize(
    "options", ["?health_check_interval=hunter22", "?foo=hunter22", "?db=hunter22", "?protocol=9"]
)
async def test_an_option_that_cannot_be_used_is_one_line_without_its_value(options):
    gateway = Gateway.from_env(
        None,
        environ={"STATE_URL": f"redis://:hunter22@127.0.0.1:1{options}", "CHECKER": "off"},
        found=[],
    )
    with pytest.raises(InvalidSetting) as caught:
        await gateway.__aenter__()
    await gateway.close()
    assert caught.value.detail.startswith("STATE_URL ")
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("share", [0.25, 0.6])
async def test_a_store_far_away_is_used_and_never_lost(store, share, monkeypatch):
    """The connection is made before the first caller comes.

    All takes five times as long as in truth, so that a busy machine decides nothing.
    """
    monkeypatch.setattr(module, "WITHIN_S", 1.0)
    monkeypatch.setattr(module, "_CONNECT_S", 10.0)
    delay_s = share * module.WITHIN_S
    async with delayed(store.port, delay_s) as port, opened(f"redis://127.0.0.1:{port}/0") as one:
        assert one.online
        for _ in range(3):
            answers = await asyncio.gather(*(one.guard(one.ask("PING")) for _ in range(12)))
            assert all(answers)
        assert one.heard_of == []


async def test_a_store_that_is_too_slow_is_never_used_and_it_says_so(store):
    async with delayed(store.port, 0.3) as port, opened(f"redis://127.0.0.1:{port}/0") as one:
        assert not one.online
        assert one.trouble == "it takes longer than 200 ms to answer"
        await asyncio.sleep(1)
        assert one.heard_of == []


async def test_a_process_that_stood_still_does_not_lose_the_store(store):
    """Neither with an answer that waits to be read, nor with a question that was not sent yet."""
    async with opened(store.url) as one:
        for _ in range(3):
            asked = asyncio.ensure_future(one.guard(one.ask("PING")))
            await asyncio.sleep(0)
            time.sleep(0.5)  # noqa: ASYNC251 - that is what it is about
            assert await asked == b"PONG"
            unsent = one.ask("PING")
            time.sleep(0.5)  # noqa: ASYNC251
            assert await unsent == b"PONG"
        assert one.heard_of == []
        assert one.losses == 0


async def test_a_store_that_is_gone_is_lost_by_a_process_that_stands_still_all_the_time(store):
    """A question is given more time once."""
    async with opened(store.url) as one:
        store.freeze()
        try:
            asked = asyncio.ensure_future(one.guard(one.ask("PING")))
            for _ in range(4):
                time.sleep(0.3)  # noqa: ASYNC251
                await asyncio.sleep(0.001)
            assert await asked is None
            assert one.losses == 1
        finally:
            store.thaw()


async def test_nothing_is_connected_any_more_when_the_store_is_lost(store, monkeypatch):
    """Whoever waits for a connection learns it at once."""
    async with opened(store.url) as one:
        monkeypatch.setattr(module, "_CONNECT_S", 60.0)
        store.freeze()
        try:
            connecting = asyncio.ensure_future(one.connect(Lane(lambda _: None)))
            listening = asyncio.ensure_future(one.listen(["news"], lambda _: None))
            await until(lambda: len(one._opening) == 2)
            one._lose(ConnectionError("closed"))
            async with asyncio.timeout(15):
                found = await asyncio.gather(connecting, listening, return_exceptions=True)
            assert [type(error) for error in found] == [TimeoutError, TimeoutError]
            assert not one._opening
        finally:
            store.thaw()


async def test_a_store_that_is_lost_again_and_again_is_left_alone_for_longer(store, monkeypatch):
    monkeypatch.setattr(module, "_AGAIN_S", 0.05)
    async with opened(store.url) as one:
        pauses = []
        for _ in range(4):
            await until(lambda: one.online)
            begun = time.monotonic()
            one._lose(TimeoutError())
            await until(lambda: one.online)
            pauses.append(time.monotonic() - begun)
        assert pauses[3] > 2 * pauses[0]
        one._reached_at -= 60
        one._lose(TimeoutError())
        begun = time.monotonic()
        await until(lambda: one.online)
        assert time.monotonic() - begun < pauses[3]


def test_a_store_that_held_for_a_while_is_left_alone_for_the_rest_of_ten_seconds_at_most():
    """One late answer after a good while must not part a worker from the others for long."""
    pauses = [0.5]
    for _ in range(6):
        pauses.append(module.pause_after(0.0, pauses[-1]))
    assert pauses == [0.5, 1, 2, 4, 8, 10, 10]
    assert module.pause_after(8.0, 8.0) == 2
    assert module.pause_after(9.9, 8.0) == module.pause_after(300.0, 8.0) == 0.5


def test_a_full_store_is_put_in_words():
    error = OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")
    assert told(error) == "its memory is full"
