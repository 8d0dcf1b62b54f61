"""Sources whose market is known, and which go wrong as they are told to: no socket, true frames."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from coinmux import (
    Candles,
    OrderBook,
    ProviderInfo,
    SymbolStyle,
    Ticker,
    Trades,
    hookimpl,
    sockets,
)
from coinmux.framework.errors import (
    BadStatus,
    Disconnected,
    Malformed,
    OtherSubject,
    RateLimited,
    UpstreamTimeout,
)
from tests.framework.streams.true_market import MINUTE_MS, TrueMarket, changed, checksum_of

STYLE = SymbolStyle(separator="-")
SILENCE_S = 5.0
_AWAY_S = 0.02


@dataclass(frozen=True)
class Way:
    """How a source speaks.

    Attributes:
        ids: of trades.
        book: `socket`, `asked`, `checksum` or `whole`.
        candles: `flags`, `clock` or `made`.
    """

    ids: str = "successive"
    book: str = "socket"
    candles: str = "flags"


@dataclass
class Trouble:
    """What is wrong now: until when, and what is done to the next message of each channel."""

    until: dict = field(default_factory=dict)
    once: deque = field(default_factory=deque)


class Peer:
    """The source's end of a connection; a `Wire`."""

    def __init__(self, venue, on_frame, on_lost):
        self._venue, self._on_frame, self._on_lost = venue, on_frame, on_lost
        self._loop = asyncio.get_running_loop()
        self.alive_at = self._loop.time()
        self.bytes_in = 0
        self.channels = {}
        self.held = {}
        self._frames, self._asked = deque(), deque()
        self.is_over = False

    def send(self, frame):
        self._asked.append(frame)
        self._loop.call_later(_AWAY_S, self._hear)

    def _hear(self):
        """Have the source hear what was sent; one that is silent hears it when it speaks again."""
        if self._asked and not self.is_over:
            if (left_s := self._venue.left_s("silence", "mute")) > 0:
                self._loop.call_later(left_s + _AWAY_S, self._hear)
            else:
                self._venue.asked(self, self._asked.popleft())

    def ping(self):
        if not self._venue.is_in("deaf", "silence", "down"):
            self.alive_at = self._loop.time()

    def close(self):
        self.is_over = True
        self._venue.peers.discard(self)

    async def wait_closed(self):
        """It is over at once."""

    def cut(self):
        """End it from the other side; what was sent is lost."""
        if not self.is_over:
            self.close()
            self._frames.clear()
            self._loop.call_soon(self._on_lost, Disconnected("cut"))

    def tell(self, frame):
        """Send a frame, after those before it."""
        self._frames.append(frame)
        self._loop.call_later(_AWAY_S, self._next)

    def _next(self):
        if self._frames:
            frame = self._frames.popleft()
            if not self.is_over:
                self._on_frame(frame)


class Dialect(sockets.SocketDialect):
    """Frames are Python's own: nothing is gained by writing and reading them."""

    def subscribe(self, channels):
        return [("ask", tuple(channels))]

    def unsubscribe(self, channels):
        return [("end", tuple(channels))]

    def read(self, frame):
        kind, *rest = frame
        match kind:
            case "data":
                return [sockets.Message(*rest)]
            case "given":
                return [sockets.Subscribed(rest)]
            case "refused":
                return [sockets.Refused(rest, BadStatus("not now", status=500))]
            case "leaving":
                return [sockets.Leaving("maintenance", 5.0)]
        raise Malformed("no frame of ours")


