"""Markets of the simulated world differ, move, and agree between sources."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from coinmux import CoinmuxError, CoinsQuery, Gateway, GlobalStatsQuery, RequestOptions
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.simulator.simulator import Simulator, simulated_providers

EXCHANGES = ("binance", "bitfinex", "bitstamp", "bybit", "coinbase_exchange", "gateio", "gemini",
             "htx", "kraken", "kucoin", "mexc", "okx")  # fmt: skip
PAIRS = ("BTC/USDT", "ETH/USDT", "SOL/USDT", "DOGE/USDT")


@asynccontextmanager
async def world(*names):
    plugins = [found.load() for found in PluginLoader().discover(allow=names)]
    async with Simulator(simulated_providers(plugins)) as simulator:
        environ = {
            "CHECKER": "off", "ARCHIVE": "off", "PROVIDERS_ONLY": ",".join(names),
            **{f"{name.upper()}_RATE_LIMIT": "off" for name in names},
            **simulator.overrides(), **simulator.placeholder_keys(),
        }  # fmt: skip
        async with Gateway.from_env(None, environ=environ, simulated=True) as gateway:
            await gateway.wait_loaded()
            yield gateway, simulator


@pytest.fixture(scope="module")
def tickers():
    """Every exchange's ticker of every pair, at about one moment."""

    async def ask():
        async with world(*EXCHANGES) as (gateway, _):
            found = {}
            for name in EXCHANGES:
                for pair in PAIRS:
                    answer = await gateway.ticker(pair, provider=name, max_age_s=0)
                    found[name, pair] = answer.data
            return found

    return asyncio.run(ask())


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize("pair", PAIRS)
def test_a_day_hangs_together(tickers, name, pair):
    """Low, last and high in order, and the change is that from the open."""
    one = tickers[name, pair]
    assert one.low < one.last < one.high
    if one.open is not None and one.change_percent is not None:
        assert one.change_percent == pytest.approx((one.last / one.open - 1) * 100, abs=0.02)
    assert one.volume_base > 0
    if one.volume_quote is not None:
        assert one.low <= one.volume_quote / one.volume_base <= one.high


@pytest.mark.parametrize("name", ["binance", "okx", "bitfinex", "htx"])
async def test_candles_and_the_ticker_have_traded_as_much(name):
    """The volumes of 24 hours add up to the day's, in each pair."""
    async with world(name) as (gateway, _):
        for pair in ("BTC/USDT", "DOGE/USDT"):
            day = (await gateway.ticker(pair, provider=name, max_age_s=0)).data.volume_base
            answer = await gateway.candles(pair, interval="1h", limit=24, provider=name)
            assert sum(answer.data.volume) == pytest.approx(day, rel=0.3)


@pytest.mark.parametrize("name", EXCHANGES)
async def test_a_list_of_markets_has_the_pairs_that_are_played(name):
    """So many that it counts as whole: what it lacks is not traded there."""
    async with world(name) as (gateway, _):
        markets = (await gateway.markets(provider=name)).data.markets
        active = {str(market.symbol) for market in markets if market.active}
        assert active.issuperset(PAIRS)
        assert len(active) >= 28
        assert len({market.symbol for market in markets}) == len(markets)


def test_markets_differ(tickers):
    """No two pairs have the same day."""
    days = {pair: tickers["binance", pair] for pair in PAIRS}
    assert len({one.change_percent for one in days.values()}) == len(PAIRS)
    assert len({round(one.volume_quote) for one in days.values()}) == len(PAIRS)


@pytest.mark.parametrize("pair", PAIRS)
def test_sources_agree_within_a_spread(tickers, pair):
    """Prices and changes of all exchanges are those of one market."""
    prices = [tickers[name, pair].last for name in EXCHANGES]
    assert max(prices) / min(prices) < 1.002
    changes = [
        change for name in EXCHANGES if (change := tickers[name, pair].change_percent) is not None
    ]
    assert max(changes) - min(changes) < 0.2


async def test_lists_of_coins_and_the_whole_market_agree_with_tickers():
    """The first coin costs what its ticker says, and its share of the market follows."""
    async with world("coingecko", "coinmarketcap", "coinpaprika") as (gateway, _):
        shares = set()
        for name in ("coingecko", "coinmarketcap", "coinpaprika"):
            options = RequestOptions(provider=name, max_age_s=0)
            coins = (await gateway.fetch(CoinsQuery(), options)).data.coins
            price = (await gateway.ticker("BTC/USD", provider=name, max_age_s=0)).data.last
            assert coins[0].price == pytest.approx(price, rel=0.002)
            whole = (await gateway.fetch(GlobalStatsQuery(), options)).data
            share = coins[0].market_cap / whole.market_cap_usd * 100
            assert whole.btc_dominance_percent == pytest.approx(share, rel=0.01)
            shares.add(round(whole.btc_dominance_percent, 1))
        assert len(shares) == 1


@pytest.mark.parametrize("name", ["coingecko", "coinmarketcap", "coinpaprika", "cryptocompare"])
async def test_the_second_page_of_coins_follows_the_first(name):
    """No coin twice, none left out."""
    async with world(name) as (gateway, _):
        options = RequestOptions(provider=name, max_age_s=0)

        async def ids(page, per_page):
            query = CoinsQuery(page=page, per_page=per_page)
            return [coin.id for coin in (await gateway.fetch(query, options)).data.coins]

        assert await ids(1, 2) + await ids(2, 2) == await ids(1, 4)


async def test_coins_in_another_quote_cost_what_that_quote_says():
    """An euro buys more than a dollar."""
    async with world("coingecko") as (gateway, _):
        options = RequestOptions(max_age_s=0)
        dollars = (await gateway.fetch(CoinsQuery(), options)).data.coins[0].price
        euros = (await gateway.fetch(CoinsQuery(quote="EUR"), options)).data.coins[0].price
        assert euros < dollars * 0.95


async def test_what_has_no_sample_counts_for_nobody():
    """The simulator says that it has none, and the source stays what it was."""
    async with world("glassnode") as (gateway, simulator):
        for at in range(5):
            with pytest.raises(CoinmuxError):
                await gateway.onchain_metric(
                    metric=f"market/nothing_{at}", provider="glassnode", max_age_s=0
                )
        assert simulator.calls["glassnode"] == 5
        health = gateway.source_health_of("glassnode")
        assert (health.failures, str(health.state)) == (0, "UNKNOWN")


async def test_a_source_that_is_ordered_to_lie_lies_consistently_and_is_outvoted():
    """Its ticker and candles agree with each other; a consensus names it."""
    async with world("binance", "okx", "kucoin") as (gateway, simulator):
        true = (await gateway.ticker("BTC/USDT", provider="binance", max_age_s=0)).data.last
        simulator.order("okx", "lie", percent=15)
        told = (await gateway.ticker("BTC/USDT", provider="okx", max_age_s=0)).data
        assert told.last == pytest.approx(true * 1.15, rel=0.01)
        candles = (await gateway.candles("BTC/USDT", "1h", limit=3, provider="okx")).data
        assert candles.close[-1] == pytest.approx(told.last, rel=0.01)
        answer = await gateway.ticker("BTC/USDT", strategy="consensus", max_age_s=0)
        assert answer.data.last == pytest.approx(true, rel=0.01)
        assert "okx" in str(answer.meta["consensus"])
