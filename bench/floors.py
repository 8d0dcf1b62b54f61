"""The least programs that hold what ours holds: what no work of ours can be below.

`python -m bench.floors server PORT FOLDER` serves one answer, `python -m bench.floors command URL`
asks for one and prints it. Neither has a source, a plugin, a check or a page, and neither searches
for garbage.
"""

import gc
import sys


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


if __name__ == "__main__":
    gc.disable()
    if sys.argv[1] == "server":
        server(int(sys.argv[2]), sys.argv[3])
    else:
        command(sys.argv[2])
