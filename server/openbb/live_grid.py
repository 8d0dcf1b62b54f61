"""The socket of a live grid of OpenBB Workspace: it names markets, and gets a row at each change.

It sends `{"params": {"symbol": ["BTC/USDT", …]}}`, or the pairs with commas between, and again
whenever they change; each row is one object, and the grid knows its own by `symbol`.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.models.market import Ticker
from coinmux.server.asgi.live_params import read_message
from coinmux.server.asgi.live_socket import Conversation, read_object
from coinmux.server.asgi.query_params import refused
from coinmux.server.openbb.prices import failed_row, price_row, split_pairs

if TYPE_CHECKING:
    from coinmux.server.asgi.live_events import Batches


class LiveGrid(Conversation):
    """One grid's: the markets that it names now."""

    async def take(self, received: Any) -> None:
        """Follow the markets of a message, and no others any more."""
        try:
            self.count()
            message = read_object(received)
            given = message.get("params", message)
            symbols = given.get("symbol") if isinstance(given, dict) else None
            text = ",".join(map(str, symbols)) if isinstance(symbols, list) else symbols
            if not isinstance(text, str):
                hint = 'takes pairs: {"params": {"symbol": ["BTC/USDT"]}}'
                raise refused([{"name": "params.symbol", "message": hint}])
            wanted = split_pairs(text)
        except CoinmuxError as error:
            await self.fail(None, error)
            return
        left = [self.followed.pop(one) for one in list(self.followed) if one not in wanted]
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for pair in wanted:
            if pair not in self.followed:
                await self._begin(pair)

    async def _begin(self, pair: str) -> None:
        message = {"capability": "ticker", "symbol": pair}
        try:
            question = read_message(message, self.gateway.parse_symbol)
        except CoinmuxError as error:
            await self.fail(pair, error)
            return
        self.followed[pair] = asyncio.ensure_future(self.follow(pair, question))

    async def begun(self, ident: int | str) -> None:
        """The first row says it."""

    async def pass_on(self, ident: int | str, stream: Batches) -> None:
        """Say the newest of each batch as a row, by the name that the grid gave the market."""
        loop = asyncio.get_running_loop()
        while batch := await stream.batch():
            self.quiet_since = loop.time()
            event = batch[-1]
            meta = event.meta
            if isinstance(event.data, Ticker):
                remarks = (*(("simulated",) if meta.simulated else ()), *meta.notes)
                row = price_row(event.data, meta.provider, meta.received_at, "; ".join(remarks))
            else:
                # Nobody tells it now, or another begins to: the last price stays.
                why = "; ".join(meta.notes) or meta.missed or meta.provider
                row = {"note": f"{event.kind}: {why}"}
            await self.say({**row, "symbol": str(ident)})
        self.followed.pop(ident, None)
        await self.say({"symbol": str(ident), "note": "followed no more"})

    async def fail(self, ident: object, error: Exception) -> None:
        """Say in a market's row, or in one of its own, what is wrong."""
        with contextlib.suppress(KeyError):
            self.followed.pop(str(ident))
        detail = getattr(error, "detail", "a defect of the server")
        code = getattr(error, "code", "internal_error")
        text = self.gateway.redactor.clean(f"{code}: {detail}")
        await self.say(failed_row("" if ident is None else str(ident), text))

    async def beat(self) -> None:
        """A grid would take any object for a row, so nothing is said."""
