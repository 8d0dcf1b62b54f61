"""A stream whose events a test gives, in place of a gateway's."""

import asyncio

from coinmux.framework.errors import UnknownSymbol
from coinmux.framework.models.market import Ticker
from coinmux.framework.streams.events import LiveEvent, LiveMeta


def event(number, last=None, *, subject="BTC/USDT", kind="update"):
    """The event of that number; `last` is the price, None an event without data."""
    data = None if last is None else Ticker(symbol=subject, last=last)
    meta = LiveMeta(provider="acme", live=True, received_at=1_764_000_000_000 + number)
    return LiveEvent(
        id=f"f-{number}", kind=kind, capability="ticker", subject=subject, data=data, meta=meta
    )


class ScriptedStream:
    """Gives the batches it was given, then waits for more until it is closed."""

    def __init__(self, *batches):
        self._batches = asyncio.Queue()
        for batch in batches:
            self._batches.put_nowait(batch)
        self.closed = False

    def say(self, *events):
        self._batches.put_nowait(events)

    def end(self):
        self._batches.put_nowait(())

    async def batch(self):
        return await self._batches.get()

    async def close(self):
        self.closed = True


class ScriptedStreams:
    """Opens a scripted stream for each question; `XXX/…` is listed by nobody."""

    def __init__(self):
        self.asked = []
        self.streams = {}

    async def __call__(self, question):
        self.asked.append(question)
        if question.symbol.base == "XXX":
            raise UnknownSymbol(question.symbol)
        name = str(question.symbol)
        first = event(1, 100.0, subject=name, kind="snapshot")
        stream = self.streams[name] = ScriptedStream((first,))
        return stream
