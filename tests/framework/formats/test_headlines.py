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
        (("Fees", "Bitcoin Cash"), ("BCH", "BTC")),
        ((), ()),
        (("Everyone wants $link, not links",), ("LINK",)),
        (("BREAKING NEWS: SUN SETS ON ONE",), ()),
        (("Curve DAO votes",), ("CRV",)),
        (("The flow of funds into the sky",), ()),
        (("Avalanche and Sui partner",), ("AVAX", "SUI")),
        (("Ethereum Classic forks",), ("ETC", "ETH")),
    ],
)
def test_symbols_by_name_and_ticker(texts, symbols):
    """Names count in any case, tickers that are everyday words in capitals alone."""
    assert symbols_in(*texts) == symbols


def item(number, title, url, published):
    return NewsItem(id=str(number), title=title, url=url, source="x", published_at=published)


def test_the_same_story_is_one_item():
    """By its link, whatever the host's prefix, or by its title, whatever the punctuation."""
    items = [
        item(1, "Fees rise!", "https://www.a.example/fees/", NOW),
        item(2, "Fees rise", "https://b.example/1", NOW + 5),
        item(3, "Another view", "https://a.example/fees", NOW + 9),
        item(4, "Other", "https://a.example/other", None),
    ]
    assert [story.id for story in stories(items, NewsQuery())] == ["1", "4"]


def test_where_a_reader_came_from_is_no_other_story():
    """Tracking parameters go; those that tell pages apart stay."""
    items = [
        item(1, "One", "https://a.example/x?id=7&utm_source=rss", NOW),
        item(2, "Two", "https://m.a.example/x?id=7&ref=home", NOW + 1),
        item(3, "Three", "https://a.example/x?id=8", NOW + 2),
    ]
    assert [story.id for story in stories(items, NewsQuery())] == ["3", "1"]


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
