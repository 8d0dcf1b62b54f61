"""Santiment: its names for ours, GraphQL errors beside data, what a plan hides, whole days."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import (
    HTTP,
    AssetId,
    AuthRefused,
    BadStatus,
    Deadline,
    NotOffered,
    OnchainMetricQuery,
    Outcome,
    PlanRestricted,
    QuotaExhausted,
    RateLimited,
    Reply,
    SocialQuery,
    UnknownSymbol,
)
from coinmux.models import iso_time
from coinmux.plugins.providers import santiment
from tests.plugins import sample_replay
from tests.plugins.sample_replay import (
    RECORDINGS,
    ask,
    mapped,
    mapped_reply,
    play,
    recording,
    samples,
)

EXAMPLES = RECORDINGS.parent / "providers" / "examples" / "santiment"
BTC = AssetId("bitcoin", "Bitcoin")
QUERY = OnchainMetricQuery(metric="exchange_inflow")
NOW = 1_764_000_000_000
DAY = 86_400_000


def sample(name):
    return next(p.values[0] for p in samples("santiment") if p.id == name)


def example(name):
    path = EXAMPLES / f"{name}.json"
    if not path.exists():
        pytest.skip(f"no examples beside this tree: {path.name}")
    return json.loads(path.read_text())["response"]


@pytest.mark.parametrize("case", samples("santiment"))
async def test_samples(case):
    """Each sample's requests are made as written and come to its outcome."""
    await play("santiment", case)


@pytest.mark.parametrize(
    ("ours", "theirs", "unit"),
    [
        ("active_addresses", "daily_active_addresses", "count"),
        ("mvrv", "mvrv_usd", "ratio"),
        ("realized_cap_usd", "realized_value_usd", "usd"),
        ("exchange_netflow", "exchange_balance", "coin"),
        ("exchange_balance", "supply_on_exchanges", "coin"),
        ("santiment/mvrv_usd", "mvrv_usd", None),
        ("transaction_volume", "transaction_volume", "coin"),
        ("percent_of_total_supply_on_exchanges", "percent_of_total_supply_on_exchanges", "percent"),
        ("santiment/mean_realized_price_usd", "mean_realized_price_usd", None),
        ("santiment/mvrv_usd_365d", "mvrv_usd_365d", None),
    ],
)
def test_names_and_units(ours, theirs, unit):
    """Common names are translated, its own go through after `santiment/`, without a unit."""
    assert santiment.metric_of(ours) == (theirs, unit)


@pytest.mark.parametrize(
    "name",
    [
        "hash_rate",
        "difficulty",
        "nupl",
        "sopr",
        "mempool_size_bytes",
        "a/b",
        "a-b",
        "hashrate",
        "mvrv_usd",
        "santiment/",
        "santiment/a/b",
        "santiment/A",
    ],
)
def test_what_it_does_not_have_is_not_asked(name):
    """Ours that it lacks, and names that none of its metrics has, cost no request."""
    with pytest.raises(NotOffered):
        santiment.metric_of(name)


async def test_netflow_and_holdings_are_not_mixed_up():
    """Its exchange_balance, which may be negative, is our netflow; holdings have another name."""
    netflow = await play("santiment", sample("onchain_metric_exchange_netflow"))
    holdings = await play("santiment", sample("onchain_metric_exchange_balance"))
    assert netflow.points[0][1] < 0 < holdings.points[0][1]
    assert netflow.unit == holdings.unit == "coin"


@pytest.mark.parametrize("interval", ["1m", "3m", "1M"])
async def test_intervals_it_lacks(interval):
    """Below five minutes there is nothing, and a month has no fixed length."""
    with pytest.raises(NotOffered):
        await ask(
            "santiment", "onchain_metric", {"metric": "exchange_inflow", "interval": interval}, []
        )