class Venue:
    """A source and its plugin.

    Attributes:
        markets: by symbol, as it writes them.
        peers: connections that are open.
        asked_for: how often each channel was subscribed to.
    """

    def __init__(self, name, place, clock, rng, way, symbols=("BTC-USDT",)):
        self.name, self.way, self.clock, self.rng = name, way, clock, rng
        self.loop = asyncio.get_running_loop()
        self.markets = {one: TrueMarket(place, rng, clock) for one in symbols}
        self.peers = set()
        self.trouble = Trouble()
        self.troubled_at = -1_000.0
        self.plugin = _made(self)

    # Trouble

    def is_in(self, *kinds):
        """Whether any of these lasts."""
        return self.left_s(*kinds) > 0

    def left_s(self, *kinds):
        """How long the last of these lasts."""
        return max(self.trouble.until.get(kind, 0.0) for kind in kinds) - self.loop.time()

    def begin(self, kind, seconds):
        """Go wrong: at once, for so long, or with the next message."""
        until, now = self.trouble.until, self.loop.time()
        if kind in ("cut", "down", "ban"):
            self.cut()
        if kind in LASTING:
            until[kind] = max(until.get(kind, 0.0), now + seconds)
        elif kind == "leaving":
            for peer in tuple(self.peers):
                peer.tell(("leaving",))
        elif kind != "cut":
            self.trouble.once.append(kind)
        self.troubled_at = max(self.troubled_at, now + (seconds if kind in LASTING else 0.0))

    def heal(self):
        """Nothing is wrong any more; connections that cannot go on are cut."""
        if self.is_in("silence", "mute", "deaf"):
            self.cut()
        self.trouble = Trouble()

    def cut(self):
        for peer in tuple(self.peers):
            peer.cut()

    # Its sockets

    def opener(self, until):
        """As of `Wires.opener`."""

        async def open_wire(on_frame, on_lost):
            await asyncio.sleep(_AWAY_S)
            if self.is_in("hang"):
                await asyncio.sleep(max(until - self.loop.time(), 0))
                raise UpstreamTimeout("it does not answer")
            if self.is_in("ban"):
                left_s = self.trouble.until["ban"] - self.loop.time()
                raise RateLimited("banned", retry_after_s=left_s)
            if self.is_in("down"):
                raise Disconnected("nobody is there")
            peer = Peer(self, on_frame, on_lost)
            self.peers.add(peer)
            return peer

        return open_wire

    def asked(self, peer, frame):
        """What a client sent."""
        kind, channels = frame
        if peer.is_over or self.is_in("deaf"):
            return
        for channel in channels:
            if kind == "end":
                peer.channels.pop(channel, None)
            elif self.is_in("refuse"):
                peer.tell(("refused", channel))
            else:
                peer.channels[channel] = True
                peer.tell(("given", channel))
                for body in self._first(channel):
                    self._send(peer, channel, body)

    def followed(self):
        """By how many connections each channel is followed."""
        found = {}
        for peer in self.peers:
            for channel in peer.channels:
                found[channel] = found.get(channel, 0) + 1
        return found

    def _first(self, channel):
        """What a new subscriber gets at once."""
        kind, _, pair = channel.partition(":")
        market = self.markets[pair]
        if kind == "trades":
            yield market.trades[-20:]
        elif kind == "order_book" and self.way.book != "asked":
            yield self._whole(market)
        elif kind == "candles":
            yield self._candle(market, market.at_ms)
        elif kind == "ticker":
            yield self._ticker(market)

    def move(self):
        """Let every market trade, and tell who follows it."""
        at_ms = self.clock.wall_ms()
        for pair, market in self.markets.items():
            former_ms = market.at_ms
            moved = market.move(at_ms)
            if moved is None:
                continue
            new, before = moved
            self._tell(f"ticker:{pair}", lambda market=market: self._ticker(market))
            self._tell(f"trades:{pair}", lambda new=new: new)
            self._tell(
                f"order_book:{pair}",
                lambda market=market, before=before: self._change(market, before),
            )
            channel = f"candles:{pair}"
            if self.way.candles == "flags" and former_ms // MINUTE_MS != at_ms // MINUTE_MS:
                self._tell(
                    channel,
                    lambda market=market, at=former_ms: self._candle(market, at, is_closed=True),
                )
            self._tell(channel, lambda market=market, at=at_ms: self._candle(market, at))

    def _tell(self, channel, make):
        peers = [peer for peer in self.peers if channel in peer.channels]
        if not peers:
            return
        body = make()
        once = self.trouble.once
        kind = once[0] if once and self._fits(once[0], channel) else ""
        if kind:
            once.popleft()
        for peer in peers:
            self._tell_spoilt(peer, channel, body, kind)

    def _tell_spoilt(self, peer, channel, body, kind):
        if kind == "gap":
            return
        if kind == "reorder" and channel not in peer.held:
            peer.held[channel] = body
            return
        if kind == "foreign":
            body = "another"
        elif kind == "garbage":
            body = "bad"
        elif kind == "noise":
            peer.tell(("what", "is", "this"))
        elif kind == "checksum":
            body = {**body, "checksum": body["checksum"] ^ 1}
        elif kind == "crossed":
            body = {**body, "bids": [(999.0, 1), *body["bids"]], "checksum": None}
        times = {"duplicate": 2, "flood": 200}.get(kind, 1)
        for _ in range(times):
            self._send(peer, channel, body)
        if (late := peer.held.pop(channel, None)) is not None:
            self._send(peer, channel, late)

    def _send(self, peer, channel, body):
        if not self.is_in("silence", "mute"):
            peer.tell(("data", channel, body))

    def _fits(self, kind, channel):
        """Whether such a fault can be seen by what the source tells: others nobody can."""
        feed, way = channel.partition(":")[0], self.way
        if kind in ("checksum", "crossed"):
            return feed == "order_book" and (kind == "crossed" or way.book == "checksum")
        if kind in ("gap", "reorder"):
            if feed == "trades":
                return way.ids == "successive" or kind == "reorder"
            return feed != "candles" or way.candles == "flags"
        return True

    def _ticker(self, market):
        return (market.at_ms, market.tickers[market.at_ms])

    def _whole(self, market):
        number, bids, asks = market.books[market.at_ms]
        return {
            "bids": bids, "asks": asks, "is_whole": True, "last": number,
            "timestamp": market.at_ms,
            "checksum": checksum_of(bids, asks) if self.way.book == "checksum" else None,
        }  # fmt: skip

    def _change(self, market, before):
        if self.way.book == "whole":
            return self._whole(market)
        number, bids, asks = market.books[market.at_ms]
        body = {
            "bids": changed(before[1], bids), "asks": changed(before[2], asks),
            "timestamp": market.at_ms, "checksum": None,
        }  # fmt: skip
        if self.way.book == "checksum":
            return {**body, "checksum": checksum_of(bids, asks)}
        return {**body, "first": before[0] + 1, "previous": before[0], "last": number}

    def _candle(self, market, at_ms, *, is_closed=False):
        row = market.candle(at_ms - at_ms % MINUTE_MS)
        return [*row, is_closed if self.way.candles == "flags" else None]

    # What it answers by REST

    async def rest(self, answer):
        """`answer()`, as it was when it was asked for."""
        if self.is_in("down", "rest_down"):
            raise BadStatus("no", status=503)
        if self.is_in("ban"):
            raise RateLimited("banned", retry_after_s=self.trouble.until["ban"] - self.loop.time())
        told = answer()
        await asyncio.sleep(self.rng.choice((2.0, 4.0)) if self.is_in("rest_late") else _AWAY_S)
        return told


