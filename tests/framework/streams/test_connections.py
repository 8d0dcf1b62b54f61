"""Connections to an exchange on loopback: followed, lost, refused, renewed."""

import asyncio
import json
import logging

import pytest

from coinmux import sockets
from coinmux.framework.plugins.rate_limit import RateLimit
from coinmux.framework.streams import connections as connections_module
from tests.framework.streams.exchange import (
    Ear,
    Exchange,
    Quiet,
    connections,
    subscription,
    until,
)

pytestmark = pytest.mark.realtime


@pytest.fixture(autouse=True)
def hasty(monkeypatch):
    """Nothing lingers."""
    monkeypatch.setattr(connections_module, "_LINGER_S", 0.02)
    monkeypatch.setattr(connections_module, "_LOOK_S", 0.02)
    monkeypatch.setattr("coinmux.framework.streams.session._LOOK_S", 0.02)
    monkeypatch.setattr("coinmux.framework.streams.place._OVERLAP_S", 0.1)


async def test_a_feed_begins_and_is_heard():
    """Once its channels are confirmed, and no message of another feed comes to it."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        btc, eth = Ear(), Ear()
        source.follow(subscription("btc"), btc)
        source.follow(subscription("eth", "eth2"), eth)
        await until(lambda: "begun" in btc.log and "begun" in eth.log)
        await exchange.say("btc", 1)
        await exchange.say("eth2", 2)
        await until(lambda: len(btc.log) + len(eth.log) == 4)
        assert btc.log == ["begun", ("btc", 1)]
        assert eth.log == ["begun", ("eth2", 2)]
        assert exchange.connected == 1


async def test_channels_are_asked_for_in_batches_on_as_many_connections_as_it_takes():
    """Neither a message nor a connection has more than the source takes."""
    async with (
        Exchange().open() as exchange,
        connections(exchange, subscriptions=3, batch=2) as source,
    ):
        ears = [Ear() for _ in range(7)]
        for at, ear in enumerate(ears):
            source.follow(subscription(f"c{at}"), ear)
        await until(lambda: all("begun" in ear.log for ear in ears))
        assert exchange.connected == 3
        assert sum(map(len, exchange.channels.values())) == 7
        assert max(map(len, exchange.channels.values())) == 3
        assert max(text.count("c") - text.count("op") for text in exchange.asked) <= 4


async def test_a_channel_that_two_feeds_need_is_subscribed_to_once():
    """And ended with the last of them."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        one, other = Ear(), Ear()
        first = source.follow(subscription("btc"), one)
        await until(lambda: one.log)
        second = source.follow(subscription("btc"), other)
        await until(lambda: other.log)
        assert len(exchange.asked) == 1
        first.stop()
        await exchange.say("btc", 1)
        await until(lambda: len(other.log) == 2)
        assert one.log == ["begun"]
        second.stop()
        await until(lambda: not exchange.peers)


async def test_a_channel_whose_end_the_source_did_not_hear_is_ended_once_more(monkeypatch):
    monkeypatch.setattr("coinmux.framework.streams.session._UNHEARD_S", 0.1)
    async with Exchange().open() as exchange, connections(exchange) as source:
        one, other = Ear(), Ear()
        first = source.follow(subscription("btc"), one)
        source.follow(subscription("eth"), other)
        await until(lambda: one.log and other.log)
        first.stop()
        (channels,) = exchange.channels.values()
        await until(lambda: channels == {"eth"})
        channels.add("btc")
        await exchange.say("btc", 1)
        await asyncio.sleep(0.2)
        assert "btc" in channels, "what comes at once was on its way"
        await exchange.say("btc", 2)
        await until(lambda: channels == {"eth"})
        assert one.log == other.log == ["begun"]