async def test_a_range_is_sent_in_iso_8601():
    """Given bounds go out to the second; without a start a year of days is asked for."""
    projects, series = sample("onchain_metric")["exchanges"]

    def exchanges(start, end):
        body = series["request"]["json"]
        variables = {**body["variables"], "from": start, "to": end}
        request = {**series["request"], "json": {**body, "variables": variables}}
        return [projects, {**series, "request": request}]

    query = {"metric": "active_addresses"}
    await ask(
        "santiment",
        "onchain_metric",
        {**query, "start": 1_763_510_400_000, "end": 1_763_942_400_000},
        exchanges("2025-11-19T00:00:00Z", "2025-11-24T00:00:00Z"),
    )
    await ask(
        "santiment",
        "onchain_metric",
        query,
        exchanges("2024-11-24T16:00:00Z", "2025-11-24T16:00:00Z"),
    )


async def test_an_answer_that_ends_early_says_so():
    """A plan cuts a range without a word: the note names where it ends; a full one has none."""
    cut = await play("santiment", sample("onchain_metric_cut_by_plan"))
    assert any("ends 2025-10-24" in note for note in cut.notes)
    none = await play("santiment", sample("onchain_metric_none"))
    assert any("no points came" in note for note in none.notes)
    whole = await play("santiment", sample("onchain_metric_eth"))
    assert not any("plan" in note for note in whole.notes)


async def test_points_without_a_figure_are_left_out():
    """A null is no zero."""
    metric = await play("santiment", sample("onchain_metric_hours"))
    assert metric.points == ((1_763_989_200_000, 1201.5), (1_763_992_800_000, 998.25))


async def test_the_choice_among_projects_of_one_ticker_is_said():
    """A ranked project goes before an unranked one, and a note names it."""
    metric = await play("santiment", sample("onchain_metric"))
    assert metric.notes == (
        "BTC taken as santiment id 'bitcoin' (rank 1, best of 2 of that ticker)",
    )


async def test_social_figures_are_of_a_whole_day():
    """The day that is not over yet is not told: its counts are still growing."""
    social = await play("santiment", sample("social"))
    told = {name: (one.value, one.unit) for name, one in social.metrics.items()}
    assert social.timestamp == 1_763_856_000_000
    assert told == {
        "social_volume": (15_102, "count"),
        "social_dominance": (22.81, "percent"),
        "sentiment_positive": (1911.7, "score"),
        "sentiment_negative": (1402.9, "score"),
        "sentiment_balance": (508.8, "score"),
    }


async def test_some_figures_beside_errors_are_an_answer():
    """What a plan refuses is null, with the reason as a note; the rest comes."""
    social = await play("santiment", sample("social_in_part"))
    assert social.metrics["social_volume"].value == 15_102
    assert social.metrics["sentiment_balance"].value is None
    assert sum("outside the allowed interval" in note for note in social.notes) == 2


async def test_a_social_answer_costs_five_calls():
    """Each figure is a call of its own by the source's count."""
    weights = []

    class Counting:
        async def enter(self, weight):
            weights.append(weight)

        def leave(self):
            pass

        def observe(self, headers):
            pass

    source, clock = sample_replay.bound("santiment")
    object.__setattr__(source, "gate", Counting())
    case, query = sample("social"), SocialQuery(asset="BTC")
    client = sample_replay.ScriptedClient(source, case["exchanges"])
    http = HTTP(source, client, Deadline.after(clock, 4), query)
    await santiment.fetch_social(query=query, http=http)
    assert weights == [1, 5]


