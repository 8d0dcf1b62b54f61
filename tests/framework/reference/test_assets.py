"""Tickers become coin ids: the shipped table, the search, and what is remembered of it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import pytest

from coinmux.framework.errors import RateLimited, UnknownSymbol
from coinmux.framework.reference.assets import (
    KEPT_MOST,
    KEPT_S,
    AssetCandidate,
    AssetDirectory,
    AssetTable,
)
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.testing.clock import FakeClock

TABLE = AssetTable(
    [
        {"ticker": "BTC", "name": "Bitcoin", "ids": {"gecko": "bitcoin", "other": None}},
        {"ticker": "ETH", "name": "Ethereum", "ids": {"gecko": "ethereum"}},
    ],
    {"llama": "gecko"},
)
PEPES = [
    AssetCandidate("pepe", "pepe", "Pepe", 50),
    AssetCandidate("pepe-2", "pepe2", "Old", None),
    AssetCandidate("pepe-2-0", "PEPE2", "Pepe 2.0", 1203),
    AssetCandidate("pepe-2-sol", "Pepe2", "Pepe on Sol", 4410),
]


class Search:
    """A source's list that counts how often it is asked, and can be held back."""

    def __init__(self, found: Sequence[AssetCandidate] | Exception) -> None:
        self.found = found
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None

    async def __call__(self, asset: str) -> Sequence[AssetCandidate]:
        self.asked.append(asset)
        if self.gate is not None:
            await self.gate.wait()
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def directory(clock: FakeClock) -> AssetDirectory:
    return AssetDirectory("gecko", TABLE, clock)


async def test_a_coin_of_the_table_is_not_searched(directory):
    """A pinned coin costs no request and says nothing of a choice."""
    search = Search([])
    found = await directory.resolve("BTC", search)
    assert (found.id, found.name, found.notes) == ("bitcoin", "Bitcoin", ())
    assert search.asked == []
    assert directory.choices() == []


async def test_a_source_may_use_the_ids_of_another(clock):
    """DefiLlama's coins are CoinGecko's."""
    directory = AssetDirectory("llama", TABLE, clock)
    assert (await directory.resolve("ETH", Search([]))).id == "ethereum"


async def test_an_id_that_is_not_known_is_searched(clock):
    """A coin of the table without an id for this source goes the way of an unknown one."""
    directory = AssetDirectory("other", TABLE, clock)
    search = Search([AssetCandidate("btc-bitcoin", "BTC", "Bitcoin", 1)])
    assert (await directory.resolve("BTC", search)).id == "btc-bitcoin"
    assert search.asked == ["BTC"]


NAMED = AssetTable(
    [
        {"ticker": "TON", "name": "Toncoin", "also": ["The Open Network"], "ids": {}},
        {"ticker": "USDT", "name": "Tether", "ids": {}},
        {"ticker": "CRV", "name": "Curve DAO", "ids": {}},
        {"ticker": "BNB", "name": "BNB", "ids": {}},
    ]
)


@pytest.mark.parametrize(
    ("asset", "name", "is_it"),
    [
        ("TON", "Toncoin", True),
        ("TON", "TONCOIN", True),
        ("TON", "The Open Network", True),
        ("TON", "Tokamak Network", False),
        ("TON", "TON Community", False),
        ("TON", "TON Token", False),
        ("USDT", "Tether USDt", True),
        ("USDT", "Bridged Tether (Wormhole)", False),
        ("CRV", "Curve DAO Token", True),
        ("BNB", "BNB", True),
        ("BNB", "Bnb Meme", False),
        ("NEWCOIN", "Whatever", True),
    ],
)
async def test_a_coin_of_the_table_is_found_by_its_name_too(clock, asset, name, is_it):
    """Another coin of the ticker, listed alone, does not answer for the famous one."""
    directory = AssetDirectory("other", NAMED, clock)
    search = Search([AssetCandidate("x", asset, name, 812)])
    if is_it:
        assert (await directory.resolve(asset, search)).id == "x"
        return
    with pytest.raises(UnknownSymbol, match=f"lists other coins of ticker {asset}"):
        await directory.resolve(asset, search)


async def test_a_namesake_of_better_rank_does_not_win(clock):
    """The name decides before the rank does."""
    directory = AssetDirectory("other", NAMED, clock)
    found = [AssetCandidate("a", "TON", "Tokamak", 5), AssetCandidate("b", "TON", "Toncoin", 9)]
    assert (await directory.resolve("TON", Search(found))).id == "b"


