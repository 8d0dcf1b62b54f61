"""A live order book: it is the source's own, or it is said not to be."""

import random
from zlib import crc32

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import OrderBook
from coinmux.framework.errors import BrokenFeed
from coinmux.framework.models.live import BookChange
from coinmux.framework.plugins.socket_dialect import BookRules
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.streams.book_line import BookLine, BookState

BTC = Symbol("BTC/USDT")
NOW = 1_790_000_000_000


async def _asked(http):
    raise AssertionError("the framework asks, not the line")


ADJACENT = BookRules(link="adjacent")
PREVIOUS = BookRules(link="previous")
ASKED = BookRules(link="adjacent", snapshot=_asked)


def whole(bids=(("10", "1"), ("9", "2")), asks=(("11", "1"), ("12", "2")), **more):
    return BookChange(bids, asks, is_whole=True, **more)


def change(bids=(), asks=(), **more):
    return BookChange(bids, asks, **more)


def sides(line, depth=500):
    book = line.book(depth)
    return [list(book.bids), list(book.asks)]


def broken(call, *given):
    with pytest.raises(BrokenFeed) as raised:
        call(*given)
    return raised.value.reason


def test_a_book_is_what_the_model_of_a_request_would_be():
    line = BookLine(BTC)
    line.apply(whole(timestamp=NOW))
    book = line.book(1)
    assert book == OrderBook(symbol=BTC, timestamp=NOW, bids=[["10", "1"]], asks=[["11", "1"]])
    assert msgspec.json.decode(book.encode())["bids"] == [[10.0, 1.0]]
    assert line.book(1) is book
    line.apply(whole(bids=[["10", "3"]]))
    assert line.book(1).bids == ((10.0, 3.0),)
    assert line.version == 2


def test_levels_are_put_changed_removed_and_put_again():
    line = BookLine(BTC, BookRules())
    line.apply(whole())
    line.apply(change([["10", "0"], ["9.5", 4], ["7", "0"]], [[".11e2", "5"], ["12.", "0.0"]]))
    assert sides(line) == [[(9.5, 4.0), (9.0, 2.0)], [(11.0, 5.0)]]
    line.apply(change([("10", 1.5, "7", "word")], []))
    assert sides(line)[0][0] == (10.0, 1.5)


def test_of_one_price_twice_in_a_message_the_later_row_counts():
    line = BookLine(BTC, BookRules())
    line.apply(whole(bids=[["10", "1"], ["10.0", "2"], ["8", "1"], ["8", "0"]]))
    assert sides(line)[0] == [(10.0, 2.0)]
    line.apply(change([["9", "1"], ["9", "0"], ["10", "0"], ["10", "7"]]))
    assert sides(line)[0] == [(10.0, 7.0)]


def test_levels_beyond_the_kept_depth_are_cut_after_each_message():
    line = BookLine(BTC, BookRules(depth=2))
    line.apply(whole())
    line.apply(change([["9.5", "1"]], [["11.5", "1"]]))
    line.apply(change([["10", "0"]], [["11", "0"]]))
    assert sides(line) == [[(9.5, 1.0)], [(11.5, 1.0)]]


def test_a_change_before_the_whole_book_breaks_it_where_nothing_numbers_them():
    line = BookLine(BTC, BookRules())
    assert line.state is BookState.WAITING
    assert broken(line.apply, change([["9", "1"]])) == "no_snapshot"
    line.apply(change([["9", "1"]]))
    assert broken(line.book, 5) == "no_snapshot"
    line.apply(whole())
    assert line.state is BookState.TRUE


def test_a_few_numbered_changes_may_come_before_the_whole_book():
    line = BookLine(BTC, ADJACENT)
    line.apply(change([["9.5", "9"]], first=4, last=5))
    line.apply(change([["9.6", "1"]], first=6, last=7))
    line.apply(whole(last=5))
    assert (line.last, sides(line)[0][1]) == (7, (9.6, 1.0))
    line.begin()
    for number in range(20):
        line.apply(change(first=number, last=number))
    assert broken(line.apply, change(first=20, last=20)) == "no_snapshot"
    line.apply(whole(last=19))
    assert (line.state, line.last) == (BookState.TRUE, 20)


