"""An answer that is damaged in places is served with remarks, and its source is no worse for it."""

import pytest

from coinmux import ProviderInfo, RequestOptions, Trade, Trades, TradesQuery, hookimpl
from coinmux.framework.errors import AllProvidersFailed
from coinmux.framework.gateway import Gateway
from coinmux.framework.health.circuit import State
from coinmux.framework.plugins.discovery import in_process

QUERY = TradesQuery(symbol="BTC/USDT")


class Dealer:
    """A source of trades, whose rows are given."""

    def __init__(self, rows, clock):
        self.rows = rows
        self.clock = clock

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="dealer", title="Dealer", category="market", base_url="https://dealer.example"
        )

    @hookimpl
    async def fetch_trades(self, query, http):
        def one(row):
            return Trade(timestamp=self.clock.wall_ms(), price=row["price"], side=row.get("side"),
                         amount=1)  # fmt: skip

        return Trades.read(query, self.rows, one)


@pytest.fixture
def asked(clock):
    """`await asked(rows)`: the answer, and the gateway that gave it."""

    async def ask(*batches):
        plugin = Dealer([], clock)
        environ = {"CHECKER": "off"}
        found = [in_process("dealer", plugin)]
        answer = None
        async with Gateway.from_env(None, environ=environ, found=found, clock=clock) as gateway:
            for rows in batches:
                plugin.rows = rows
                answer = await gateway.fetch("trades", QUERY, RequestOptions(max_age_s=0))
        return answer, gateway

    return ask


GOOD = [{"price": 1, "side": "buy"}, {"price": 2, "side": "sell"}]


async def test_rows_left_out_are_told_in_meta(asked):
    """With the reason, in `notes` and as a number; the rest is the answer."""
    answer, gateway = await asked([*GOOD, {"price": "x"}, {"price": 3, "side": "both"}])
    assert [trade.price for trade in answer.data.trades] == [1, 2, 3]
    assert answer.data.trades[2].side is None
    assert answer.meta["rows_left_out"] == 1
    unread, null = answer.meta["notes"]
    assert unread.startswith("1 unreadable trades left out: price: takes a number")
    assert null == "side is null: 'both' does not fit"
    health = gateway.source_health_of("dealer")
    assert (health.successes, health.failures) == (1, 0)
    assert health.state is State.HEALTHY


async def test_an_answer_without_damage_says_nothing_of_it(asked):
    answer, gateway = await asked(GOOD)
    assert "rows_left_out" not in answer.meta
    assert answer.meta["notes"] == ()
    assert gateway.provider("dealer").remarks.answers == 0


async def test_decay_shows_in_the_report_of_the_provider(asked, clock):
    """Rows refused by reason, since the start, however the answers looked to their callers."""
    bad = [*GOOD, {"price": 3}, {}]
    _, gateway = await asked(bad, bad, [*GOOD, {"price": -1}, {"price": 3, "side": 7}], GOOD)
    shown = gateway.provider("dealer")
    assert shown.rows_left_out == 3
    assert shown.remarks.answers == 3
    assert shown.remarks.last_at == clock.wall_ms()
    assert [(one.what, one.reason, one.count) for one in shown.remarks.rows] == [
        ("trades", "price is missing", 2),
        ("trades", "a price of -1", 1),
    ]
    assert [(one.what, one.count) for one in shown.remarks.fields] == [("side", 1)]
    (line,) = gateway.provider_list().providers
    assert line.rows_left_out == 3


async def test_a_refused_answer_counts_as_a_failure_and_not_as_remarks(asked):
    """Most of it could not be read."""
    with pytest.raises(AllProvidersFailed):
        await asked([{"price": "x"}, {"price": "y"}, GOOD[0]])


async def test_secrets_do_not_leave_by_remarks(clock):
    """Reasons quote what the source sent, which may be the key it was asked with."""
    plugin = Dealer([*GOOD, {"price": "key=hunter2hunter2"}], clock)
    found = [in_process("dealer", plugin)]
    async with Gateway.from_env(
        None, environ={"CHECKER": "off"}, found=found, clock=clock
    ) as gateway:
        gateway.redactor.add("hunter2hunter2")
        answer = await gateway.fetch("trades", QUERY)
        assert "hunter2" not in str(answer.meta)
        assert "hunter2" not in str(gateway.provider("dealer"))
