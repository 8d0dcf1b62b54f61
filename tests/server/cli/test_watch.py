"""`coinmux watch`: lines for programs, and a table for people."""

import io
import json
import re

import pytest
from rich.console import Console

from coinmux.framework.models.market import Ticker, Trade, Trades
from coinmux.framework.streams.events import LiveEvent, LiveMeta
from coinmux.server.cli import watch
from tests.server.cli.in_process import run_here

AT = 1_795_933_288_120
LINE = re.compile(r"\d\d:\d\d:\d\d (BTC|ETH)/USDT [\d.]+  [a-z_]+")
TRADE = re.compile(r"\d\d:\d\d:\d\d BTC/USDT (buy|sell|\?) +[\d.]+ x [\d.]+  [a-z_]+")


def watched(*arguments):
    return run_here(["watch", "--simulate", *arguments], {"LOG_LEVEL": "ERROR", "COLUMNS": "100"})


def test_each_event_is_a_line_for_a_pipe():
    """Of both markets, and no more of them than asked for."""
    done = watched("--count", "6", "BTC/USDT", "ETH/USDT")
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 6)
    assert all(LINE.fullmatch(line) for line in lines), lines
    assert {line.split()[1] for line in lines} == {"BTC/USDT", "ETH/USDT"}


def test_trades_are_a_line_each():
    """With the side and the whole price."""
    lines = watched("--trades", "--count", "2", "BTC/USDT").stdout.splitlines()
    assert lines
    assert all(TRADE.fullmatch(line) for line in lines), lines


def test_json_is_the_event_as_the_server_sends_it():
    """One document a line."""
    (line,) = watched("--json", "--count", "1", "BTC/USDT").stdout.splitlines()
    event = json.loads(line)
    assert (event["event"], event["subject"]) == ("snapshot", "BTC/USDT")
    assert event["meta"]["simulated"] is True


def test_a_pair_nobody_lists_ends_it_with_the_reason():
    """On stderr, with a code of its own."""
    done = watched("NOPE/USDT")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "NOPE/USDT is not listed" in done.stderr


def event(data, kind="update", provider="acme", notes=()):
    meta = LiveMeta(provider=provider, live=True, received_at=AT, notes=notes)
    return LiveEvent("a-1", kind, "ticker", "BTC/USDT", data, meta)


@pytest.mark.parametrize("price", [86_713.79, 0.00000012, 123_456_789.25, 5.0])
def test_a_line_holds_every_digit_of_a_price(price):
    """A program may read it: no exponent, nothing rounded."""
    trade = Trade(id="1", timestamp=AT, side="buy", price=price, amount=0.00374294)
    (line,) = watch._lines(event(Trades(symbol="BTC/USDT", trades=(trade,))))
    told, amount = re.search(r"buy +(\S+) x (\S+)  acme$", line).groups()
    assert (float(told), float(amount)) == (price, 0.00374294)
    assert "e" not in told
    (line,) = watch._lines(event(Ticker(symbol="BTC/USDT", last=price)))
    assert float(line.split()[2]) == price


@pytest.mark.parametrize(("width", "has_bid"), [(60, False), (80, False), (100, True)])
def test_no_figure_of_the_table_is_broken_in_two(width, has_bid):
    """A narrow terminal has two columns less; a long name of a source may take two lines."""
    out = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    board = watch._Board(out, ["BTC/USDT"])
    board.take(event(Ticker(symbol="BTC/USDT", last=86_713.79, bid=86_711.55), provider="acme"))
    board.take(event(None, "stale", "coinbase_exchange", ("it fell silent",)))
    out.print(board._table())
    text = out.file.getvalue()
    assert "86,713.79" in text
    assert ("86,711.55" in text) is has_bid
    if width >= 80:
        words = re.sub(r"\W+", "", text)
        assert words.endswith("coinbase_exchangenosourcetellsatpresentitfellsilent")
    assert max(map(len, text.splitlines())) <= width


def test_the_table_says_that_it_waits():
    """Until the first price came."""
    out = Console(file=io.StringIO(), width=80, color_system=None)
    out.print(watch._Board(out, ["BTC/USDT", "ETH/USDT"])._table())
    assert "BTC/USDT, ETH/USDT" in out.file.getvalue()
    assert "waiting" in out.file.getvalue()
