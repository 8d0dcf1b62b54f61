"""Badges and `/metrics` over a socket."""

import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families

from coinmux import Empty
from coinmux.framework.errors import UpstreamTimeout
from coinmux.framework.health.tracker import State
from coinmux.server.monitoring.badges import as_endpoint, as_svg, state_of
from coinmux.server.monitoring.metrics import Metrics, Totals
from coinmux.server.monitoring.prometheus import TEXT, gauge, histogram, writer_for

pytestmark = pytest.mark.realtime
TICKER = "/api/market/ticker?symbol=BTC/USDT"
SVG = "{http://www.w3.org/2000/svg}"


class TestBadges:
    """A picture and its data for each provider and the whole."""

    async def test_they_follow_the_state(self, live):
        """Green while it works, red once it is offline; the whole by what can be answered."""
        async with live(a=[1.5], b=[UpstreamTimeout("slow")]) as world:
            await world.client.get(TICKER)
            for _ in range(4):
                await world.client.get(TICKER + "&provider=b&max_age_s=0")
            shown = {}
            for name in ("a", "b", "system", "SYSTEM"):
                shown[name] = (await world.client.get(f"/badge/{name}.json")).json()
            assert {name: (one["message"], one["color"]) for name, one in shown.items()} == {
                "a": ("healthy", "#22c55e"),
                "b": ("offline", "#ef4444"),
                "system": ("degraded", "#f59e0b"),  # one source of two is left
                "SYSTEM": ("degraded", "#f59e0b"),
            }
            assert shown["a"]["schemaVersion"] == 1

    async def test_the_picture_may_stand_on_other_sites(self, live):
        """It is an SVG that says its text, loads nothing, and is no way in to anything else."""
        async with live(a=[1.5]) as world:
            await world.client.get(TICKER)
            answer = await world.client.get("/badge/a.svg")
            assert answer.headers["content-type"] == "image/svg+xml"
            assert answer.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]
            assert answer.headers["content-security-policy"] == "default-src 'none'"
            assert "access-control-allow-origin" not in answer.headers
            picture = ElementTree.fromstring(answer.content)
            assert picture.get("aria-label") == "A: healthy"
            assert [one.text for one in picture.iter(f"{SVG}text")] == ["A", "healthy"]
            assert "http" not in answer.text.replace("http://www.w3.org/2000/svg", "")
            assert answer.headers["cache-control"] == "public, max-age=30"

    @pytest.mark.parametrize(
        "path", ["x.svg", "a", "a.png", "svg", ".svg", "a:b.svg", "%3Cb%3E.svg"]
    )
    async def test_unknown_ones_are_not_found(self, live, path):
        """With a problem document, as everywhere."""
        async with live(a=[1.5]) as world:
            answer = await world.client.get(f"/badge/{path}")
            assert answer.status_code == 404
            assert answer.json()["code"] == "not_found"

    def test_texts_are_escaped(self):
        """A title of markup is shown as text, and the picture stays one."""
        title = "<script>alert(\"1\")</script> & 'co'"
        picture = ElementTree.fromstring(as_svg(title, "HEALTHY"))
        assert picture.find(f"{SVG}title").text == f"{title}: healthy"
        assert [one.text for one in picture.iter(f"{SVG}text")] == [title, "healthy"]
        assert not list(picture.iter(f"{SVG}script"))

    @pytest.mark.parametrize("state", ["UNKNOWN", "DISABLED", "SOMETHING_NEW"])
    def test_what_says_nothing_is_grey(self, state):
        """Neither good nor bad."""
        assert as_endpoint("a", state).color == "#94a3b8"
        assert b'fill="#94a3b8"' in as_svg("a", state)

    def test_a_longer_text_takes_more_room(self):
        """The halves follow their texts."""
        widths = [
            int(ElementTree.fromstring(as_svg(label, "HEALTHY")).get("width"))
            for label in ("a", "a longer one", "mmmmmmmmmmmm", "\u6bd4" * 12)
        ]
        assert widths == sorted(set(widths))

    def test_the_name_is_taken_in_any_case(self):
        """As in the rest of the API."""
        gateway = SimpleNamespace(
            sources={"kraken": SimpleNamespace(info=SimpleNamespace(title="Kraken"))},
            health=SimpleNamespace(snapshot=lambda _: SimpleNamespace(state=State.HEALTHY)),
        )
        assert state_of(gateway, "KraKen", "ONLINE") == ("Kraken", "HEALTHY")


OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
#: As Prometheus 3 sends it.
SCRAPE = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "text/plain;version=0.0.4;q=0.4,*/*;q=0.2"
)


def written(*families, accept=""):
    """Families as a scrape gets them."""
    return writer_for(accept)[0](SimpleNamespace(collect=lambda: families)).decode()


def families_of(text):
    return {one.name: one for one in text_string_to_metric_families(text)}


def value(families, family_name, sample=None, **labels):
    found = [
        one.value
        for one in families[family_name].samples
        if one.name == (sample or family_name) and labels.items() <= one.labels.items()
    ]
    assert len(found) == 1, (family_name, labels, found)
    return found[0]


class TestPrometheus:
    """`GET /metrics`, read by Prometheus's own parser."""

    async def test_it_is_what_happened(self, live):
        """Counters, states and histograms after three requests and a failure."""
        async with live(a=[UpstreamTimeout("slow")], b=[1.5]) as world:
            for _ in range(3):
                await world.client.get(TICKER)
            await world.client.get("/api/market/ticker?symbol=")
            answer = await world.client.get("/metrics")
            assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
            found = families_of(answer.text)
            asked = {"method": "GET", "route": "/api/market/ticker"}
            total = "coinmux_http_requests"
            assert value(found, total, f"{total}_total", status="2xx", **asked) == 3
            assert value(found, total, f"{total}_total", status="4xx", **asked) == 1
            took = "coinmux_http_request_duration_seconds"
            assert value(found, took, f"{took}_count", **asked) == 4
            assert value(found, took, f"{took}_bucket", le="+Inf", **asked) == 4
            assert value(found, took, f"{took}_sum", **asked) > 0
            counts = [
                one.value
                for one in found[took].samples
                if one.name.endswith("_bucket") and asked.items() <= one.labels.items()
            ]
            assert counts == sorted(counts)
            calls = "coinmux_source_calls"
            assert value(found, calls, f"{calls}_total", source="a", outcome="failed") == 1
            assert value(found, calls, f"{calls}_total", source="b", outcome="ok") == 1
            failures = "coinmux_source_failures"
            code = {"source": "a", "code": "upstream_timeout"}
            assert value(found, failures, f"{failures}_total", **code) == 1
            assert value(found, "coinmux_source_state", source="b", state="healthy") == 1
            assert value(found, "coinmux_source_state", source="b", state="offline") == 0
            lookups = "coinmux_cache_lookups"
            assert value(found, lookups, f"{lookups}_total", result="hit") == 2
            assert value(found, lookups, f"{lookups}_total", result="miss") == 1
            assert value(found, "coinmux_cache_entries") == 1
            assert value(found, "coinmux_cache_bytes") > 0
            assert value(found, "coinmux_status", state="online") == 1
            assert value(found, "coinmux_process_resident_memory_bytes") > 10_000_000
            assert found["coinmux_event_loop_lag_seconds"].type == "gauge"
            assert all(one.documentation for one in found.values())
            assert "coinmux_archive_up" not in found

    async def test_both_formats_say_the_same(self, live):
        """OpenMetrics by `Accept`, with every figure of the text format under the same name."""
        async with live(a=[UpstreamTimeout("slow")], b=[1.5]) as world:
            await world.client.get(TICKER)
            plain = await world.client.get("/metrics")
            answer = await world.client.get("/metrics", headers={"Accept": SCRAPE})
            assert answer.headers["content-type"] == OPENMETRICS
            assert answer.headers["vary"] == plain.headers["vary"] == "accept, accept-encoding"
            assert answer.text.endswith("# EOF\n")
            assert "# EOF" not in plain.text
            open_ones = list(openmetrics_families(answer.text))
            names = {one.name for family in open_ones for one in family.samples}
            seen = {
                one.name for family in families_of(plain.text).values() for one in family.samples
            }
            assert names == seen
            assert "coinmux_http_requests_total" in names
            assert "coinmux_info" in names
            kinds = {one.name: one.type for one in open_ones}
            assert kinds["coinmux_http_requests"] == "counter"
            assert kinds["coinmux_source_call_duration_seconds"] == "histogram"

    @pytest.mark.parametrize(
        ("accept", "open_format"),
        [
            (SCRAPE, True),
            ("application/openmetrics-text", True),
            ("APPLICATION/OpenMetrics-Text; version=abc", True),
            ("application/openmetrics-text;version=99.0.0", True),
            ("application/openmetrics-text;q=0, text/plain", False),
            ("text/plain;version=x.y", False),
            ("*/*", False),
            (";,;q", False),
            ("", False),
        ],
    )
    def test_the_format_follows_accept(self, accept, open_format):
        """Whatever a caller sends, one of the two comes, under the type it has."""
        assert writer_for(accept)[1] == (OPENMETRICS.encode() if open_format else TEXT)

    async def test_quotas_and_archive(self, live, tmp_path):
        """What a source allows, how much is used, and how the archive is."""
        from coinmux import RateLimit

        info = {"a": {"rate_limits": (RateLimit(requests=60, per_s=60),)}}
        settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/archive.db"}
        async with live(_info=info, _settings=settings, a=[1.5]) as world:
            gate = world.gateway.sources["a"].gate
            await gate.enter(5)
            gate.leave()
            await world.gateway.archive.measure()
            found = families_of((await world.client.get("/metrics")).text)
            labels = {"source": "a", "window_s": "60"}
            assert value(found, "coinmux_source_quota_requests", **labels) == 60
            assert value(found, "coinmux_source_quota_used", **labels) == 5
            assert value(found, "coinmux_archive_up") == 1
            assert value(found, "coinmux_archive_size_bytes") > 1_000

    async def test_callers_cannot_make_labels(self, live):
        """Paths, methods and symbols of callers are in no label."""
        async with live(a=[1.5]) as world:
            for number in range(30):
                await world.client.get(f"/made/up/{number}")
                await world.client.get(f"/api/market/ticker?symbol=UP{number}/USDT")
                await world.client.request("PROPFIND", "/api/status")
            text = (await world.client.get("/metrics")).text
            assert "made" not in text
            assert "UP1" not in text
            assert "PROPFIND" not in text
            assert 'route="unmatched"' in text

    def test_failures_are_bounded(self, clock):
        """A plugin may make codes up; past a thousand they are counted together."""
        metrics = Metrics(clock)
        for number in range(2_000):
            metrics(
                SimpleNamespace(
                    kind="attempt", source=f"s{number % 300}", at_ms=number, message="",
                    detail={"code": f"c{number}", "response_ms": 1.0, "operation": "ticker"},
                )
            )  # fmt: skip
        assert len(metrics.failures) <= 1_025
        assert sum(metrics.failures.values()) == 2_000
        assert len(metrics.sources) <= 257

    def test_labels_are_escaped(self):
        """A quote, a backslash and a line break come back as they were."""
        text = 'a"b\\c\nd'
        (found,) = text_string_to_metric_families(written(gauge("m", "x\ny", [({"l": text}, 1)])))
        assert found.samples[0].labels == {"l": text}

    def test_buckets_hold_what_they_say(self):
        """A latency on a bound is within it; the last bucket holds all."""
        series = Totals()
        for elapsed_ms in (0.25, 0.26, 99_999):
            series.count(1_000, elapsed_ms, failed=0)
        (found,) = text_string_to_metric_families(written(histogram("h", "x", [({}, series)])))
        buckets = {one.labels["le"]: one.value for one in found.samples if one.name == "h_bucket"}
        assert (buckets["0.00025"], buckets["0.0005"], buckets["10.0"]) == (1, 2, 2)
        assert buckets["+Inf"] == 3


async def test_a_badge_shows_no_text_of_an_error(live):
    """The state is shown, and no more."""
    async with live(a=[Empty("told by secret-host.example")]) as world:
        for _ in range(4):
            await world.client.get(TICKER)
        for kind in ("svg", "json"):
            assert "secret-host" not in (await world.client.get(f"/badge/a.{kind}")).text
