"""Every check of the kit finds the mistake it is there for, and passes a provider without it."""

from __future__ import annotations

import asyncio
import copy
import itertools
import json
import re
import textwrap
from pathlib import Path

import pytest

from coinmux.framework.testing.conformance import CHECKS, Subject, examine
from coinmux.framework.testing.conformance.check import judge

NAMED = {check.name: check for check in CHECKS}

SOURCE = '''
"""A provider without a mistake."""

import asyncio
import time

from coinmux import (
    HTTP, AuthRefused, BadStatus, EnvVar, ProviderInfo, RateLimit, RateLimited, SymbolStyle,
    Ticker, TickerQuery, UnknownSymbol, UsageHeader, hookimpl,
)

STYLE = SymbolStyle(separator="-")
SEEN = []


@hookimpl
def provider_info():
    return ProviderInfo(
        name="stub", title="Stub", category="market", base_url="https://api.stub.example",
        env=(
            EnvVar("STUB_API_KEY", send_as="header:X-Key", description="Switches it on.",
                   signup_url="https://stub.example/keys"),
        ),
        rate_limits=(RateLimit(1, per_s=10),),
        symbols=STYLE, docs_url="https://stub.example/docs", docs_read="2026-11-23",
        seen="recorded",
    )


@hookimpl
def map_error(reply, query):
    body = reply.body if isinstance(reply.body, dict) else {}
    if body.get("error") == "no such pair":
        return UnknownSymbol(query.symbol)
    return None


@hookimpl
async def fetch_ticker(query, http):
    body = await http.get_json("/v1/ticker", {"pair": STYLE.native(query.symbol)})
    STYLE.confirm(query.symbol, body["pair"])
    return Ticker(
        symbol=query.symbol, last=body["last"], bid=body.get("bid"),
        timestamp=int(body["time"]) * 1000,
    )
'''


def sample(outcome="ok", status=200, body=None, headers=None, **more):
    return {
        "capability": "ticker",
        "query": {"symbol": "BTC/USDT"},
        "source": "made up",
        "recorded_at": 1764000000000,
        "outcome": outcome,
        "exchanges": [
            {
                "request": {"path": "/v1/ticker", "params": {"pair": "BTC-USDT"}},
                "response": {"status": status, "headers": headers or {}, "body": body},
            }
        ],
        **more,
    }


GOOD = {"pair": "BTC-USDT", "last": "91234.5", "bid": "91230.0", "time": 1763999999}
SAMPLES = {
    "ticker": sample(
        body=GOOD,
        expect={"last": 91234.5},
        fields={"last": ["last", "quote"], "bid": ["bid", "quote"], "timestamp": ["time", "s"]},
    ),
    "ticker_unknown_symbol": sample("unknown_symbol", 400, {"error": "no such pair"}),
    "ticker_rate_limited": sample("upstream_rate_limited", 429, {"error": "slow down"}),
    "ticker_wrong_key": sample("upstream_auth", 401, {"error": "bad key"}),
}
_NUMBERS = itertools.count()


@pytest.fixture
def subject_of(tmp_path, monkeypatch):
    """A provider made of a source and samples, as an installed package is."""

    def make(source=SOURCE, samples=SAMPLES):
        name = f"kit_stub_{next(_NUMBERS)}"
        folder = tmp_path / name / "samples"
        folder.mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text(source)
        for stem, held in samples.items():
            (folder / f"{stem}.json").write_text(json.dumps(held))
        monkeypatch.syspath_prepend(tmp_path)
        return Subject.of(name)

    return make


def failures(report):
    return {v.check.name: v.reason for v in report.verdicts if v.status == "failed"}


async def test_one_without_a_mistake_is_gold(subject_of):
    """Nothing fails; what is about headers of use does not apply."""
    report = await examine(subject_of())
    assert failures(report) == {}
    assert (report.grade, report.is_sound) == ("gold", True)