def test_a_recorded_series():
    """The recorded days of development activity come out in order, at midnight UTC."""
    body = recording("santiment", "metric_api_santiment_net_graphql")["response"]["body"]
    query = OnchainMetricQuery(metric="dev_activity")
    metric = santiment.parse_metric(body, query, BTC, "count", 1_646_092_800_000)
    assert metric.points[0] == (1_641_772_800_000, 89)
    assert metric.points[-1] == (1_646_006_400_000, 54)
    assert all(at % DAY == 0 for at, _ in metric.points)
    assert not metric.notes


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("error_graphql_200", BadStatus),
        ("error_invalid_key", AuthRefused),
        ("error_unauthorized", AuthRefused),
        ("error_rate_limited", RateLimited),
        ("error_partial_200", type(None)),
        ("timeseries_data_json", type(None)),
    ],
)
def test_documented_answers(name, error):
    """Both shapes of `errors` are told apart, and data beside errors is left to the reader."""
    held = example(name)
    reply = Reply(held["status"], held["body"], True, held.get("headers", {}))
    told = mapped_reply("santiment", reply, QUERY)
    assert type(told) is error
    if error is RateLimited:
        assert told.retry_after_s == 5


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ('The slug "qqq" is not an existing slug.', UnknownSymbol),
        ("The metric 'x' is not supported, is deprecated or is mistyped.", NotOffered),
        ("The metric 'x' is not supported or is mistyped. Did you mean 'y'?", NotOffered),
        ("Both `from` and `to` parameters are outside the allowed interval", PlanRestricted),
        ("The metric x is not accessible with the SANAPI FREE subscription.", PlanRestricted),
        ("The metric x is not included in your SANAPI bundle.", PlanRestricted),
        ("unauthorized", PlanRestricted),
        ("Operation is too complex", NotOffered),
        ("syntax error before: ", BadStatus),
    ],
)
def test_messages(message, error):
    """The text of the first error says what it is; an unknown one is a failure."""
    body = {"data": {"getMetric": {"timeseriesData": None}}, "errors": [{"message": message}]}
    assert type(mapped("santiment", 200, body, QUERY)) is error
    assert type(mapped("santiment", 200, {"errors": [{"message": message}]}, QUERY)) is error


def test_a_refused_metric_holds_no_other():
    """One metric's range is refused alone; the social question is always the same and is held."""
    body = {"data": None, "errors": [{"message": "outside the allowed interval you can query x"}]}
    assert mapped("santiment", 200, body, QUERY).outcome is Outcome.NEUTRAL
    assert mapped("santiment", 200, body, SocialQuery(asset="BTC")).outcome is Outcome.HOLD


@pytest.mark.parametrize(
    ("headers", "details", "error", "wait"),
    [
        ({"x-ratelimit-reset": "7"}, "API Rate Limit Reached.", RateLimited, 7),
        ({"x-ratelimit-reset": "7"}, "Try again in 9 seconds", RateLimited, 9),
        ({}, "API Rate Limit Reached.", RateLimited, None),
        ({"x-ratelimit-reset": "-5"}, "Try again in -5 seconds", RateLimited, None),
        ({"x-ratelimit-remaining-month": "0"}, "Try again in 90 seconds", QuotaExhausted, 90),
    ],
)
def test_limits(headers, details, error, wait):
    """How long to wait stands in the text, else in a header; a month used up is a quota."""
    told = mapped("santiment", 429, {"errors": {"details": details}}, QUERY, headers)
    assert type(told) is error
    assert told.retry_after_s == wait


@given(st.lists(st.tuples(st.integers(1_262_304_000, 4_000_000_000), st.floats(-1e15, 1e15))))
def test_points_are_sorted_milliseconds(rows):
    """Whatever the order and the fraction of a second, moments come out exact and ascending."""
    told = [
        {"datetime": datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "value": value}
        for at, value in rows
    ]
    wanted = {at * 1000: value for at, value in rows}
    assert santiment.parse_points(told) == sorted(wanted.items())


@given(st.integers(1_262_304_000_000, 4_000_000_000_000))
def test_bounds_are_exact_to_the_second(timestamp):
    """What is sent names the second that holds the moment."""
    sent = datetime.fromisoformat(iso_time(timestamp))
    assert int(sent.timestamp()) == timestamp // 1000


async def test_the_key_goes_as_apikey():
    """The key is in the header, after the word Apikey."""
    case = sample("onchain_metric")
    values = {"SANTIMENT_API_KEY": "k1"}
    _, client = await ask("santiment", "onchain_metric", case["query"], case["exchanges"], values)
    assert all(b"Authorization: Apikey k1\r\n" in head for head in client.heads)


async def test_supply_says_which_it_is():
    """Other sources leave out coins that are locked."""
    supply = await play("santiment", sample("onchain_metric_supply"))
    assert any("locked" in note for note in supply.notes)
