"""A channel that says nothing on a connection that lives: dead, or its market is quiet."""

import asyncio
from itertools import pairwise

import pytest

from coinmux import CandlesQuery, OrderBook, Ticker, Trade, Trades
from coinmux.framework.errors import BadStatus
from coinmux.framework.models.candles import Candles
from coinmux.framework.streams.channel_silence import ChannelSilence
from tests.framework.streams.virtual_time import run

BTC = "BTC/USDT"
MINUTE = 60_000


def price(last, **more):
    return Ticker(symbol=BTC, last=last, **more)


class Channel:
    """One that tells a price each second, and a source that tells by REST what a test says."""

    def __init__(self, answer):
        self.loop = asyncio.get_running_loop()
        self.heard_at = self.loop.time()
        self.answer, self.asked, self.died = answer, [], []
        self.silence = ChannelSilence(
            lambda: price(100), self._ask, lambda: self.heard_at, self.died.append
        )

    async def _ask(self):
        self.asked.append(self.loop.time())
        await asyncio.sleep(0.1)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def lives(self, seconds, *, tells_every_s=None):
        end, said_at = self.loop.time() + seconds, self.loop.time()
        while self.loop.time() < end:
            await asyncio.sleep(0.25)
            now = self.loop.time()
            if tells_every_s is not None and now - said_at >= tells_every_s:
                self.heard_at = said_at = now
            self.silence.look(now)


def test_a_channel_that_stops_while_its_source_tells_more_has_died():
    async def scenario(clock):
        channel = Channel(price(101))
        await channel.lives(60, tells_every_s=1)
        assert channel.asked == []
        await channel.lives(15)
        return channel

    channel = run(scenario)
    assert len(channel.asked) == 1
    (silent_s,) = channel.died
    assert 13 <= silent_s <= 14


def test_a_quiet_market_keeps_its_feed_and_is_asked_about_ever_more_rarely():
    async def scenario(clock):
        channel = Channel(price(100))
        await channel.lives(60, tells_every_s=1)
        await channel.lives(1_800)
        return channel

    channel = run(scenario)
    assert channel.died == []
    spaces = [after - before for before, after in pairwise(channel.asked)]
    assert 3 <= len(channel.asked) <= 8
    assert spaces[0] > 30
    assert spaces[1] > 120


def test_a_channel_whose_usual_spacing_is_long_is_given_four_times_as_long():
    async def scenario(clock):
        channel = Channel(price(101))
        await channel.lives(120, tells_every_s=8)
        before = clock.now
        await channel.lives(60)
        return channel, channel.asked[0] - before

    channel, waited_s = run(scenario)
    assert 24 <= waited_s <= 34
    assert len(channel.died) == 1


def test_what_comes_after_the_question_says_that_it_lives():
    async def scenario(clock):
        channel = Channel(price(101))
        await channel.lives(60, tells_every_s=1)
        await channel.lives(10.5)
        assert len(channel.asked) == 1
        channel.heard_at = clock.now
        await channel.lives(9)
        return channel

    assert run(scenario).died == []


@pytest.mark.parametrize("answer", [BadStatus("503"), None])
def test_where_nobody_can_say_it_the_feed_stays(answer):
    async def scenario(clock):
        channel = Channel(answer)
        await channel.lives(60, tells_every_s=1)
        await channel.lives(120)
        return channel

    channel = run(scenario)
    assert channel.asked
    assert channel.died == []


def test_nothing_is_said_of_it_once_it_is_left():
    async def scenario(clock):
        channel = Channel(price(101))
        await channel.lives(60, tells_every_s=1)
        await channel.lives(10.5)
        channel.silence.stop()
        await asyncio.sleep(10)
        return channel

    channel = run(scenario)
    assert channel.asked
    assert channel.died == []


def trades(*rows):
    made = [Trade(id=id_, timestamp=at, price=100, amount=1) for id_, at in rows]
    return Trades(symbol=BTC, trades=tuple(made))


def book(bid, ask):
    return OrderBook(symbol=BTC, bids=((bid, 1.0),), asks=((ask, 1.0),))


def candles(*rows):
    query = CandlesQuery(symbol=BTC, interval="1m")
    return Candles.from_rows(query, [[at, 1, 2, 0.5, close, volume] for at, close, volume in rows])


NOW = 1_764_000_000_000
OPENS = NOW // MINUTE * MINUTE


@pytest.mark.parametrize(
    ("answer", "known", "more"),
    [
        (price(100), price(100), False),
        (price(101), price(100), True),
        (price(100, bid=99, ask=101), price(100), False),
        (price(100, bid=99, ask=101), price(100, bid=98, ask=101), True),
        (price(100, volume_base=2), price(100, volume_base=3), False),
        (book(99, 101), book(99, 101), False),
        (book(99, 101), book(98, 101), True),
        (trades(("1", NOW)), trades(("1", NOW)), False),
        (trades(("1", NOW), ("2", NOW + 5_000)), trades(("1", NOW)), True),
        (trades(("1", NOW + 5_000)), trades(("1", NOW)), False),
        (trades(("a", NOW + 900)), trades(("1", NOW)), False),
        (trades(("1", NOW)), trades(), True),
        (trades(), trades(("1", NOW)), False),
        (candles((OPENS, 1, 3)), candles((OPENS, 1, 3)), False),
        (candles((OPENS, 1.5, 3)), candles((OPENS, 1, 3)), True),
        (candles((OPENS, 1, 3), (OPENS + MINUTE, 1, 0)), candles((OPENS, 1, 3)), False),
        (candles((OPENS, 1, 3), (OPENS + MINUTE, 1, 2)), candles((OPENS, 1, 3)), True),
        (candles((OPENS, 1, None), (OPENS + MINUTE, 1, None)), candles((OPENS, 1, None)), False),
        (candles((OPENS, 1, None), (OPENS + MINUTE, 1.5, None)), candles((OPENS, 1, None)), True),
        (candles((OPENS - MINUTE, 1.5, 3)), candles((OPENS, 1, 3)), False),
    ],
)
def test_an_answer_tells_more_where_the_market_moved(answer, known, more):
    assert answer.tells_more(known) is more