BODY = 'body = await http.get_json("/v1/ticker", {"pair": STYLE.native(query.symbol)})\n'
CONFIRM = 'STYLE.confirm(query.symbol, body["pair"])\n'
RETURN = "    return Ticker("
LEAVES_TASK = "SEEN.append(asyncio.ensure_future(asyncio.sleep(60)))\n    " + BODY
MAPPED = "    return None\n\n\n@hookimpl\nasync"


def swallowing(error):
    """The hook's request with an error swallowed, and each cancellation after it."""
    return (
        f"try:\n        {BODY.strip()}\n    except {error}:\n"
        "        for _ in range(3):\n"
        "            try:\n                await asyncio.sleep(1.5)\n"
        "            except asyncio.CancelledError:\n                continue\n"
        "        raise\n"
    )


MISTAKES = [
    ("loads", "did you mean fetch_ticker", "async def fetch_ticker", "async def fetch_tickre"),
    ("loads", "broken", "STYLE = ", "raise RuntimeError('at import')\nSTYLE = "),
    ("loads", "Argument", "def map_error(reply, query)", "def map_error(replies, query)"),
    ("info", "description", 'description="Switches it on."', 'description=""'),
    ("info", "signup_url", "https://stub.example/keys", ""),
    ("info", "rate_limits", "rate_limits=(RateLimit(1, per_s=10),)", "rate_limits=()"),
    ("info", "docs_read", "2026-11-23", "November"),
    ("info", "docs_url", "https://stub.example/docs", "stub.example/docs"),
    ("info", "intervals", "symbols=STYLE", 'symbols=STYLE, intervals={"90m": "90"}'),
    (
        "ok_samples",
        "rate_limits",
        BODY,
        BODY.replace("})", "}, weight=2)"),
    ),
    ("ok_samples", "no exchange answers", "/v1/ticker", "/v2/ticker"),
    ("ok_samples", "upstream_schema", 'body["last"]', 'body["price"]'),
    ("transport", "Retry-After is lost", MAPPED,
     "    if reply.status == 429: return RateLimited('x', retry_after_s=1)\n" + MAPPED),
    ("transport", "speak for itself", MAPPED,
     "    if reply.status >= 400: return UnknownSymbol(query.symbol)\n" + MAPPED),
    ("transport", "AuthRefused", MAPPED,
     "    if reply.status == 401: return BadStatus('x', status=401)\n" + MAPPED),
    ("error_samples", "not in unknown_symbol", "no such pair", "another text"),
    ("other_symbol", "SymbolStyle.confirm", CONFIRM, "\n"),
    ("fields", "in s is", 'int(body["time"]) * 1000', '1763999998000'),
    ("fields", "bid", 'body.get("bid")', 'float(body["bid"]) / 100'),
    (
        "emptiness",
        "taken for an answer",
        BODY,
        BODY.replace("symbol)}", "symbol)}, empty_ok=True")
        + "    if not body: return Ticker(symbol=query.symbol, last=1)\n",
    ),
    ("odd_replies", "plugin_error", 'body.get("error") ==', 'reply.body["error"]["code"] =='),
    ("odd_replies", "plugin_error", 'body.get("error") ==', 'body["error"] =='),
    ("hostile_fields", "plugin_error", RETURN, "    1 / len(str(body['bid']))\n"
     "    assert isinstance(body['bid'], str)\n" + RETURN),
    (
        "hostile_fields",
        "bid: takes a finite number",
        RETURN,
        "    return Ticker(symbol=query.symbol, last=body['last'], "
        "timestamp=int(body['time']) * 1000).model_copy("
        "update={'bid': float(body['bid'])})\n" + RETURN,
    ),
    ("idempotent", "keep no state", RETURN,
     "    SEEN.append(1)\n    body['last'] = 91234.5 if len(SEEN) < 2 else 9.0\n" + RETURN),
    ("no_leak", "stands in the address", '"/v1/ticker"',
     '"/v1/ticker" if len(SEEN) == 9 else f"/v1/{http.setting(\'STUB_API_KEY\')}"'),
    ("no_leak", "in the result", RETURN,
     "    SEEN.append(http.setting('STUB_API_KEY'))\n"
     "    return Ticker(symbol=query.symbol, last=body['last'], bid=body.get('bid'),"
     "timestamp=int(body['time']) * 1000, notes=(SEEN[0],))\n" + RETURN),
    ("deadline", "after its deadline", BODY, swallowing("BaseException")),
    ("cancellation", "after it was cancelled", BODY, swallowing("BaseException")),
    ("cancellation", "turns its cancellation", BODY,
     f"try:\n        {BODY.strip()}\n    except asyncio.CancelledError:\n"
     "        raise BadStatus('cut') from None\n"),
    ("cancellation", "leaves", BODY, LEAVES_TASK),
    ("no_blocking", "holds up", BODY, "time.sleep(0.15)\n    " + BODY),
    ("recorded", "documentation", 'seen="recorded"', 'seen="documented"'),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "words", "old", "new"), MISTAKES, ids=[f"{m[0]}-{m[1]}" for m in MISTAKES]
)
async def test_a_mistake_in_the_code_is_found(subject_of, check, words, old, new):
    """By the check that is there for it, with a reason that helps."""
    assert old in SOURCE
    verdict = await judge(NAMED[check], subject_of(SOURCE.replace(old, new, 1)))
    assert (verdict.status, words in verdict.reason) == ("failed", True), verdict