@pytest.mark.parametrize(
    ("ticker", "coingecko"), [("MATIC", "matic-network"), ("USTC", "terrausd")]
)
def test_renamed_coins_keep_their_own_ids(ticker, coingecko):
    """The old coin is not the new one."""
    assert AssetTable.shipped().id_for("coingecko", ticker) == coingecko


@pytest.mark.parametrize(("asset_id", "symbol"), [("", "A"), ("a", ""), (None, "A"), ("a", None)])
def test_a_candidate_has_an_id_and_a_ticker(asset_id, symbol):
    """A row of a search without them is none."""
    with pytest.raises(ValueError, match="without an id or a ticker"):
        AssetCandidate(asset_id, symbol, "A")


@pytest.mark.parametrize(("rank", "read"), [(0, None), ("", None), ("7", 7), ("x", None), (3, 3)])
def test_a_candidates_rank_may_be_missing(rank, read):
    """Sources write none in several ways."""
    assert AssetCandidate("a", "A", None, rank).rank == read


async def test_the_largest_of_an_ambiguous_ticker_is_taken_and_said(directory):
    """Of several coins of one ticker the best rank wins, no rank loses, and the note says so."""
    found = await directory.resolve("PEPE2", Search(PEPES))
    assert found.id == "pepe-2-0"
    assert found.notes == (
        "PEPE2 taken as gecko id 'pepe-2-0' (rank 1203, best of 3 of that ticker)",
    )


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([AssetCandidate("x", "X", "X", None)], "(unranked, the only one of that ticker)"),
        (
            [AssetCandidate("a", "X", "A", None), AssetCandidate("b", "X", "B", None)],
            "(unranked, first of 2 of that ticker)",
        ),
    ],
    ids=["only one", "no ranks"],
)
async def test_the_note_says_how_sure_the_choice_is(directory, found, said):
    """A single coin and one without rank are told; without ranks the source's order counts."""
    chosen = await directory.resolve("X", Search(found))
    assert chosen.id == found[0].id
    assert chosen.notes[0].endswith(said)


async def test_foreign_names_are_cleaned(directory):
    """Control and bidi characters of a source's list reach neither name nor note."""
    found = await directory.resolve("X", Search([AssetCandidate("x\u202e\ny", "x", "a\u202e\nb")]))
    assert found.name == "a b"
    assert not re.search("[\x00-\x1f\u202e]", found.notes[0])


async def test_an_exact_ticker_is_needed(directory):
    """A coin of a similar ticker is never taken."""
    with pytest.raises(UnknownSymbol, match="gecko lists no coin of ticker PEPE3"):
        await directory.resolve("PEPE3", Search(PEPES))


async def test_a_choice_is_remembered_for_a_day(directory, clock):
    """Within 24 hours one search is enough; after them the list is asked again."""
    search = Search(PEPES)
    await directory.resolve("PEPE2", search)
    clock.advance(KEPT_S - 1)
    await directory.resolve("PEPE2", search)
    assert len(search.asked) == 1
    clock.advance(1)
    assert directory.choices() == []
    await directory.resolve("PEPE2", search)
    assert len(search.asked) == 2


