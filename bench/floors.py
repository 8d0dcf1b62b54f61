"""The least programs that hold what ours holds: what no work of ours can be below.

`python -m bench.floors server PORT FOLDER` serves one answer, `python -m bench.floors command URL`
asks for one and prints it, `python -m bench.floors cache COUNT` keeps so many tickers. None has a
source, a plugin, a check or a page, and none searches for garbage.
"""

import gc
import sys
import time


def server(port: int, folder: str) -> None:
    """Litestar with one route, on uvicorn, uvloop and httptools; a table in SQLite by SQLAlchemy.

    pydantic with one model, numpy, TA-Lib and its metadata. Litestar is without its plugins for
    pydantic and attrs, as ours is.
    """
    import asyncio

    import aiosqlite  # noqa: F401 - the driver SQLAlchemy loads by name
    import msgspec
    import numpy  # noqa: F401 - candles are columns
    import talib.abstract  # noqa: F401 - the functions are described from it
    import uvicorn
    import uvloop
    from litestar import Litestar, Response, get
    from litestar.plugins.core import MsgspecDIPlugin
    from pydantic import BaseModel
    from sqlalchemy import Column, Float, Integer, MetaData, Table
    from sqlalchemy.ext.asyncio import create_async_engine

    class Ticker(BaseModel):
        symbol: str
        last: float

    class Application(Litestar):
        @staticmethod
        def _get_default_plugins(plugins: list) -> list:
            return [*plugins, MsgspecDIPlugin()]

    tables = MetaData()
    Table("rows", tables, Column("at", Integer, primary_key=True), Column("value", Float))

    @get("/ticker", sync_to_thread=False)
    def ticker() -> Response[bytes]:
        made = Ticker.model_validate({"symbol": "BTC/USDT", "last": 73_346.14})
        return Response(msgspec.json.encode(made.model_dump()), media_type="application/json")

    async def run() -> None:
        engine = create_async_engine(f"sqlite+aiosqlite:///{folder}/floor.db")
        async with engine.begin() as connection:
            await connection.run_sync(tables.create_all)
        app = Application([ticker], openapi_config=None, logging_config=None)
        config = uvicorn.Config(
            app, port=port, loop="none", http="httptools", log_level="warning", access_log=False
        )
        await uvicorn.Server(config).serve()
        await engine.dispose()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def command(url: str) -> None:
    """rich-click, pydantic, msgspec, numpy, ssl and httptools; one request and one table."""
    import asyncio
    import ssl  # noqa: F401 - sources are asked by HTTPS
    from urllib.parse import urlsplit

    import httptools
    import msgspec
    import numpy  # noqa: F401 - candles are columns
    import rich_click as click
    from pydantic import BaseModel
    from rich.console import Console
    from rich.table import Table

    class Ticker(BaseModel):
        symbol: str
        lastPrice: float  # noqa: N815 - as the source spells it

    class Answer:
        body = b""

        def on_body(self, data: bytes) -> None:
            self.body += data

    async def ask() -> Ticker:
        parts = urlsplit(url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = Answer()
        parser = httptools.HttpResponseParser(answer)
        while not answer.body and (data := await reader.read(65_536)):
            parser.feed_data(data)
        writer.close()
        return Ticker.model_validate(msgspec.json.decode(answer.body))

    @click.command()
    def shown() -> None:
        ticker = asyncio.run(ask())
        table = Table("field", "value")
        table.add_row("last", f"{ticker.lastPrice:,}")
        Console().print(table)

    shown(args=[], standalone_mode=False)
    # Or Python would search everything as it ends.
    gc.freeze()


def cache(count: int) -> None:
    """Keep so many of our tickers with what `meta` says of them; print the memory of one in kB.

    A dict from the capability and the pair. What a ticker takes as a model is the same as in ours,
    with values of its own; it has neither query, health, nor record of a jump.
    """
    import psutil

    from coinmux import Symbol
    from coinmux.models import Ticker

    answers = {}
    own = psutil.Process()

    def put(at: int) -> None:
        symbol, now = Symbol.of(f"A{at}", "USDT"), int(time.time() * 1000)
        last = 73_346.14 + at
        ticker = Ticker(
            symbol=symbol, last=last, bid=last - 0.99, ask=last + 0.75, open=last - 186.64,
            high=last + 212.9, low=last - 337.51, change_percent=1.644 + at,
            volume_base=at + 0.2129, volume_quote=at * 254_480.3, timestamp=now,
        )  # fmt: skip
        attempt = {"provider": "binance", "outcome": "ok", "started_at": now, "elapsed_ms": at / 7}
        answers["ticker", symbol] = (ticker, now, time.monotonic(), [attempt])

    for at in range(1_000):  # what is made once is there before
        put(-at)
    before = own.memory_info().rss
    for at in range(1, count + 1):
        put(at)
    print((own.memory_info().rss - before) / count / 1000)


if __name__ == "__main__":
    gc.disable()
    if sys.argv[1] == "server":
        server(int(sys.argv[2]), sys.argv[3])
    elif sys.argv[1] == "cache":
        cache(int(sys.argv[2]))
    else:
        command(sys.argv[2])
