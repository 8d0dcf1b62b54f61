"""A gateway with an archive: history when nobody answers, ranges unasked, bars over a restart."""

import numpy as np
import pytest

from coinmux import AllProvidersFailed, Candles, Gateway, ProviderInfo, Unreachable, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.random_candles import random_candles


class Market:
    """Candles of one market, until it fails."""

    def __init__(self, clock):
        self.clock = clock
        self.whole = random_candles(400)
        self.asked = 0
        self.fails = False

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="a", title="A", category="market", base_url="https://a.example", max_candles=1000
        )

    @hookimpl
    async def fetch_candles(self, query, http):
        self.asked += 1
        if self.fails:
            raise Unreachable("gone")
        time = self.whole.timestamp
        low = query.start if query.start is not None else time[0]
        high = query.end if query.end is not None else time[-1]
        fits = np.flatnonzero((time >= low) & (time <= high))[-query.limit :]
        return Candles(
            symbol=query.symbol, interval=query.interval,
            **{
                name: getattr(self.whole, name)[fits]
                for name in ("timestamp", "open", "high", "low", "close", "volume")
            },
        )  # fmt: skip


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def market(clock):
    return Market(clock)


@pytest.fixture
def gateway_on(tmp_path, clock, market):
    def make():
        return Gateway.from_env(
            None,
            environ={
                "CHECKER": "off",
                "DATABASE_URL": f"sqlite:///{tmp_path / 'kept' / 'archive.db'}",
            },
            found=[in_process("a", market)],
            clock=clock,
        )

    return make


def hours(market, first, last):
    return {"start": int(market.whole.timestamp[first]), "end": int(market.whole.timestamp[last])}


async def test_when_nobody_answers_the_archive_does_and_says_so(gateway_on, market):
    async with gateway_on() as gateway:
        await gateway.candles("BTC/USDT", "1h", 300)
    market.fails = True
    async with gateway_on() as gateway:
        answer = await gateway.candles("BTC/USDT", "1h", 100)
        assert (answer.provider, answer.cache) == ("archive", "stale")
        assert answer.meta["stale"] is True
        assert answer.meta["notes"] == ("from the archive, as reported by a",)
        assert answer.meta["complete"] is True
        assert answer.meta["attempts"][0]["provider"] == "a"
        np.testing.assert_array_equal(answer.data.close, market.whole.close[-101:-1])
        with pytest.raises(AllProvidersFailed):
            await gateway.candles("ETH/USDT", "1h", 100)
        with pytest.raises(AllProvidersFailed):
            await gateway.candles("BTC/USDT", "1h", 100, max_age_s=0)


async def test_a_range_that_is_over_and_wholly_kept_costs_no_call(gateway_on, market):
    async with gateway_on() as gateway:
        await gateway.get("candles", symbol="BTC/USDT", limit=1000, **hours(market, 100, 300))
        assert market.asked == 1
        await gateway.archive.flush()
    async with gateway_on() as gateway:
        answer = await gateway.get("candles", symbol="BTC/USDT", **hours(market, 120, 180))
        assert (answer.provider, answer.cache, answer.meta["stale"]) == ("archive", "hit", False)
        assert answer.meta["complete"] is True
        first = await gateway.get("candles", symbol="BTC/USDT", limit=10, **hours(market, 120, 180))
        assert first.provider == "archive"
        assert first.meta["next_start"] == market.whole.timestamp[130]
        np.testing.assert_array_equal(answer.data.close, market.whole.close[120:181])
        assert market.asked == 1
        beyond = await gateway.get("candles", symbol="BTC/USDT", **hours(market, 290, 310))
        assert beyond.provider == "a"
        assert market.asked == 2


async def test_history_bars_survive_a_restart_and_the_time_between_is_unknown(
    gateway_on, market, clock
):
    async with gateway_on() as gateway:
        await gateway.candles("BTC/USDT", "1h", 10)
        clock.advance(600)
    clock.advance(300)
    async with gateway_on() as gateway:
        clock.advance(60)
        told = gateway.source_history("a", 3600)
        states = [(one.state, (one.to_at - one.from_at) // 1000) for one in told.intervals]
        assert states[-3:] == [("HEALTHY", 600), ("UNKNOWN", 300), ("UNKNOWN", 60)]
        assert told.uptime == 1


async def test_the_database_is_a_service_whose_address_nobody_sees(gateway_on, tmp_path):
    async with gateway_on() as gateway:
        (line,) = [one for one in gateway.status().services if one.name == "database"]
        assert (line.status, line.detail) == ("ONLINE", "SQLite")
        assert (tmp_path / "kept").stat().st_mode & 0o077 == 0
    async with Gateway.from_env(None, environ={"CHECKER": "off"}, found=[]) as gateway:
        assert gateway.archive is None
        (line,) = [one for one in gateway.status().services if one.name == "database"]
        assert line.status == "DISABLED"


async def test_the_password_of_a_database_is_a_secret(tmp_path):
    address = "postgresql://coinmux:hunter-two-2@127.0.0.1:1/none"
    gateway = Gateway.from_env(None, environ={"CHECKER": "off", "DATABASE_URL": address}, found=[])
    async with gateway:
        assert gateway.redactor.clean("it is hunter-two-2") == "it is ***"
        line = next(one for one in gateway.status().services if one.name == "database")
        assert line.status == "OFFLINE"
        assert "hunter" not in line.detail
