"""News of several sources as one list: which coins an item names, and each story once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import NewsItem, NewsQuery, names_of, stories, symbols_in

NOW = 1_764_000_000_000


@pytest.mark.parametrize(
    ("texts", "symbols"),
    [
        (("Bitcoin and ethereum rise",), ("BTC", "ETH")),
        (("BTC/ETH pair",), ("BTC", "ETH")),
        (("Tether mints", "Stablecoins"), ("USDT",)),
        (("A link to the near future",), ()),
        (("LINK rallies",), ("LINK",)),
        (("Whether ethereal bitcoiners agree",), ()),
        (("Shiba\u2010Inu coin",), ("SHIB",)),
        (("Fees", "Bitcoin Cash"), ("BCH",)),
        ((), ()),
        (("Everyone wants $link, not links",), ("LINK",)),
        (("BREAKING NEWS: SUN SETS ON ONE",), ()),
        (("Curve DAO votes",), ("CRV",)),
        (("The flow of funds into the sky",), ()),
        (("Avalanche and Sui partner",), ("AVAX", "SUI")),
        (("Ethereum Classic forks",), ("ETC",)),
        (("Ethereum Classic follows Ethereum",), ("ETC", "ETH")),
        (("Bitcoin SV and Bitcoin",), ("BSV", "BTC")),
        (("Tether Gold holders",), ("XAUT",)),
        (("Ripple USD launches",), ("RLUSD",)),
        (("Wrapped Bitcoin on Solana",), ("SOL", "WBTC")),
        (("Rocket Pool ETH yields",), ("RETH",)),
        (("Terra Luna Classic burns",), ("LUNC",)),
        (("An avalanche of liquidations hits the graph of prices",), ()),
        (("An Avalanche of Liquidations Hits the Graph of Prices",), ()),
        (("AN AVALANCHE OF LIQUIDATIONS IN THE COSMOS",), ()),
        (("Players build a castle in the sandbox",), ()),
        (("The Sandbox and The Graph sign",), ("GRT", "SAND")),
        (("Fears of a ripple effect tether traders to polygon charts",), ()),
        (("Polygon and Tether agree",), ("POL", "USDT")),
        (("ether falls, aave votes",), ("AAVE", "ETH")),
        (("Holders of $avax and $grt",), ("AVAX", "GRT")),
        (("Bitcoin, cash and gold",), ("BTC",)),
        (("Ethereum: Classic mistakes",), ("ETH",)),
        (("Bitcoin Gold and Ethereum PoW delist",), ()),
        (("Bitcoin Satoshi's Vision forks",), ("BSV",)),
        (("Ethereum Name Service adds names",), ("ENS",)),
        (("Cardano's ADA rises",), ("ADA",)),
        (("ADA rises 5%",), ("ADA",)),
        (("Lawsuit under the Americans with Disabilities Act (ADA)",), ()),
        (("North Korean APT group robs exchange",), ()),
        (("Ripple effect of the Fed reaches Ripple",), ("XRP",)),
        (("A sui generis case, Sui Generis",), ()),
        (("NEAR the bottom; NEAR rises",), ("NEAR",)),
        (("As THE GRAPH shows",), ()),
        (("DOGE agency staff leave",), ()),
        (("A TON of money for TON",), ("TON",)),
        (("The polygon in geometry",), ()),
        (("Miners SOLD more SOL",), ("SOL",)),
        (("\u0412it\u0441oin giveaway",), ()),
        (("Curve Finance and Binance Smart Chain",), ("BNB", "CRV")),
        (("XBT futures, wrapped ether",), ("BTC", "WETH")),
    ],
)
def test_symbols_by_name_and_ticker(texts, symbols):
    """Names count in any case, tickers that are everyday words in capitals alone."""
    assert symbols_in(*texts) == symbols


def item(number, title, url, published, source=None):
    """An item; without `source` its link's host is the publisher."""
    return NewsItem(id=str(number), title=title, url=url, source=source, published_at=published)


def test_the_same_story_is_one_item():
    """By its link, whatever the host's prefix, or by its title, whatever the punctuation."""
    items = [
        item(1, "Fees rise!", "https://www.a.example/fees/", NOW),
        item(2, "Fees rise", "https://b.example/1", NOW + 5),
        item(3, "Another view", "https://a.example/view", NOW + 9),
        item(4, "Other", "https://a.example/other", None),
    ]
    assert [story.id for story in stories(items, NewsQuery())] == ["3", "1", "4"]