def without(stem):
    return {name: held for name, held in SAMPLES.items() if name != stem}


def changed(stem, **parts):
    return {**SAMPLES, stem: {**SAMPLES[stem], **parts}}


def with_headers(headers):
    held = copy.deepcopy(SAMPLES)
    held["ticker"]["exchanges"][0]["response"]["headers"] = headers
    return held


IN_SAMPLES = [
    ("sample_files", "outcome", changed("ticker", outcome="fine")),
    ("sample_files", "no hook", {**SAMPLES, "news": {**sample(), "capability": "news",
                                                      "query": {}}}),
    ("ok_samples", "add samples/ticker.json", without("ticker")),
    ("ok_samples", "expect: last", changed("ticker", expect={"last": 1})),
    ("error_samples", "no sample of an error", {"ticker": SAMPLES["ticker"]}),
    ("unknown_symbol", "ticker_unknown_symbol.json", without("ticker_unknown_symbol")),
    ("rate_limit", "upstream_rate_limited", without("ticker_rate_limited")),
    ("refused_key", "upstream_auth", without("ticker_wrong_key")),
    ("fields", "lacks last", changed("ticker", fields={"timestamp": ["time", "s"],
                                                       "bid": ["bid", "quote"]})),
    ("fields", "in ms is", changed("ticker", fields={"timestamp": ["time", "ms"]})),
    ("fields", "is no unit", changed("ticker", fields={"last": ["last", "dollars"]})),
    ("fields", "leads to nothing", changed("ticker", fields={"last": ["price", "quote"]})),
    ("fields", "no such field", changed("ticker", fields={"price": ["last", "quote"]})),
    ("usage", "declare it as usage", with_headers({"X-RateLimit-Remaining": "9"})),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "words", "samples"), IN_SAMPLES, ids=[f"{m[0]}-{m[1]}" for m in IN_SAMPLES]
)
async def test_a_mistake_in_the_samples_is_found(subject_of, check, words, samples):
    """By the check that is there for it."""
    verdict = await judge(NAMED[check], subject_of(samples=samples))
    assert (verdict.status, words in verdict.reason) == ("failed", True), verdict


@pytest.mark.parametrize(
    ("source", "samples", "grade"),
    [
        (SOURCE.replace("2026-11-23", ""), SAMPLES, None),
        (SOURCE, without("ticker_rate_limited"), "bronze"),
        (SOURCE.replace('seen="recorded"', 'seen="documented"'), SAMPLES, "silver"),
        (SOURCE, with_headers({"x-ratelimit-remaining": "9"}), "silver"),
        (SOURCE.replace(BODY, LEAVES_TASK), SAMPLES, "silver"),
    ],
    ids=["facts", "rate-limit", "documented", "headers-of-use", "leaves-a-task"],
)
async def test_a_grade_is_the_highest_whose_checks_hold(subject_of, source, samples, grade):
    """One failure keeps every grade that takes its check, and those above."""
    assert (await examine(subject_of(source, samples))).grade == grade