async def test_choices_are_shown(directory, clock):
    """What was chosen can be read, latest first, with its time."""
    made_at = clock.wall_ms()
    await directory.resolve("PEPE2", Search(PEPES))
    clock.advance(60)
    await directory.resolve("X", Search([AssetCandidate("x", "X", "Ex")]))
    assert directory.choices() == [
        {
            "asset": "X", "id": "x", "name": "Ex", "rank": None, "candidates": 1,
            "chosen_at": made_at + 60_000,
        },
        {
            "asset": "PEPE2", "id": "pepe-2-0", "name": "Pepe 2.0", "rank": 1203, "candidates": 3,
            "chosen_at": made_at,
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("found", "error"),
    [([], UnknownSymbol), (RateLimited("slow down"), RateLimited)],
    ids=["not listed", "refused"],
)
async def test_failures_are_not_remembered(directory, found, error):
    """A search that found nothing or failed is made again by the next asker."""
    search = Search(found)
    for _ in range(2):
        with pytest.raises(error):
            await directory.resolve("PEPE2", search)
    assert len(search.asked) == 2
    search.found = PEPES
    assert (await directory.resolve("PEPE2", search)).id == "pepe-2-0"


async def test_identical_searches_share_one_call(directory):
    """Fifty askers of one unknown ticker make one search; another ticker has its own."""
    search = Search(PEPES)
    search.gate = asyncio.Event()
    askers = [asyncio.ensure_future(directory.resolve("PEPE2", search)) for _ in range(50)]
    other = asyncio.ensure_future(directory.resolve("PEPE", search))
    await asyncio.sleep(0)
    search.gate.set()
    assert {found.id for found in await asyncio.gather(*askers)} == {"pepe-2-0"}
    assert (await other).id == "pepe"
    assert sorted(search.asked) == ["PEPE", "PEPE2"]


async def test_a_failed_search_fails_all_who_share_it(directory):
    """Those who wait for another's search get its error."""
    search = Search(RateLimited("slow down"))
    search.gate = asyncio.Event()
    askers = [asyncio.ensure_future(directory.resolve("PEPE2", search)) for _ in range(3)]
    await asyncio.sleep(0)
    search.gate.set()
    outcomes = await asyncio.gather(*askers, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [RateLimited] * 3
    assert len(search.asked) == 1


async def test_a_cancelled_search_takes_nobody_along(directory):
    """When the one who searches is cancelled, the next in line searches."""
    search = Search(PEPES)
    search.gate = asyncio.Event()
    first = asyncio.ensure_future(directory.resolve("PEPE2", search))
    await asyncio.sleep(0)
    others = [asyncio.ensure_future(directory.resolve("PEPE2", search)) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    search.gate.set()
    assert {found.id for found in await asyncio.gather(*others)} == {"pepe-2-0"}
    assert first.cancelled()
    assert len(search.asked) == 2


async def test_a_waiter_who_leaves_does_not_stop_the_search(directory):
    """Cancelling one who waits leaves the search to the others."""
    search = Search(PEPES)
    search.gate = asyncio.Event()
    first = asyncio.ensure_future(directory.resolve("PEPE2", search))
    await asyncio.sleep(0)
    second = asyncio.ensure_future(directory.resolve("PEPE2", search))
    await asyncio.sleep(0)
    second.cancel()
    search.gate.set()
    assert (await first).id == "pepe-2-0"
    assert len(search.asked) == 1


async def test_memory_is_bounded(directory):
    """Beyond the bound the choice unused for longest is forgotten."""

    async def search(asset: str) -> Sequence[AssetCandidate]:
        searched.append(asset)
        return [AssetCandidate(asset.lower(), asset, asset)]

    searched: list[str] = []
    for number in range(KEPT_MOST):
        await directory.resolve(f"T{number}", search)
    await directory.resolve("T0", search)
    await directory.resolve("NEW", search)
    assert len(directory.choices()) == KEPT_MOST
    searched.clear()
    await directory.resolve("T0", search)
    assert searched == []
    await directory.resolve("T1", search)
    assert searched == ["T1"]


def test_the_shipped_table_is_sound():
    """Tickers are well-formed and distinct, ids look like ids, and no id stands for two coins."""
    table = AssetTable.shipped()
    assert len(table.symbols) >= 200
    assert AssetTable.shipped() is table
    for directory in ("coingecko", "coinpaprika"):
        ids = [one for ticker in table.symbols if (one := table.id_for(directory, ticker))]
        assert len(ids) == len(set(ids)) >= 150
        assert all(re.fullmatch("[a-z0-9-]+", one) for one in ids)
    for ticker in table.symbols:
        assert re.fullmatch("[A-Z0-9]{1,20}", ticker)
        assert table.name(ticker)
        assert table.id_for("coingecko", ticker)
        assert table.id_for("defillama", ticker) == table.id_for("coingecko", ticker)


def test_a_ticker_twice_is_refused():
    """A table with two coins of one ticker would be ambiguous itself."""
    row = {"ticker": "A", "name": "A", "ids": {}}
    with pytest.raises(ValueError, match="one ticker"):
        AssetTable([row, row])


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("BTCUSDT", "BTC/USDT"),
        ("ethbtc", "ETH/BTC"),
        ("WBTC", "WBTC/USDT"),
        ("stethusd", "STETH/USD"),
        ("BTCTUSD", "BTC/TUSD"),
        ("NOTUSD", "NOT/USD"),
    ],
)
def test_the_shipped_tickers_read_joined_pairs(text, pair):
    """With the table's tickers a joined spelling is split the one way that makes sense."""
    assert Symbol.parse(text, assets=AssetTable.shipped().symbols) == pair
