"""A server none of whose sources can be reached, over real sockets: every route says the same."""

import re
import socket
import time

import httpx
import pytest

from tests.e2e.conftest import addresses_of, coinmux

_ASKED = (
    *(f"api/market/ticker?symbol={pair}/USDT" for pair in ("BTC", "ETH", "SOL", "XRP", "DOGE")),
    *(f"api/market/candles?symbol={pair}/USDT&limit=5" for pair in ("BTC", "ETH", "SOL")),
    "api/news", "api/chain/gas", "api/market/global", "api/sentiment/index",
)  # fmt: skip


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """A client of a server whose sources refuse connections, asked until it is OFFLINE."""
    folder = tmp_path_factory.mktemp("bad_day")
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        environ = addresses_of(f"http://127.0.0.1:{refusing.getsockname()[1]}")
        environ |= {"DATA_DIR": str(folder), "LOG_LEVEL": "ERROR"}
        with (
            (folder / "log").open("w") as log,
            coinmux("serve", log=log, **environ) as server,
            httpx.Client(base_url=server.url, timeout=30) as client,
        ):
            down = set()
            for _ in range(40):
                for target in _ASKED:
                    client.get(f"/{target}")
                picture = client.get("/api/monitor").json()
                down = {one["name"] for one in picture["capabilities"] if not one["usable"]}
                if {"ticker", "candles"} <= down and picture["status"] == "OFFLINE":
                    break
                time.sleep(0.5)
            assert {"ticker", "candles"} <= down, picture["verdict"]
            yield client


def test_every_route_says_that_it_is_offline_and_why(client):
    """The monitor, both statuses, the badge and the metrics agree."""
    bodies = [client.get(f"/api/{path}").json() for path in ("monitor", "status", "status/public")]
    assert [body["status"] for body in bodies] == ["OFFLINE"] * 3
    for body in bodies:
        assert "".join(segment["text"] for segment in body["verdict"]).strip()
        down = {one["name"] for one in body["capabilities"] if one["status"] == "OFFLINE"}
        assert {"ticker", "candles"} <= down
    assert client.get("/badge/system.json").json()["message"].lower() == "offline"
    metrics = client.get("/metrics").text
    assert re.search(r'^coinmux_status\{state="offline"\} 1(\.0)?$', metrics, re.MULTILINE)


def test_three_routes_count_the_same_sources_and_channels(client):
    """The states add up to all of them, in each."""
    monitor, public, health = (
        client.get(f"/api/{path}").json()
        for path in ("monitor", "status/public", "source-health/status")
    )
    words = ("healthy", "degraded", "offline", "unknown", "disabled")
    sums = [
        (monitor["summary"], monitor["channels"]),
        (public["providers"], public["channels"]),
        (health["summary"], health["channels"]),
    ]
    for pair in sums:
        for counts in pair:
            assert sum(counts[word] for word in words) == counts["total"]
    for providers, channels in sums[1:]:
        for mine, first in ((providers, sums[0][0]), (channels, sums[0][1])):
            assert {key: mine[key] for key in ("total", "disabled", "healthy")} == {
                key: first[key] for key in ("total", "disabled", "healthy")
            }
    assert monitor["summary"]["offline"] > 1


def test_since_is_kept_from_look_to_look(client):
    """What is down is down since one moment, however often it is asked about."""
    looks = []
    for _ in range(2):
        client.get("/api/market/ticker?symbol=BTC/USDT")
        picture = client.get("/api/monitor").json()
        looks.append(
            {one["name"]: one["since"] for one in picture["capabilities"] if not one["usable"]}
        )
    shared = looks[0].keys() & looks[1].keys()
    assert {"ticker", "candles"} <= shared
    assert [looks[0][name] for name in sorted(shared)] == [
        looks[1][name] for name in sorted(shared)
    ]


def test_the_picture_of_a_bad_day_with_all_its_events_stays_small(client):
    """Half a thousand failed requests in it, and it takes less than 100 kB on the wire."""
    for _ in range(500):
        client.get("/api/market/ticker?symbol=BTC/USDT&max_age_s=0")
    with client.stream("GET", "/api/monitor", headers={"accept-encoding": "gzip"}) as answer:
        assert len(b"".join(answer.iter_raw())) < 100_000