def test_what_came_before_a_whole_book_and_is_not_linked_to_it_is_over():
    line = BookLine(BTC, ADJACENT)
    line.apply(change([["9.5", "9"]], first=500, last=501))
    line.apply(whole(last=1))
    assert (line.last, sides(line)[0][0]) == (1, (10.0, 1.0))
    line.apply(change(first=2, last=2))
    assert line.state is BookState.TRUE


@pytest.mark.parametrize(
    ("rules", "next_one", "later"),
    [
        (ADJACENT, {"first": 6, "last": 8}, {"first": 10, "last": 11}),
        (ADJACENT, {"first": 6, "last": 8}, {"first": None, "last": None}),
        (PREVIOUS, {"previous": 5, "last": 8}, {"previous": 9, "last": 11}),
        (PREVIOUS, {"previous": 5, "last": 3}, {"previous": 8, "last": 9}),
    ],
)
def test_a_gap_breaks_the_book_until_it_comes_whole(rules, next_one, later):
    line = BookLine(BTC, rules)
    line.apply(whole(last=5))
    line.apply(change([["9.5", "1"]], **next_one))
    assert sides(line)[0][1] == (9.5, 1.0)
    assert broken(line.apply, change(**later)) == "gap"
    assert (line.state, line.reason) == (BookState.BROKEN, "gap")
    line.apply(change(first=12, last=12))
    assert broken(line.book, 1) == "gap"
    line.apply(whole(last=30))
    assert line.state is BookState.TRUE


def test_a_message_without_change_may_repeat_the_number():
    line = BookLine(BTC, PREVIOUS)
    line.apply(whole(last=5))
    for _ in range(2):
        line.apply(change(previous=5, last=5))
    line.apply(change([["10", "4"]], previous=5, last=6))
    assert sides(line)[0][0] == (10.0, 4.0)


def test_a_message_that_comes_again_is_dropped():
    line = BookLine(BTC, ADJACENT)
    line.apply(whole(last=5))
    first = change([["10", "3"]], first=6, last=6)
    line.apply(first)
    line.apply(change([["10", "4"]], first=7, last=9))
    line.apply(first)
    assert (line.repeated, sides(line)[0][0]) == (1, (10.0, 4.0))


def test_numbers_that_begin_anew_without_a_word_break_the_book():
    line = BookLine(BTC, ADJACENT)
    line.apply(whole(last=500))
    line.apply(change(first=501, last=501))
    assert broken(line.apply, change(first=1, last=1)) == "gap"
    line.apply(whole(last=500))
    for number in range(100):
        line.apply(change(first=number, last=number))
    assert broken(line.apply, change(first=100, last=100)) == "gap"


def test_a_crossed_book_is_broken():
    line = BookLine(BTC, BookRules())
    line.apply(whole())
    assert broken(line.apply, change([["11", "1"]])) == "crossed"
    assert broken(line.apply, whole(bids=[["12", "1"]])) == "crossed"
    line.apply(whole())
    assert line.state is BookState.TRUE


@pytest.mark.parametrize(
    "row",
    [["x", "1"], ["10"], ["nan", "1"], ["inf", "1"], ["10", "-1"], ["0", "1"], ["-3", "1"],
     ["1_0", "1"], [None, "1"], [True, "1"], 7, ["10", "1e999"]],
)  # fmt: skip
def test_a_level_that_cannot_be_read_breaks_the_book(row):
    line = BookLine(BTC, BookRules())
    line.apply(whole())
    assert broken(line.apply, change([["9.5", "1"], row])) == "unreadable"
    assert broken(line.apply, whole(bids=[row])) == "unreadable"
    assert line.state is BookState.BROKEN


@pytest.mark.parametrize("name", ["first", "last", "previous", "timestamp"])
@pytest.mark.parametrize("value", ["7", 7.5, True, [7]])
def test_a_number_that_is_none_breaks_the_book(name, value):
    line = BookLine(BTC, ASKED)
    assert broken(line.apply, change(**{name: value})) == "unreadable"
    assert broken(line.apply, whole(**{name: value})) == "unreadable"
    assert broken(line.snapshot, whole(**{"last": 1, name: value})) == "unreadable"