async def test_a_cut_connection_is_opened_again_and_everything_followed_anew():
    """Each feed is told that it was lost, then that it begins."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log == ["begun"])
        exchange.cut()
        await until(lambda: len(ear.log) == 3)
        assert ear.log == ["begun", ("lost", "upstream_disconnected"), "begun"]
        (use,) = source.uses()
        assert (use.state, use.reconnects) == ("open", 1)
        assert "ended" in use.error
        assert len(source.opened) == 2
        assert len(source.lost) == 1


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (429, "upstream_rate_limited"),
        (418, "upstream_banned"),
        (451, "upstream_geo_blocked"),
        (500, "upstream_status"),
        (302, "upstream_redirect"),
    ],
)
async def test_a_refused_handshake_counts_as_the_status_of_a_request(status, code):
    """With the token of the address in no text."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        exchange.refuse = status
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        assert ear.log[0] == ("lost", code)
        assert "s3cret" not in str(source.lost[0])


async def test_a_log_of_everything_has_no_token_either(caplog):
    """The protocol's library writes each request's address, its query included."""
    caplog.set_level(logging.DEBUG)
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log == ["begun"])
    ours = [one.getMessage() for one in caplog.records if one.name != "websockets.server"]
    assert "s3cret" not in "\n".join(ours)


async def test_a_wait_the_source_asks_for_is_kept():
    """No connection is tried before."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        exchange.refuse, exchange.retry_after = 429, "30"
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        exchange.refuse = None
        await asyncio.sleep(0.1)
        assert exchange.connected == 0
        assert source.lost[0].retry_after_s == 30


async def test_a_wait_the_source_asks_for_holds_every_connection_of_it():
    """A feed that would need another connection is told why, and none is opened for it."""
    async with Exchange().open() as exchange, connections(exchange, subscriptions=1) as source:
        exchange.refuse, exchange.retry_after = 429, "30"
        first, second = Ear(), Ear()
        source.follow(subscription("btc"), first)
        await until(lambda: source.held)
        exchange.refuse = None
        source.follow(subscription("eth"), second)
        await until(lambda: second.log)
        await asyncio.sleep(0.1)
        assert second.log == [("lost", "upstream_rate_limited")]
        assert exchange.connected == 0
        assert len(source.lost) == 1


async def test_an_unknown_channel_is_lost_and_the_others_stay():
    """It is not asked for again."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        exchange.unknown = {"nope"}
        good, bad = Ear(), Ear()
        source.follow(subscription("btc"), good)
        source.follow(subscription("nope"), bad)
        await until(lambda: bad.log and good.log)
        assert bad.log == [("lost", "unknown_symbol")]
        assert good.log == ["begun"]
        assert source.lost == []


async def test_what_is_never_confirmed_is_refused():
    """A source may accept anything and stay silent."""
    async with Exchange().open() as exchange, connections(exchange, confirm_s=0.05) as source:
        exchange.is_silent = True
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        assert ear.log == [("lost", "not_offered")]


async def test_a_message_that_cannot_be_read_is_left_out():
    """A frame of whoever, or a body of one feed."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        await exchange.send("{")
        await exchange.say("btc", "bad")
        await exchange.say("btc", 1)
        await until(lambda: len(ear.log) == 4)
        malformed = ("unreadable", "upstream_malformed")
        assert ear.log == ["begun", malformed, malformed, ("btc", 1)]
        assert source.uses()[0].unreadable == 1


async def test_a_connection_of_garbage_is_given_up():
    """Where most of the last messages cannot be read."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        for _ in range(12):
            await exchange.send("\x00garbage")
        await until(lambda: ("lost", "broken_feed") in ear.log)
        await until(lambda: exchange.connected == 2)


async def test_a_silent_connection_is_opened_anew():
    """It may look open for hours."""
    async with Exchange().open() as exchange, connections(exchange, silence_s=0.1) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: exchange.connected >= 2)
        assert ("lost", "upstream_timeout") in ear.log


async def test_a_connection_that_answers_pings_is_not_silent():
    """A market without trades has nothing else to say."""
    async with (
        Exchange().open() as exchange,
        connections(exchange, silence_s=0.3, ping_s=0.05, dialect=Quiet) as source,
    ):
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        await asyncio.sleep(0.8)
        assert (ear.log, exchange.connected) == (["begun"], 1)
        assert len(exchange.asked) == 1


