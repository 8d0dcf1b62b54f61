"""Cursors: page two is the same source's, and a foreign cursor is refused in plain words."""

import pytest

from coinmux import Coins, InvalidRequest, ProviderInfo, Transactions, Unreachable, hookimpl
from coinmux import models as m
from coinmux.framework.gateway import Gateway
from coinmux.framework.plugins.discovery import in_process

ADDRESS = "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"
OTHER = "0x00000000219ab540356cbb839cbe05303d7705fa"


class Pages:
    """A source of as many pages as it is asked for, each naming the source."""

    def __init__(self, name, priority):
        self.name, self.priority = name, priority
        self.seen = []
        self.down = False

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name=self.name, title=self.name, category="blockchain", priority=self.priority,
            base_url=f"https://{self.name}.example",
        )  # fmt: skip

    @hookimpl
    async def fetch_transactions(self, query, http):
        if self.down:
            raise Unreachable("down")
        self.seen.append(query.cursor)
        place = int(query.cursor.rpartition(" ")[2]) if query.cursor else 1
        row = {"hash": f"{self.name}-{place}", "asset": "ETH", "raw": "1", "amount": 1e-18}
        following = f"{self.name} page {place + 1}" if place < 3 else None
        return Transactions(
            chain=query.chain, address=query.address, transactions=[row], cursor=following
        )

    @hookimpl
    async def fetch_coins(self, query, http):
        if self.down:
            raise Unreachable("down")
        self.seen.append(query.page)
        count = query.per_page if query.page < 3 else 1
        coins = [
            m.Coin(id=f"{self.name}-{query.page}-{n}", symbol="X", name="X") for n in range(count)
        ]
        return Coins.of(query, coins)


@pytest.fixture
async def two(clock):
    """Two sources of pages, the first of them preferred."""
    first, second = Pages("first", 1), Pages("second", 2)
    found = [in_process(one.name, one) for one in (first, second)]
    async with Gateway.from_env(
        None, environ={"CHECKER": "off", "ARCHIVE": "off"}, found=found, clock=clock
    ) as gateway:
        assert await gateway.wait_loaded() == []
        yield gateway, first, second


async def test_every_page_comes_from_the_source_of_the_first(two):
    """Though another is preferred by then."""
    gateway, first, second = two
    first.down = True
    page = await gateway.transactions("ethereum", ADDRESS)
    assert page.provider == "second"
    first.down = False
    hashes = []
    while True:
        hashes.append(page.data.transactions[0].hash)
        if page.data.cursor is None:
            break
        page = await gateway.transactions("ethereum", ADDRESS, cursor=page.data.cursor)
    assert hashes == ["second-1", "second-2", "second-3"]
    assert second.seen == [None, "second page 2", "second page 3"]
    assert first.seen == []


async def test_pages_of_coins_are_bound_to_their_source_too(two):
    """A page number counts another list at another source; a cursor does not."""
    gateway, first, _second = two
    first.down = True
    page = await gateway.coins(per_page=2)
    first.down = False
    two_ = await gateway.coins(per_page=2, cursor=page.data.cursor)
    assert (two_.provider, two_.data.page, two_.data.coins[0].id) == ("second", 2, "second-2-0")
    last = await gateway.coins(per_page=2, cursor=two_.data.cursor)
    assert (last.data.page, last.data.cursor) == (3, None)


async def test_a_page_asked_for_twice_is_answered_from_the_cache(two):
    """The cursor is part of the question."""
    gateway, first, _ = two
    cursor = (await gateway.transactions("ethereum", ADDRESS)).data.cursor
    once = await gateway.transactions("ethereum", ADDRESS, cursor=cursor)
    again = await gateway.transactions("ethereum", ADDRESS, cursor=cursor)
    assert (once.cache, again.cache) == ("miss", "hit")
    assert len(first.seen) == 2


@pytest.mark.parametrize("cursor", ["zzz", "eyJhbGciOiJ", "2", "é", "A" * 400, "AAAAAA==", "-_-_"])
async def test_a_cursor_that_was_never_given_out_is_refused(two, cursor):
    """No source is asked, and the error names the cursor."""
    gateway, first, second = two
    with pytest.raises(InvalidRequest, match="was given out") as caught:
        await gateway.transactions("ethereum", ADDRESS, cursor=cursor)
    assert caught.value.errors[0]["name"] == "cursor"
    assert first.seen == second.seen == []


async def test_a_cursor_cut_or_changed_is_refused(two):
    """It is checked before it reaches the source."""
    gateway, *_ = two
    cursor = (await gateway.transactions("ethereum", ADDRESS)).data.cursor
    for damaged in (cursor[:-3], cursor + "A", cursor[:9] + "x" + cursor[10:]):
        with pytest.raises(InvalidRequest, match="cursor"):
            await gateway.transactions("ethereum", ADDRESS, cursor=damaged)


async def test_a_cursor_of_another_question_is_refused(two):
    """Of another address, another chain, another currency or another route."""
    gateway, *_ = two
    cursor = (await gateway.transactions("ethereum", ADDRESS)).data.cursor
    coins = (await gateway.coins(per_page=2)).data.cursor
    for ask in (
        gateway.transactions("ethereum", OTHER, cursor=cursor),
        gateway.transactions("bsc", ADDRESS, cursor=cursor),
        gateway.coins(cursor=cursor),
        gateway.coins(per_page=3, cursor=coins),
        gateway.coins(per_page=2, quote="EUR", cursor=coins),
    ):
        with pytest.raises(InvalidRequest, match="of another question"):
            await ask


async def test_a_cursor_and_another_provider_contradict(two):
    """The one it is of may be named, and need not be."""
    gateway, *_ = two
    cursor = (await gateway.transactions("ethereum", ADDRESS)).data.cursor
    same = await gateway.transactions("ethereum", ADDRESS, cursor=cursor, provider="first")
    assert same.provider == "first"
    with pytest.raises(InvalidRequest, match="is of first, and provider is second"):
        await gateway.transactions("ethereum", ADDRESS, cursor=cursor, provider="second")


async def test_a_page_number_and_a_cursor_are_not_taken_together(two):
    """They would name two pages."""
    gateway, *_ = two
    cursor = (await gateway.coins(per_page=2)).data.cursor
    with pytest.raises(InvalidRequest, match="page and cursor"):
        await gateway.coins(page=2, per_page=2, cursor=cursor)