@pytest.mark.parametrize("rows", ["12", ["12"], {"12": "1"}, 7, [["1", ["2"]]], [{"0": 1, "1": 2}]])
def test_levels_of_another_shape_break_the_book(rows):
    line = BookLine(BTC, BookRules())
    line.apply(whole())
    assert broken(line.apply, change(rows)) == "unreadable"
    assert broken(line.apply, whole(asks=rows)) == "unreadable"


def test_a_message_that_could_not_be_read_breaks_a_book_of_changes_only():
    line = BookLine(BTC)
    line.apply(whole())
    line.missed("no JSON")
    assert line.state is BookState.TRUE
    line = BookLine(BTC, BookRules())
    line.apply(whole())
    assert broken(line.missed, "no JSON") == "unreadable"
    line.missed("no JSON")


def test_older_whole_books_are_dropped_unless_numbers_began_anew():
    line = BookLine(BTC)
    line.apply(whole(last=7))
    line.apply(whole(bids=[["5", "1"]], last=6))
    assert (line.repeated, sides(line)[0][0]) == (1, (10.0, 1.0))
    for number in range(1, 6):
        line.apply(whole(bids=[["5", "1"]], last=number))
    assert sides(line)[0] == [(5.0, 1.0)]
    line = BookLine(BTC)
    line.apply(whole(timestamp=NOW))
    line.apply(whole(bids=[["5", "1"]], timestamp=NOW - 1))
    assert line.repeated == 1


def test_changes_are_kept_until_the_book_that_was_asked_for_came():
    line = BookLine(BTC, ASKED)
    assert line.needs_snapshot
    for number in range(1, 6):
        line.apply(change([["10", str(number)]], first=2 * number, last=2 * number + 1))
    line.snapshot(whole(last=6))
    assert (line.last, sides(line)[0][0]) == (11, (10.0, 5.0))
    assert not line.needs_snapshot
    line.apply(change([["10", "9"]], first=12, last=12))
    assert sides(line)[0][0] == (10.0, 9.0)


def test_a_snapshot_that_is_too_old_is_asked_for_again():
    line = BookLine(BTC, ASKED)
    line.apply(change([["10", "3"]], first=9, last=9))
    assert broken(line.snapshot, whole(last=7)) == "gap"
    assert line.needs_snapshot
    line.apply(change([["10", "4"]], first=10, last=10))
    line.snapshot(whole(last=8))
    assert (line.last, sides(line)[0][0]) == (10, (10.0, 4.0))
    assert broken(line.snapshot, whole()) == "gap"


def test_the_change_that_showed_a_gap_follows_the_next_snapshot():
    line = BookLine(BTC, ASKED)
    line.snapshot(whole(last=1))
    assert broken(line.apply, change([["10", "3"]], first=4, last=4)) == "gap"
    line.apply(change([["9", "3"]], first=5, last=5))
    line.snapshot(whole(last=3))
    assert (line.last, sides(line)[0]) == (5, [(10.0, 3.0), (9.0, 3.0)])


def test_levels_beyond_a_snapshot_that_was_cut_are_not_told():
    line = BookLine(BTC, BookRules(link="adjacent", snapshot=_asked, snapshot_levels=2))
    line.snapshot(whole(last=1))
    line.apply(change([["3", "1"]], [["20", "1"]], first=2, last=2))
    assert sides(line) == [[(10.0, 1.0), (9.0, 2.0)], [(11.0, 1.0), (12.0, 2.0)]]
    assert line.is_shallow(3)
    assert not line.is_shallow(2)
    line.snapshot(whole(asks=[["11", "1"]], last=2))
    line.apply(change(asks=[["20", "1"]], first=3, last=3))
    assert sides(line)[1] == [(11.0, 1.0), (20.0, 1.0)]


def crc_of(bids, asks):
    """The checksum of Bitfinex, signs left out."""
    words = []
    for at in range(25):
        for side in (bids, asks):
            words += [str(cell) for cell in side[at]] if at < len(side) else []
    return crc32(":".join(words).encode())


