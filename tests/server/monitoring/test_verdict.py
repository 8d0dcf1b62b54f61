"""The sentence says what can be answered, since when, and who answers instead."""

import pytest
from msgspec import UNSET

from coinmux.framework.reports.answerable import CapabilityStatus
from coinmux.server.monitoring.verdict import DownProvider, Facts, plain, verdict_of

AT = 1_764_000_000_000  # 24 Nov 2025, 16:00 UTC
NOW = AT + 600_000


def line(name, title, usable, enabled):
    status = "OFFLINE" if not usable else "DEGRADED" if usable == 1 < enabled else "ONLINE"
    return CapabilityStatus(
        name=name, title=title, group="market", status=status, usable=usable, enabled=enabled
    )


PRICES, NEWS, GAS = (
    line("ticker", "Prices", 3, 4), line("news", "News", 0, 2), line("gas", "Gas", 0, 3),
)  # fmt: skip
TEXTS = line("text_sentiment", "Sentiment of texts", 1, 1)
BINANCE = DownProvider("binance", "Binance", AT, "upstream_unreachable")
KRAKEN = DownProvider("kraken", "Kraken", AT + 30_000, "upstream_unreachable")


def facts(status, capabilities, **more):
    return Facts(
        status=status,
        answering=more.pop("answering", True),
        capabilities=capabilities,
        since=more.pop("since", lambda name: AT),
        overall_since=AT,
        **more,
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (facts("ONLINE", [PRICES, PRICES]), "All 2 questions can be answered."),
        (
            facts("DEGRADED", [PRICES, NEWS, GAS]),
            "1 of 3 questions can be answered. Gas and news: nobody left since 16:00 UTC.",
        ),
        (
            facts("DEGRADED", [PRICES, line("social", "Social figures", 1, 2)]),
            "All 2 questions can be answered. Social figures: one source left.",
        ),
        (
            facts(
                "ONLINE", [PRICES, PRICES], down=[BINANCE, KRAKEN],
                helpers=[("coinbase_exchange", "Coinbase Exchange")],
            ),
            "All 2 questions can be answered. Binance and Kraken are down since 16:00 UTC; "
            "Coinbase Exchange answers for them.",
        ),
        (
            facts("DEGRADED", [PRICES], failed_share=0.12),
            "Prices can be answered. 12 % of the last minute's requests failed.",
        ),
        (
            facts("OFFLINE", [NEWS, GAS], answering=False, down=[BINANCE, KRAKEN]),
            "Nothing can be answered since 16:00 UTC: all 2 sources that were asked cannot be "
            "reached.",
        ),
        (
            facts("OFFLINE", [NEWS, TEXTS], answering=False, down=[BINANCE, KRAKEN]),
            "Only sentiment of texts can be answered since 16:00 UTC: all 2 sources that were "
            "asked cannot be reached.",
        ),
        (facts("OFFLINE", []), "No source is switched on, so nothing can be answered."),
    ],
    ids=[
        "all", "two down", "reduced", "down but answered", "failing", "bad day",
        "a bad day with a model of this machine", "nothing on",
    ],
)  # fmt: skip
def test_the_sentence(given, said):
    assert plain(verdict_of(given), NOW) == said


def test_names_are_links_and_times_are_left_to_the_page():
    segments = verdict_of(facts("DEGRADED", [PRICES, NEWS], down=[BINANCE]))
    assert [one.capability for one in segments if one.capability is not UNSET] == ["news"]
    assert [one.provider for one in segments if one.provider is not UNSET] == ["binance"]
    times = [one for one in segments if one.at is not UNSET]
    assert [(one.text, one.at) for one in times] == [("", AT), ("", AT)]


def test_many_names_are_counted():
    down = [DownProvider(f"p{n}", f"P{n}", AT, None) for n in range(9)]
    said = plain(verdict_of(facts("ONLINE", [PRICES, PRICES], down=down)), NOW)
    assert "P0, P1, P2 and 6 more are down" in said