async def test_a_book_that_joins_another_is_sent_whole():
    """To both of them; other channels are not disturbed."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        first, second, trades = Ear(), Ear(), Ear()
        source.follow(subscription("btc", book=sockets.BookRules()), first)
        source.follow(subscription("eth"), trades)
        await until(lambda: first.log and trades.log)
        exchange.asked.clear()
        source.follow(subscription("btc", book=sockets.BookRules()), second)
        await until(lambda: second.log == ["begun"] and first.log == ["begun", "begun"])
        assert [json.loads(text)["op"] for text in exchange.asked] == [
            "unsubscribe",
            "subscribe",
        ]
        assert trades.log == ["begun"]


async def test_a_silent_feed_is_subscribed_to_anew_on_a_living_connection():
    """Others on it go on."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        quiet, other = Ear(), Ear()
        source.follow(subscription("btc", silence_s=0.05), quiet)
        source.follow(subscription("eth"), other)
        await until(lambda: quiet.log.count("begun") >= 2)
        assert ("lost", "upstream_timeout") in quiet.log
        assert other.log == ["begun"]
        assert exchange.connected == 1


async def test_a_connection_is_replaced_before_it_ends():
    """Both are listened to for a while, and what both tell is told where the new one takes over."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        await exchange.send('{"op": "leaving"}')
        await until(lambda: len(exchange.channels) == 2)
        await exchange.say("btc", 1)
        await until(lambda: "renewed" in ear.log)
        await until(lambda: len(exchange.peers) == 1)
        await exchange.say("btc", 2)
        await until(lambda: ("btc", 2) in ear.log)
        assert ear.log == ["begun", ("btc", 1), "renewed", ("btc", 1), ("btc", 2)]
        assert source.lost == []
        assert [use.reconnects for use in source.uses()] == [1]


async def test_the_former_connection_goes_on_where_the_next_one_fails():
    """Another is tried."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        exchange.is_silent = True  # the next one is not confirmed
        await exchange.send('{"op": "leaving"}')
        await until(lambda: len(exchange.peers) == 2)
        exchange.peers[1].transport.abort()
        await exchange.say("btc", 1)
        await until(lambda: ("btc", 1) in ear.log)
        exchange.is_silent = False
        await until(lambda: "renewed" in ear.log)
        assert ear.log == ["begun", ("btc", 1), "renewed"]
        assert source.lost == []


async def test_a_former_connection_that_ends_early_is_no_loss_where_the_next_one_is_confirmed():
    """The next one takes over at once."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        await exchange.send('{"op": "leaving"}')
        await until(lambda: len(exchange.channels) == 2)
        await exchange.say("btc", 1)
        await until(lambda: ear.log[-1] == ("btc", 1))
        exchange.peers[0].transport.abort()
        await until(lambda: "renewed" in ear.log)
        assert ear.log == ["begun", ("btc", 1), "renewed", ("btc", 1)]


async def test_where_the_next_one_is_not_confirmed_yet_it_begins_anew():
    """What came meanwhile was missed."""
    async with Exchange().open() as exchange, connections(exchange, confirm_s=30) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        exchange.is_silent = True
        await exchange.send('{"op": "leaving"}')
        await until(lambda: len(exchange.peers) == 2)
        former, latest = exchange.peers
        former.transport.abort()
        await until(lambda: exchange.peers == [latest])
        await latest.send('{"op": "subscribed", "channel": "btc"}')
        await until(lambda: ear.log == ["begun", "begun"])


async def test_who_leaves_while_both_are_open_is_heard_on_neither():
    """And the others go over."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        stays, leaves = Ear(), Ear()
        source.follow(subscription("btc"), stays)
        followed = source.follow(subscription("eth"), leaves)
        await until(lambda: stays.log and leaves.log)
        await exchange.send('{"op": "leaving"}')
        await until(lambda: len(exchange.channels) == 2)
        followed.stop()
        await until(lambda: "renewed" in stays.log)
        await until(lambda: list(exchange.channels.values()) == [{"btc"}])
        await exchange.say("eth", 1)
        assert leaves.log == ["begun"]


