"""Query strings: every parameter known, given once, and of its type."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import InvalidRequest, Symbol
from coinmux.framework.models.base import Query
from coinmux.server.asgi.indicator_params import read_market_ask
from coinmux.server.asgi.query_params import QueryReader, single_values
from coinmux.server.controllers import chain, market, news, onchain

READERS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in (chain, market, news, onchain)
    for name, value in vars(module).items()
    if isinstance(value, QueryReader)
}

GOOD = [
    ("symbol=BTC/USDT", "BTC/USDT"),
    ("symbol=btc-usdt", "BTC/USDT"),
    ("symbol=BTC_USDT", "BTC/USDT"),
    ("symbol=BTCUSDT", "BTC/USDT"),
    ("symbol=BTC", "BTC/USDT"),
    ("symbol=BTC%2FUSDT", "BTC/USDT"),
]


@pytest.mark.parametrize(("query", "symbol"), GOOD)
def test_a_pair_however_it_is_written(query, symbol):
    """All spellings of a pair are one question."""
    question = market.TICKER.read(query.encode(), {}, Symbol.parse)
    assert question.query.symbol == symbol


BAD = [
    ("", "symbol"),
    ("symbol=", "symbol"),
    ("symbol=BTC&symbol=ETH", "symbol"),
    ("symbol=BTC&x=1", "x"),
    ("symbol=BTC&limit=abc", "limit"),
    ("symbol=BTC&limit=1.5", "limit"),
    ("symbol=BTC&limit=1_0", "limit"),
    ("symbol=BTC&limit=%D9%A1", "limit"),
    ("symbol=BTC&limit=0", "limit"),
    ("symbol=BTC&limit=1001", "limit"),
    ("symbol=BTC&limit=99999999999999999999", "limit"),
    ("symbol=BTC&interval=7m", "interval"),
    ("symbol=BTC&start=5", "start"),
    ("symbol=BTC&start=1764000000000&end=1763000000000", "query"),
    ("symbol=BTC&strategy=best", "strategy"),
    ("symbol=BTC&timeout_s=0.05", "timeout_s"),
    ("symbol=BTC&timeout_s=nan", "timeout_s"),
    ("symbol=BTC&max_age_s=-1", "max_age_s"),
    ("symbol=BTC&max_age_s=inf", "max_age_s"),
    ("symbol=BTC&quote_fallback=maybe", "quote_fallback"),
    ("symbol=../../etc/passwd", "symbol"),
    ("symbol=%F0%9F%98%80", "symbol"),
    ("symbol=" + "A" * 5000, "symbol"),
]


@pytest.mark.parametrize(("query", "name"), BAD)
async def test_h3_each_bad_parameter_is_named(app_of, query, name):
    """H3: 400 with `errors`, whatever is sent."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get(f"/api/market/candles?{query}")
        assert answer.status_code == 400
        assert name in [error["name"] for error in answer.json()["errors"]]
        assert len(answer.text) < 2_000


async def test_all_bad_parameters_are_named_at_once(app_of):
    """One round trip is enough to learn what is wrong."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get("/api/market/ticker?strategy=x&timeout_s=99&max_age_s=a")
        names = {error["name"] for error in answer.json()["errors"]}
        assert names == {"symbol", "strategy", "timeout_s", "max_age_s"}


async def test_too_many_parameters(app_of):
    """A flood of parameters is not read."""
    async with app_of(a=[1.0]) as world:
        query = "&".join(f"a{n}=1" for n in range(200))
        assert (await world.client.get(f"/api/market/ticker?{query}")).status_code == 400


async def test_assets_are_taken_from_pairs(app_of):
    """`symbol` of routes about one asset: a ticker, or the base of a pair."""
    for text in ("BTC", "btc", "BTC/USDT", "btc-usd"):
        question = news.NEWS.read(f"symbol={text}".encode(), {}, Symbol.parse)
        assert question.query.asset == "BTC"


async def test_pairs_need_a_provider(app_of):
    """The list of pairs is one source's own."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get("/api/market/pairs")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["name"] == "provider"


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
@settings(max_examples=40, deadline=None)
@given(query=st.binary(max_size=60) | st.text(max_size=40).map(lambda t: f"symbol={t}".encode()),
       path=st.text(min_size=1, max_size=30))  # fmt: skip