#: What lasts, and what happens once.
LASTING = (
    "down", "ban", "hang", "silence", "mute", "deaf", "refuse", "rest_down", "rest_late",
)  # fmt: skip
ONCE = (
    "cut", "leaving", "gap", "checksum", "duplicate", "reorder", "crossed", "foreign", "garbage",
    "noise", "flood",
)  # fmt: skip


def _made(venue):
    """The plugin, with the hooks that its way of speaking has."""
    made_candles = {"stream_candles": None} if venue.way.candles == "made" else {}
    return type("Plugin", (_Plugin,), made_candles)(venue)


class _Plugin:
    def __init__(self, venue):
        self._venue = venue
        name = venue.name
        self.info = ProviderInfo(
            name=name, title=name.title(), category="market", base_url=f"https://{name}.example",
            priority=10, symbols=STYLE, intervals={"1m": "1m"},
            sockets={"": sockets.SocketInfo(
                url=f"wss://{name}.example", ping_s=5.0, silence_s=12.0
            )},
        )  # fmt: skip

    def _market(self, query):
        return self._venue.markets[STYLE.native(query.symbol)]

    def _followed(self, query, kind, read, **more):
        def checked(channel, body):
            if body == "another":
                raise OtherSubject("another market's")
            if body == "bad":
                raise Malformed("bad")
            return read(body)

        channel = f"{kind}:{STYLE.native(query.symbol)}"
        return sockets.Subscription(channels=(channel,), read=checked, silence_s=SILENCE_S, **more)

    @hookimpl
    def provider_info(self):
        return self.info

    @hookimpl
    def socket_dialect(self, socket):
        return Dialect()

    @hookimpl
    def stream_ticker(self, query):
        def read(body):
            return [Ticker(symbol=query.symbol, timestamp=body[0], last=body[1])]

        return self._followed(query, "ticker", read)

    @hookimpl
    def stream_trades(self, query):
        return self._followed(query, "trades", list, ids=self._venue.way.ids)

    @hookimpl
    def stream_order_book(self, query):
        venue, market = self._venue, self._market(query)

        async def snapshot(http):
            return await venue.rest(lambda: sockets.BookChange(**venue._whole(market)))

        def read(body):
            return [sockets.BookChange(**body)]

        rules = {
            "socket": sockets.BookRules(link="previous"),
            "asked": sockets.BookRules(link="adjacent", snapshot=snapshot),
            "checksum": sockets.BookRules(checksum=checksum_of, checksum_levels=8),
            "whole": None,
        }[venue.way.book]
        return self._followed(query, "order_book", read, book=rules)

    @hookimpl
    def stream_candles(self, query):
        def read(body):
            return [sockets.LiveCandle(*body)]

        return self._followed(query, "candles", read)

    @hookimpl
    async def fetch_ticker(self, query):
        market = self._market(query)
        return await self._venue.rest(
            lambda: Ticker(
                symbol=query.symbol, timestamp=market.at_ms, last=market.tickers[market.at_ms]
            )
        )

    @hookimpl
    async def fetch_trades(self, query):
        market = self._market(query)
        return await self._venue.rest(lambda: Trades.latest(query, market.trades[-1_000:]))

    @hookimpl
    async def fetch_order_book(self, query):
        market = self._market(query)

        def answer():
            _, bids, asks = market.books[market.at_ms]
            return OrderBook(symbol=query.symbol, timestamp=market.at_ms, bids=bids, asks=asks)

        return await self._venue.rest(answer)

    @hookimpl
    async def fetch_candles(self, query):
        market = self._market(query)
        return await self._venue.rest(
            lambda: Candles.from_rows(query, market.candles(query.limit + 5))
        )