CHECKED = BookRules(checksum=crc_of)


def test_a_checksum_is_computed_from_levels_as_they_were_written():
    line = BookLine(BTC, CHECKED)
    line.apply(whole(bids=[["10.00", "1.50"]], asks=[[11.0, "1e-7"]]))
    line.apply(change(checksum=crc32(b"10.00:1.50:11.0:1e-7")))
    line.apply(change([["10.000", "2.0"], ["9", "1"], ["9", "0"]]))
    line.apply(change(checksum=crc32(b"10.000:2.0:11.0:1e-7")))
    assert line.state is BookState.TRUE
    assert broken(line.apply, change(checksum=5)) == "checksum"


def test_a_checksum_is_given_as_many_levels_as_it_takes():
    lengths = []

    def checksum(bids, asks):
        lengths.append((len(bids), len(asks)))
        return 0

    line = BookLine(BTC, BookRules(checksum=checksum, checksum_levels=2))
    line.apply(whole(bids=[["1", "1"], ["2", "1"], ["3", "1"]], asks=[["4", "1"]], checksum=0))
    assert lengths == [(2, 1)]


def test_a_book_is_in_doubt_until_as_many_checksums_are_wrong_as_break_it():
    line = BookLine(BTC, BookRules(checksum=crc_of, mismatches=2))
    right = crc32(b"10:1:11:1:9:2:12:2")
    line.apply(whole(checksum=1))
    assert line.state is BookState.DOUBTED
    assert broken(line.book, 1) == "no_snapshot"
    line.apply(change(checksum=right))
    assert line.state is BookState.TRUE
    line.apply(change(checksum=1))
    line.apply(change())
    assert line.state is BookState.DOUBTED
    assert broken(line.apply, change(checksum=1)) == "checksum"
    line.apply(whole(checksum=right))
    assert line.state is BookState.TRUE


# A source's true book, and a connection on which anything can happen.

PRICES = st.integers(0, 7)
ROWS = st.lists(st.tuples(PRICES, st.integers(0, 3)), max_size=4)
FAULTS = st.sampled_from(
    ["", "", "", "drop", "repeat", "repeat_old", "swap", "cross", "checksum", "unreadable", "whole"]
)
STEPS = st.lists(st.tuples(FAULTS, ROWS, ROWS, st.integers(0, 3)), min_size=1, max_size=40)


class Source:
    """The true book of each number, and the messages about it."""

    def __init__(self):
        self.bids, self.asks, self.number = {100: 1}, {101: 1}, 0
        self.books, self.sent = {}, []
        self._note()

    def _note(self):
        self.books[self.number] = (
            [(float(price), float(self.bids[price])) for price in sorted(self.bids)[::-1]],
            [(float(price), float(self.asks[price])) for price in sorted(self.asks)],
        )

    def move(self, bids, asks, numbers):
        rows = [[], []]
        for at, (side, changes) in enumerate(((self.bids, bids), (self.asks, asks))):
            for step, size in changes:
                price = 100 - step if at == 0 else 101 + step
                side[price] = size
                if not size:
                    del side[price]
                rows[at].append([str(price), f"{size}.0"])
        before, self.number = self.number, self.number + 1 + numbers
        self._note()
        self.sent.append(
            BookChange(
                *rows, first=before + 1, last=self.number, previous=before, checksum=self.checksum()
            )
        )
        return self.sent[-1]

    def checksum(self, number=None):
        bids, asks = self.books[self.number if number is None else number]
        return crc_of(*([(int(price), f"{size:.1f}") for price, size in s] for s in (bids, asks)))

    def whole(self, number=None):
        number = self.number if number is None else number
        bids, asks = self.books[number]
        return BookChange(
            [(str(int(price)), f"{size:.1f}") for price, size in bids],
            [(str(int(price)), f"{size:.1f}") for price, size in asks],
            is_whole=True,
            last=number,
            checksum=self.checksum(number),
        )