async def test_its_figures_say_how_it_is():
    """Of what is open, and for how long it will not be."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc", "eth"), ear)
        await until(lambda: ear.log)
        await exchange.say("btc", 1)
        await until(lambda: ("btc", 1) in ear.log)
        (use,) = source.uses()
        assert (use.state, use.subscriptions, use.channels, use.messages) == ("open", 1, 2, 3)
        assert use.bytes_in > 60
        assert use.messages_per_s > 0
        assert 0 <= use.last_message_s <= use.age_s
        assert (use.reconnects, use.retry_s, use.error) == (0, None, None)
        exchange.refuse = 451
        exchange.cut()
        await until(lambda: source.held)
        (use,) = source.uses()
        assert (use.state, use.age_s, use.messages, use.messages_per_s) == (
            "waiting",
            None,
            3,
            None,
        )
        assert use.retry_s > 20_000
        assert "451" in use.error


async def test_who_comes_while_a_source_refuses_is_told_why():
    """And the connection is not tried for it."""
    async with Exchange().open() as exchange, connections(exchange) as source:
        exchange.refuse = 418
        first, second = Ear(), Ear()
        source.follow(subscription("btc"), first)
        await until(lambda: first.log and source.held)
        source.follow(subscription("eth"), second)
        await until(lambda: second.log)
        assert first.log == second.log == [("lost", "upstream_banned")]
        assert len(source.lost) == 1


async def test_closing_waits_for_an_exchange_that_does_not_say_goodbye(monkeypatch):
    """Not for ever; then nothing of it is left open."""
    monkeypatch.setattr("coinmux.framework.transport.websocket._CLOSE_S", 0.1)
    async with Exchange().open() as exchange, connections(exchange) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        # It reads no more, so it does not answer.
        exchange.peers[0].transport.pause_reading()
        await asyncio.wait_for(source.close(), 5)
        assert source.wires
        assert all(wire.is_ended for wire in source.wires)


async def test_a_ping_of_the_source_is_answered_and_ours_is_sent():
    """Both in the words of the dialect."""
    async with Exchange().open() as exchange, connections(exchange, ping_s=0.05) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        await exchange.send('{"op": "ping"}')
        await until(lambda: '{"op": "pong"}' in exchange.asked)
        await until(lambda: '{"op": "ping"}' in exchange.asked)


async def test_messages_keep_to_the_sources_limit():
    """Those beyond it wait."""
    limits = {"batch": 1, "messages": (RateLimit(2, per_s=60),)}
    async with Exchange().open() as exchange, connections(exchange, **limits) as source:
        ears = [Ear() for _ in range(4)]
        for at, ear in enumerate(ears):
            source.follow(subscription(f"c{at}"), ear)
        await until(lambda: sum(map(len, (ear.log for ear in ears))) == 2)
        await asyncio.sleep(0.1)
        assert len(exchange.asked) == 2


async def test_a_message_larger_than_the_limit_ends_the_connection():
    """Whatever it says."""
    async with Exchange().open() as exchange, connections(exchange, frame_bytes=1_000) as source:
        ear = Ear()
        source.follow(subscription("btc"), ear)
        await until(lambda: ear.log)
        await exchange.say("btc", "x" * 2_000)
        await until(lambda: ("lost", "upstream_too_large") in ear.log)


async def test_an_address_that_is_not_public_is_not_dialled():
    """Unless the operator named it."""
    from coinmux.framework.errors import BlockedAddress
    from coinmux.framework.transport.websocket import SocketAddress

    with pytest.raises(BlockedAddress):
        SocketAddress.parse("ws://127.0.0.1:1/feed")
    with pytest.raises(BlockedAddress):
        SocketAddress.parse("https://acme.example/feed")
    assert SocketAddress.parse("wss://acme.example/feed?a=1").target == "/feed?a=1"
