"""Workers that are processes: one picture of all of them, through kills and replacements."""

import os
import signal
import time
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import coinmux
from tests.e2e.test_workers import QUIET, healthy, until, workers_of

TICKER = "/api/market/ticker?symbol=BTC/USDT"
_GROWING = ("_total", "_count", "_sum", "_bucket")


def scrape(server):
    """Every sample, by name and labels; each over a connection of its own, to whoever takes it."""
    text = httpx.get(f"{server.url}/metrics", timeout=10).text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def answered(samples):
    labels = {"method": "GET", "route": "/api/market/ticker", "status": "2xx"}
    return samples.get(("coinmux_http_requests_total", *sorted(labels.items())), 0)


def gone_back(before, after):
    """What grows alone, and is less than it was, or gone."""
    return {
        name: (value, after.get(name))
        for name, value in before.items()
        if name[0].endswith(_GROWING) and after.get(name, -1) < value
    }


def folders():
    return {
        *Path("/dev/shm").glob("coinmux-*"),
        *Path(os.environ.get("TMPDIR", "/tmp")).glob("coinmux-*-*"),
    }


def test_counters_grow_whoever_is_asked_and_whatever_ends():
    """Not one sample goes back while a worker is killed and all of them are replaced."""
    before = folders()
    with coinmux("serve", "--simulate", "--workers", "3", **QUIET) as server:
        until(lambda: len(workers_of(server)) == 3 and healthy(server, 6))
        last, asked = scrape(server), 0

        def look(times=1):
            nonlocal last, asked
            for _ in range(times):
                asked += httpx.get(server.url + TICKER, timeout=10).status_code == 200
                now = scrape(server)
                assert not gone_back(last, now)
                last = now

        look(20)
        until(lambda: answered(scrape(server)) == asked)
        victim = workers_of(server)[0]
        victim.send_signal(signal.SIGKILL)
        look(10)
        until(lambda: len(workers_of(server)) == 3)
        old = {one.pid for one in workers_of(server)}
        server.process.send_signal(signal.SIGUSR2)
        end = time.monotonic() + 60
        while old & {one.pid for one in workers_of(server)}:
            assert time.monotonic() < end
            look()
        # All but what the killed one counted in its last second.
        until(lambda: asked - 10 <= answered(scrape(server)) <= asked)
        until(lambda: scrape(server)[("coinmux_workers",)] == 3)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
    assert folders() <= before


def test_a_page_that_goes_on_with_another_worker_misses_nothing():
    """Each request of every worker is an event once, under one cursor."""
    with coinmux("serve", "--simulate", "--workers", "2", **QUIET) as server:
        until(lambda: scrape(server)[("coinmux_workers",)] == 2)
        cursor = httpx.get(f"{server.url}/api/monitor", timeout=10).json()["events"]["cursor"]
        wanted, seen = [], []
        for number in range(24):
            wanted.append(f"call-{number}")
            headers = {"X-Request-ID": wanted[-1]}
            httpx.get(server.url + TICKER, headers=headers, timeout=10)

        def look():
            nonlocal cursor
            shown = httpx.get(f"{server.url}/api/monitor?since={cursor}", timeout=10).json()
            assert not shown["events"]["reset"]
            assert shown["server"]["workers"] == 2
            cursor = shown["events"]["cursor"]
            seen.extend(one["request_id"] for one in shown["events"]["items"] if one["request_id"])
            return len(seen) >= len(wanted)

        until(look)
        assert sorted(seen) == sorted(wanted)


def test_nothing_is_left_behind_by_a_parent_that_is_killed():
    """The workers end by themselves, and take the folder they shared with them."""
    before = folders()
    with coinmux("serve", "--simulate", "--workers", "2", **QUIET) as server:
        until(lambda: len(workers_of(server)) == 2 and healthy(server, 4))
        assert folders() - before
        server.process.kill()
        until(lambda: folders() <= before)
