"""The kit on a source that is made of others: its inputs are played, and fail in turn."""

import copy
import textwrap

import pytest

from coinmux.framework.testing.conformance import examine
from tests.framework.testing.conformance.test_checks import failures, subject_of  # noqa: F401

SOURCE = textwrap.dedent('''
    """The mean of what two exchanges say; the one that answers is enough."""

    from coinmux import InputsMissing, ProviderInfo, Ticker, TickerQuery, hookimpl


    @hookimpl
    def provider_info():
        return ProviderInfo(
            name="mean", title="Mean", category="market", base_url="", asks=("ticker",),
        )


    async def price(query, venue, http):
        try:
            return (await http.ask(TickerQuery(symbol=query.symbol), provider=venue)).data.last
        except InputsMissing:
            return None


    @hookimpl
    async def fetch_ticker(query, http):
        venues = ("north", "south")
        told = await http.gather(*(price(query, venue, http) for venue in venues))
        known = [one for one in told if one is not None]
        if not known:
            raise InputsMissing("neither answers")
        missing = [venue for venue, one in zip(venues, told) if one is None]
        return Ticker(
            symbol=query.symbol, last=sum(known) / len(known),
            notes=tuple(f"{one} is missing" for one in missing),
        )
''')


def an_input(venue, last):
    return {
        "capability": "ticker", "query": {"symbol": "BTC/USDT"}, "provider": venue,
        "data": {"symbol": "BTC/USDT", "last": last},
    }  # fmt: skip


SAMPLES = {
    "ticker": {
        "capability": "ticker", "query": {"symbol": "BTC/USDT"}, "source": "made up",
        "recorded_at": 1764000000000, "inputs": [an_input("north", 10.0), an_input("south", 20.0)],
        "expect": {"last": 15.0},
    }
}  # fmt: skip


async def test_one_without_a_mistake_is_gold(subject_of):  # noqa: F811
    """Nothing about requests is asked, nor which documentation was read."""
    report = await examine(subject_of(SOURCE, SAMPLES))
    assert (report.grade, failures(report)) == ("gold", {})
    status = {one.check.name: one.status for one in report.verdicts}
    assert status["ok_samples"] == status["inputs"] == status["idempotent"] == "passed"
    assert status["transport"] == status["unknown_symbol"] == "not_applicable"


@pytest.mark.parametrize(
    ("check", "words", "old", "new"),
    [
        ("inputs", "does not say so", 'tuple(f"{one} is missing" for one in missing)', "()"),
        ("inputs", "although nobody answered", 'raise InputsMissing("neither answers")',
         "known = [1.0]"),
        ("inputs", "ends in", 'InputsMissing("neither answers")', 'ValueError("neither")'),
        ("ok_samples", "what no input answers", '"south")', '"east")'),
        ("ok_samples", "expect: last", "/ len(known)", ""),
        ("ok_samples", "does not name", 'asks=("ticker",)', 'asks=("gas",)'),
    ],
)  # fmt: skip
async def test_a_mistake_in_the_code_is_found(subject_of, check, words, old, new):  # noqa: F811
    assert old in SOURCE
    found = failures(await examine(subject_of(SOURCE.replace(old, new), SAMPLES)))
    assert words in found[check]


async def test_an_input_that_is_never_asked_for_is_found(subject_of):  # noqa: F811
    samples = copy.deepcopy(SAMPLES)
    samples["ticker"]["inputs"].append(an_input("west", 30.0))
    found = failures(await examine(subject_of(SOURCE, samples)))
    assert "ticker is never asked of others" in found["ok_samples"]


async def test_without_a_sample_it_is_told_what_to_add(subject_of):  # noqa: F811
    found = failures(await examine(subject_of(SOURCE, {})))
    assert found["ok_samples"].endswith("add samples/ticker.json, with the inputs of others")