@pytest.mark.parametrize(
    ("shift_h", "other", "is_one"),
    [
        (1, "https://b.example/1", True),
        (-1, "https://b.example/1", True),
        (12, "https://b.example/1", True),
        (13, "https://b.example/1", False),
        (48, "https://b.example/1", False),
        (1, "https://a.example/2", False),
        (25, "https://a.example/2", False),
        (None, "https://b.example/1", False),
    ],
)
def test_a_title_is_one_story_for_hours_and_never_within_one_publisher(shift_h, other, is_one):
    """Columns keep their title every day; only what is told elsewhere soon is a repeat."""
    then = None if shift_h is None else NOW + shift_h * 3_600_000
    items = [
        item(1, "Market wrap", "https://a.example/1", NOW),
        item(2, "Market wrap", other, then),
    ]
    assert len(stories(items, NewsQuery())) == (1 if is_one else 2)


def test_two_reports_of_one_publisher_stay_two_beside_a_third():
    """A report that joined another publisher's story does not open the door to its sister."""
    items = [
        item(1, "Wrap", "https://a.example/1", NOW),
        item(2, "Wrap", "https://b.example/1", NOW + 1),
        item(3, "Wrap", "https://b.example/2", NOW + 2),
    ]
    assert [story.id for story in stories(items, NewsQuery())] == ["3", "1"]


def test_publishers_of_an_aggregator_are_told_apart_by_name():
    """All its links may lead to its own pages."""
    items = [
        item(n, "Fees rise", f"https://c.example/{n}", NOW + n, name)
        for n, name in enumerate(["A", "B", "A"])
    ]
    assert len(stories(items, NewsQuery())) == 3


@pytest.mark.parametrize("dates", [(NOW, NOW + 9), (NOW + 9, NOW), (None, NOW + 9)])
def test_a_live_blog_is_one_story_as_of_its_latest_entry(dates):
    """Its entries differ in the fragment of the link alone."""
    items = [
        item(n, f"Entry {at}", f"https://a.example/live#{n}", at) for n, at in enumerate(dates)
    ]
    (story,) = stories(items, NewsQuery())
    assert (story.title, story.published_at) == (f"Entry {NOW + 9}", NOW + 9)


def test_where_a_reader_came_from_is_no_other_story():
    """Tracking parameters go; those that tell pages apart stay."""
    items = [
        item(1, "One", "https://a.example/x?id=7&utm_source=rss", NOW),
        item(2, "Two", "https://m.a.example/x?id=7&ref=home", NOW + 1),
        item(3, "Three", "https://a.example/x?id=8", NOW + 2),
    ]
    assert [story.id for story in stories(items, NewsQuery())] == ["3", "2"]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/x/amp/",
        "https://amp.a.example/x",
        "https://www.a.example/amp/x",
        "https://a.example/x?outputType=amp",
        "https://a.example/x?fbclid=1&at_campaign=rss",
        "http://a.example/x#comments",
    ],
)
def test_short_forms_for_phones_are_the_same_story(url):
    """They tell it under another link."""
    items = [item(1, "One", "https://a.example/x", NOW), item(2, "Two", url, NOW + 1)]
    assert [story.id for story in stories(items, NewsQuery())] == ["2"]


def test_a_ticker_in_another_sense_is_not_what_was_asked_for():
    """The title has its letters, and means a law."""
    items = [
        item(1, "ADA Act passes", "https://a.example/1", NOW),
        item(2, "ADA passes a dollar", "https://a.example/2", NOW),
    ]
    assert [story.id for story in stories(items, NewsQuery(asset="ADA"))] == ["2"]


def test_what_any_report_of_a_story_names_counts():
    """One source tells the tickers, another only the headline."""
    plain = item(1, "Ether jumps", "https://a.example/1", NOW)
    told = item(2, "Ether jumps", "https://b.example/1", NOW + 1)
    (story,) = stories([plain, told.model_copy(update={"symbols": ("LDO",)})], NewsQuery())
    assert (story.id, story.symbols) == ("1", ("ETH", "LDO"))
    assert stories([plain, told], NewsQuery(asset="BTC")) == ()


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.one_of(st.none(), st.integers(NOW, NOW + 9))), max_size=30
    ),
    st.integers(1, 40),
)
def test_lists_are_ordered_cut_and_free_of_repeats(drawn, limit):
    """Newest first, undated last, each story once, no more than asked."""
    items = [item(n, f"Story {n}", f"https://a.example/{n}", at) for n, at in drawn]
    chosen = stories(items, NewsQuery(limit=limit))
    dates = [story.published_at or 0 for story in chosen]
    assert dates == sorted(dates, reverse=True)
    assert len(chosen) == min(limit, len({n for n, _ in drawn}))
    assert len({story.id for story in chosen}) == len(chosen)


@pytest.mark.parametrize(
    ("asset", "names"),
    [
        ("BTC", ("Bitcoin", "BTC")),
        ("XRP", ("XRP", "ripple")),
        ("ADA", ("Cardano", "ADA")),
        ("POL", ("POL ex MATIC", "POL", "polygon")),
        ("ZZZ9", ("ZZZ9",)),
    ],
)
def test_names_of_an_asset(asset, names):
    """Its name first, each name once in any case; outside the table the ticker alone."""
    assert names_of(asset) == names
