"""The kit and a provider that blocks: it ends, names the check, and says what would do."""

import asyncio
import time

import pytest

from coinmux import ProviderInfo, Ticker, hookimpl
from coinmux.framework.testing.conformance import CHECKS, Subject, examine, grading
from coinmux.framework.testing.conformance.check import Case, Check, judge

PAUSE_S = 0.25
block = time.sleep


class Blocking:
    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="blocking", title="B", category="market", base_url="https://b.example"
        )

    @hookimpl
    async def fetch_ticker(self, query, http):
        block(PAUSE_S)
        await http.get_json("/ticker")
        return Ticker(symbol=query.symbol, last=1.0)


async def test_a_blocking_provider_is_done_in_bounded_time(monkeypatch):
    """`no_blocking` fails with its reason though there is no sample; each check is announced."""
    monkeypatch.setattr(grading, "_BLOCKED_LIMIT_S", 0.5)
    told = []
    begun = time.monotonic()
    report = await examine(Subject.of(Blocking()), told.append)
    assert time.monotonic() - begun < len(CHECKS) * (0.5 + 3 * PAUSE_S)
    verdicts = {one.check.name: one for one in report.verdicts}
    assert "holds up the event loop for" in verdicts["no_blocking"].reason
    assert verdicts["no_blocking"].status == "failed"
    assert verdicts["other_symbol"].reason == "no sample for ticker"
    assert told == ["no_blocking", *(one.name for one in CHECKS if one.name != "no_blocking")]
    assert [one.check for one in report.verdicts] == list(CHECKS)


async def never():
    await asyncio.sleep(3600)


async def wrong():
    return "is wrong"


async def impatient():
    raise TimeoutError


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ([Case("a", never)], "a: not done after 0.05 s: see no_blocking and deadline"),
        ([Case("a", impatient)], "a: ends in a TimeoutError: see no_blocking and deadline"),
        ([Case("a", wrong), Case("b", wrong)], "a: is wrong (and b)"),
        ([Case("", wrong)], "is wrong"),
        ([Case(n, wrong) for n in "abcdefgh"], "a: is wrong (and b, c, d, e, f and 2 more)"),
    ],
    ids=["late", "timeout", "two", "one", "many"],
)
async def test_a_failure_names_its_case_and_the_others(cases, reason):
    """By name, not by number, and within its time."""
    check = Check("made_up", "gold", lambda subject: cases)
    verdict = await judge(check, Subject.of(Blocking()), 0.05)
    assert verdict.reason == reason