def test_h3_nothing_but_a_question_or_an_invalid_request(reader, query, path):
    """H3: no reader raises anything else, whatever the bytes."""
    try:
        question = reader.read(query, dict.fromkeys(reader.path, path), Symbol.parse)
    except InvalidRequest:
        return
    assert isinstance(question.query, Query)
    assert hash((question.capability, question.query, question.ask))


def test_a_question_is_the_same_however_its_parameters_are_ordered():
    """So that they share one cached answer."""
    one = market.CANDLES.read(b"symbol=BTC&limit=5&interval=1h", {}, Symbol.parse)
    two = market.CANDLES.read(b"interval=1h&limit=05&symbol=BTCUSDT", {}, Symbol.parse)
    assert one == two


def test_single_values_names_what_there_is():
    """An unknown parameter is answered with the known ones."""
    with pytest.raises(InvalidRequest) as caught:
        single_values(b"limt=1", ("limit",))
    assert caught.value.errors[0]["known"] == ["limit"]


@pytest.mark.parametrize("yes", ["true", "True", "1", "yes", "on"])
@pytest.mark.parametrize("no", ["false", "0", "no", "OFF"])
def test_truth_is_written_the_same_way_on_all_routes(yes, no):
    """`true`, `1`, `yes` and `on`; `false`, `0`, `no` and `off`."""
    for text, value in ((yes, True), (no, False)):
        assert (
            news.NEWS.read(f"sentiment={text}".encode(), {}, Symbol.parse).query.sentiment is value
        )
        pair = f"symbol=BTC&quote_fallback={text}".encode()
        assert market.TICKER.read(pair, {}, Symbol.parse).ask.quote_fallback is value
        asked = read_market_ask(f"symbol=BTC&closed_only={text}".encode(), Symbol.parse)
        assert asked.closed_only is value


def test_times_are_taken_as_dates_too():
    """As the command does."""
    one = market.CANDLES.read(
        b"symbol=BTC&start=2025-01-01&end=2025-01-02T00:00Z", {}, Symbol.parse
    )
    assert (one.query.start, one.query.end) == (1_735_689_600_000, 1_735_776_000_000)


def test_a_parameter_may_be_given_by_the_name_of_its_field():
    """`asset` on routes that call it `symbol`; not both."""
    assert news.SOCIAL.read(b"asset=btc", {}, Symbol.parse).query.asset == "BTC"
    with pytest.raises(InvalidRequest, match="as symbol and as asset"):
        news.NEWS.read(b"asset=BTC&symbol=ETH", {}, Symbol.parse)


def test_a_near_parameter_is_named():
    """A slip of the pen is found at once."""
    with pytest.raises(InvalidRequest) as caught:
        market.CANDLES.read(b"symbol=BTC&limt=1", {}, Symbol.parse)
    assert caught.value.errors[0]["did_you_mean"] == ["limit"]


RAW = re.compile(
    r"should|Field required|Extra inputs|greater than|less than|valid \w+, unable|Value error"
    r"|after validation|pattern"
)
WRONG_BODIES = [
    {}, {"texts": []}, {"texts": [""]}, {"texts": "x"}, {"texts": [5]}, {"texts": ["a"] * 65},
    {"texts": ["a"], "other": 1}, {"texts": ["a"], "model": 5}, {"texts": None}, [], 5,
]  # fmt: skip
WRONG_QUERIES = [
    "/api/market/candles?symbol=BTC&limit=0", "/api/market/candles?symbol=BTC&limit=x",
    "/api/news?sentiment=positive", "/api/news?symbol=a%20%2C%20b", "/api/market/coins?page=0",
    "/api/market/coins?quote=a%20%2C%20b", "/api/sentiment/social",
    "/api/sentiment/index?limit=999",
    "/api/whales/transfers?min_usd=-1", "/api/whales/transfers?asset=a%20%2C%20b",
    "/api/chain/ethereum/transactions/0x0?limit=0", "/api/onchain/%24",
    "/api/defi/tvl?protocol=%24", "/api/defi/tvl?chain=%24",
    "/api/market/order-book?symbol=BTC&depth=0",
]  # fmt: skip


async def test_no_refusal_is_in_the_words_of_the_validator(app_of):
    """Whatever is wrong, a person reads what would do."""
    async with app_of(a=[1.0]) as world:
        told = [await world.client.post("/api/models/sentiment", json=one) for one in WRONG_BODIES]
        told += [await world.client.get(path) for path in WRONG_QUERIES]
    assert [str(one.url) for one in told if one.status_code != 400] == []
    for answer in told:
        assert answer.json()["errors"], answer.url
        assert not RAW.search(answer.text), answer.text