async def test_what_only_gold_takes_is_no_fault(subject_of):
    """A source seen only in its documentation is sound all the same."""
    report = await examine(subject_of(SOURCE.replace('seen="recorded"', 'seen="documented"')))
    assert report.is_sound
    assert "recorded" in failures(report)


async def test_a_plain_function_may_take_its_time(subject_of):
    """It runs in a thread, so the event loop goes on."""
    plain = SOURCE.replace(
        "@hookimpl\nasync def fetch_ticker(query, http):",
        "@hookimpl\ndef fetch_ticker(query, http):\n    time.sleep(0.15)\n"
        "    return really(query, http)\n\n\nasync def really(query, http):",
    )
    verdict = await judge(NAMED["no_blocking"], subject_of(plain))
    assert verdict.status == "passed"


async def test_a_key_one_may_have_can_change_the_address(subject_of):
    """A sample of those who have a key is played with one."""
    source = SOURCE.replace('EnvVar("STUB_API_KEY", ', 'EnvVar("STUB_API_KEY", required=False, ')
    source = source.replace('"/v1/ticker"', '"/v1/ticker" if http.has("STUB_API_KEY") else "/free"')
    assert failures(await examine(subject_of(source))) == {}


async def test_a_source_may_be_asked_until_it_is_done(subject_of):
    """The same request twice gets the sample's answers in order, within the attempt's own time."""
    polls = (
        BODY + "    while body['pair'] == 'pending':\n"
        "        await asyncio.sleep(1.1)\n        " + BODY
    )
    held = copy.deepcopy(SAMPLES["ticker"])
    (done,) = held["exchanges"]
    pending = copy.deepcopy(done)
    pending["response"]["body"] = {"pair": "pending"}
    held["exchanges"] = [pending, done]
    held["fields"] = {name: [f"1:{path}", unit] for name, (path, unit) in held["fields"].items()}
    source = SOURCE.replace(BODY, polls).replace("RateLimit(1, per_s=10)", "RateLimit(9, per_s=9)")
    subject = subject_of(source, {**SAMPLES, "ticker": held})
    for check in ("ok_samples", "fields", "no_blocking", "hostile_fields"):
        verdict = await judge(NAMED[check], subject)
        assert verdict.status == "passed", verdict


async def test_a_provider_may_be_a_class(subject_of):
    """An entry point may lead to a class, which is made when it is loaded."""

    class Stub:
        pass

    plugin = subject_of().plugin
    for name in ("provider_info", "map_error", "fetch_ticker"):
        setattr(Stub, name, staticmethod(getattr(plugin, name)))
    subject = Subject.of(Stub)
    assert (subject.name, subject.broken) == ("stub", "")


async def test_a_retired_provider_is_asked_for_its_facts_alone(subject_of):
    """It is never called, so it has no grade."""
    source = SOURCE.replace("symbols=STYLE", 'symbols=STYLE, retired="gone; use coingecko"')
    report = await examine(subject_of(source, {}))
    checked = {v.check.name for v in report.verdicts if v.status != "not_applicable"}
    assert checked == {"loads", "info"}
    assert (report.grade, failures(report)) == (None, {})


LOCAL = textwrap.dedent('''
    """A model that runs here."""

    from coinmux import ProviderInfo, TextSentiment, TextSentimentResult, hookimpl


    @hookimpl
    def provider_info():
        return ProviderInfo(
            name="local", title="Local", category="model", base_url="", docs_read="2026-11-23",
            seen="recorded",
        )


    @hookimpl
    def fetch_text_sentiment(query, http):
        return TextSentiment(results=tuple(
            TextSentimentResult(label="neutral", score=0, model="local") for _ in query.texts
        ))
''')


