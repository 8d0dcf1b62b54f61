"""An exchange on loopback that says tickers of Binance at the pace it is told; a process.

It prints two ports: of its WebSocket, and of a plain one for a bare fan-out, which gets a line a
message. What it reads is `ours 500`, `bare 500`, `reading 500` or `nobody 0`: who hears, and
how often a second. A client of the WebSocket is the one that its path names, else ours.
Each message carries the moment at which it was sent, of the clock all processes of a machine share.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from websockets.asyncio.server import serve

#: So that a feed nobody tells anything meanwhile is not taken for dead.
_ALIVE_S = 10.0
_TICK_S = 0.002


def ticker(number: int) -> str:
    """A message of `@ticker`; the volume is the moment."""
    at_ms, last = time.time_ns() // 1_000_000, 91_000 + number % 50 / 10
    return (
        f'{{"stream":"btcusdt@ticker","data":{{"e":"24hrTicker","E":{at_ms},"s":"BTCUSDT",'
        f'"p":"1000.10","P":"1.111","w":"90500.01","x":"{last:.2f}","c":"{last:.2f}",'
        f'"Q":"0.02000000","b":"{last - 0.1:.2f}","B":"1.50000000","a":"{last + 0.1:.2f}",'
        '"A":"0.40000000","o":"90000.00","h":"91500.00","l":"89500.50",'
        f'"v":"{time.monotonic():.6f}","q":"190095250.25","O":{at_ms - 86_400_000},'
        f'"C":{at_ms},"F":1,"L":{number},"n":{number}}}}}'
    )


class Loopback:
    """Its peers, and whom it tells."""

    def __init__(self) -> None:
        self.peers: dict[str, set[Any]] = {who: set() for who in ("ours", "bare", "reading")}
        self.plain: set[asyncio.StreamWriter] = set()
        self.who, self.rate = "nobody", 0.0
        self._number = 0

    async def speak(self, peer: Any) -> None:
        """One client of the WebSocket."""
        peers = self.peers.get(peer.request.path.strip("/"), self.peers["ours"])
        async for text in peer:
            said = json.loads(text)
            await peer.send(json.dumps({"result": None, "id": said["id"]}))
            if said["method"] == "SUBSCRIBE":
                await peer.send(ticker(0))
                peers.add(peer)
            else:
                peers.discard(peer)
        peers.discard(peer)

    async def speak_plainly(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One bare server."""
        self.plain.add(writer)

    async def obey(self) -> None:
        """What is read from outside."""
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            who, rate = line.split()
            self.who, self.rate = who, float(rate)
            print(self._number, flush=True)

    async def run(self) -> None:
        """Say what is due, for as long as it is asked to."""
        loop = asyncio.get_running_loop()
        due, alive_at, former = loop.time(), loop.time(), (self.who, self.rate)
        while True:
            await asyncio.sleep(_TICK_S)
            now = loop.time()
            if former != (self.who, self.rate):
                due, former = now, (self.who, self.rate)
            if self.who != "ours" and now - alive_at >= _ALIVE_S:
                alive_at = now
                await self._tell("ours")
            while self.rate and now >= due:
                due += 1 / self.rate
                self._number += 1
                await self._tell(self.who)
                if self.who == "ours":
                    alive_at = now
                for writer in self.plain if self.who == "bare" else ():
                    writer.write(b"%.6f\n" % time.monotonic())

    async def _tell(self, who: str) -> None:
        for peer in tuple(self.peers[who]):
            await peer.send(ticker(self._number))


async def _main() -> None:
    made = Loopback()
    plain = await asyncio.start_server(made.speak_plainly, "127.0.0.1", 0)
    async with serve(made.speak, "127.0.0.1", 0, compression=None) as server:
        ports = (one.sockets[0].getsockname()[1] for one in (server, plain))
        print(*ports, flush=True)
        await asyncio.gather(made.obey(), made.run())


if __name__ == "__main__":
    asyncio.run(_main())