def damaged(message, fault):
    bids, asks = list(message.bids), list(message.asks)
    checksum = message.checksum
    if fault == "cross":
        bids = [*bids, ["150", "1.0"]]
        asks = [*asks, ["140", "1.0"]]
    elif fault == "unreadable":
        asks = [*asks, ["?", "1.0"]]
    else:
        checksum ^= 1
    return BookChange(
        bids, asks, first=message.first, last=message.last, previous=message.previous,
        checksum=checksum,
    )  # fmt: skip


@pytest.mark.parametrize(
    "rules",
    [
        BookRules(link="adjacent", checksum=crc_of),
        BookRules(link="previous", checksum=crc_of),
        BookRules(link="none", checksum=crc_of),
        BookRules(link="none", checksum=crc_of, mismatches=2),
        BookRules(link="adjacent", checksum=crc_of, snapshot=_asked),
        BookRules(link="previous", checksum=crc_of, snapshot=_asked),
    ],
    ids=lambda rules: f"{rules.link}-{rules.mismatches}-{'asked' if rules.snapshot else 'sent'}",
)
@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_whatever_goes_wrong_a_true_book_is_the_sources_own(rules, steps):
    source, line = Source(), BookLine(BTC, rules)
    newest = 0

    def hear(call, message):
        nonlocal newest
        newest = max(newest, message.last)
        try:
            call(message)
        except BrokenFeed:
            assert line.state is BookState.BROKEN
        if line.state is BookState.TRUE:
            assert tuple(map(list, sides(line))) in source.books.values()
            if rules.link != "none":
                # It has every message that came, or is not true.
                assert line.last == newest
                assert tuple(map(list, sides(line))) == source.books[newest]

    def repair(lag=0):
        if rules.snapshot is None:
            line.begin()
            hear(line.apply, source.whole())
        else:
            numbers = sorted(source.books)
            hear(line.snapshot, source.whole(numbers[max(0, len(numbers) - 1 - lag)]))

    repair()
    for fault, bids, asks, number in steps:
        message = source.move(bids, asks, number)
        if fault == "drop":
            continue
        if fault in ("cross", "checksum", "unreadable"):
            hear(line.apply, damaged(message, fault))
            assert line.state is not BookState.TRUE
        elif fault == "swap":
            later = source.move(asks, bids, 0)
            hear(line.apply, later)
            hear(line.apply, message)
        elif fault == "whole" and rules.snapshot is None:
            hear(line.apply, source.whole())
        else:
            hear(line.apply, message)
        if fault == "repeat":
            hear(line.apply, message)
        if fault == "repeat_old" and rules.link != "none":
            hear(line.apply, source.sent[len(source.sent) // 2])
        if line.state is BookState.BROKEN and number:
            repair(lag=number - 1)
    repair()
    message = source.move([(0, 3)], [(0, 2)], 0)
    hear(line.apply, message)
    assert line.state is BookState.TRUE
    assert tuple(map(list, sides(line))) == source.books[source.number]


def test_after_a_thousand_changes_it_is_the_book_that_ccxt_makes():
    ccxt = pytest.importorskip("ccxt.async_support.base.ws.order_book", reason="needs ccxt")
    dice = random.Random(17)
    bids = [[str(50_000 - at), "1"] for at in range(500)]
    asks = [[str(50_001 + at), "1"] for at in range(500)]
    theirs = ccxt.OrderBook(
        {side: [[float(p), float(s)] for p, s in rows] for side, rows in
         (("bids", bids), ("asks", asks))}, 400,
    )  # fmt: skip
    theirs.limit()
    line = BookLine(BTC, BookRules(link="adjacent", depth=400))
    line.apply(whole(bids, asks, last=0))
    for number in range(1, 1_001):
        rows = [
            [
                [str(top + sign * dice.randrange(450)), dice.choice(["0", "0.00", "1.5", "2"])]
                for _ in range(dice.randrange(20))
            ]
            for top, sign in ((50_000, -1), (50_001, 1))
        ]
        line.apply(change(*rows, first=number, last=number))
        for side, changes in zip(("bids", "asks"), rows, strict=True):
            for price, size in changes:
                theirs[side].store(float(price), float(size))
        theirs.limit()
        assert [list(map(list, side)) for side in sides(line)] == [theirs["bids"], theirs["asks"]]
