"""Many readers of one market: what is done once for all of them, and once for each."""

import asyncio
from types import SimpleNamespace

from coinmux.framework.models.market import Ticker
from coinmux.framework.streams.reader import Reader
from coinmux.server.asgi import live_events
from tests.server.live_streams import event


class _Batches:
    """A reader of a feed as a route sends it on."""

    def __init__(self, reader):
        self._reader = reader
        self.batch = reader.batch

    async def close(self):
        self._reader.end()


async def test_an_event_is_encoded_and_framed_once_for_all_its_readers(monkeypatch):
    """A hundred readers get the very same bytes."""
    counted = SimpleNamespace(encoded=0, framed=0)
    encode, framed = Ticker.encode, live_events.framed

    def counting_encode(self):
        counted.encoded += 1
        return encode(self)

    def counting_framed(*given):
        counted.framed += 1
        return framed(*given)

    monkeypatch.setattr(Ticker, "encode", counting_encode)
    monkeypatch.setattr(live_events, "framed", counting_framed)
    readers = [Reader() for _ in range(100)]
    streams = [live_events.Sent([_Batches(reader)]) for reader in readers]
    for number in range(3):
        waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await asyncio.sleep(0)
        told = event(number, 100.0 + number)
        for reader in readers:
            reader.put(told)
        got = await asyncio.gather(*waiting)
        assert len({id(chunk) for chunk in got}) == 1
        assert got[0] == framed(told, told.id)
    assert (counted.encoded, counted.framed) == (3, 3)
    for stream in streams:
        await stream.aclose()