async def test_a_model_that_runs_here_is_asked_nothing_about_requests(subject_of):
    """It needs neither samples nor limits, and is still asked whether it blocks."""
    report = await examine(subject_of(LOCAL, {}))
    assert failures(report) == {}
    status = {v.check.name: v.status for v in report.verdicts}
    assert status["transport"] == status["no_leak"] == status["fields"] == "not_applicable"
    assert status["ok_samples"] == status["no_blocking"] == "passed"


async def test_a_model_that_blocks_is_found(subject_of):
    """One that computes on the event loop holds up everybody."""
    slow = LOCAL.replace("def fetch_text", "async def fetch_text").replace(
        "    return TextSentiment(", "    import time; time.sleep(0.15)\n    return TextSentiment("
    )
    assert "holds up" in failures(await examine(subject_of(slow, {})))["no_blocking"]


def test_what_is_not_there_is_said_so():
    """A name that is no provider's is a wrong question, not a broken provider."""
    with pytest.raises(LookupError, match="no_such_provider"):
        Subject.of("no_such_provider")


def test_every_check_says_what_must_hold():
    """In a sentence, for the command's table."""
    for check in CHECKS:
        assert check.promise.endswith("."), check.name
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_every_check_is_documented():
    """With the grade that takes it, and no other is."""
    text = (Path(__file__).parents[4] / "docs" / "conformance.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    assert rows == [(check.name, check.level) for check in CHECKS]


async def test_nothing_is_left_running(subject_of):
    """The kit cleans up after the providers it lets hang."""
    before = asyncio.all_tasks()
    await examine(subject_of())
    assert asyncio.all_tasks() == before


TRADES = (
    SOURCE.replace(
        "    Ticker, TickerQuery,", "    Ticker, TickerQuery, Trade, Trades, models as m,"
    )
    + """

@hookimpl
async def fetch_trades(query, http):
    body = await http.get_json("/v1/trades", {"pair": STYLE.native(query.symbol)})

    def one(row):
        return Trade(timestamp=row["at"], price=row["price"], amount=row["size"])

    return READ
"""
)
TRADE_ROWS = [{"at": 1_763_999_990_000 + at, "price": 10 + at, "size": 1} for at in range(5)]
HOW = {
    "sound": ("Trades.read(query, body, one)", None),
    "one-by-one": ("Trades.latest(query, map(one, body))", "costs the answer"),
    "silent": (
        "Trades.latest(query, [one(row) for row in body if isinstance(row, dict)])",
        "without a remark",
    ),
    "exact": (
        "Trades.read(query, body, lambda row: None if 'kitGrew' in str(row) else one(row))",
        "rows that grew",
    ),
    "guess": (
        "Trades.read(query, [row if isinstance(row, dict) else body[0] for row in body], one)",
        "not the answer as it is without that row",
    ),
}


@pytest.mark.parametrize(("read", "words"), HOW.values(), ids=HOW)
async def test_one_bad_row_costs_a_list_that_row(subject_of, read, words):
    """It is left out with a remark, and a row may grow; what does otherwise is named."""
    held = {**sample(), "capability": "trades", "expect": {}, "fields": {}}
    held["query"] = {"symbol": "BTC/USDT"}
    held["exchanges"] = copy.deepcopy(SAMPLES["ticker"]["exchanges"])
    held["exchanges"][0]["request"]["path"] = "/v1/trades"
    held["exchanges"][0]["response"]["body"] = TRADE_ROWS
    held["exchanges"][0].pop("times", None)
    held["exchanges"][0].pop("prices", None)
    subject = subject_of(TRADES.replace("READ", read), {**SAMPLES, "trades": held})
    verdict = await judge(NAMED["bad_row"], subject)
    if words is None:
        assert verdict.status == "passed", verdict
    else:
        assert (verdict.status, words in verdict.reason) == ("failed", True), verdict


async def test_a_source_without_lists_is_not_asked_about_rows(subject_of):
    """A ticker is no list."""
    assert (await judge(NAMED["bad_row"], subject_of())).status == "not_applicable"
