"""Plugins installed and removed beside a server that runs: it takes them in, and retires them."""

import shutil
import signal
import threading
import time

import httpx
import psutil
import pytest

from tests.e2e.conftest import coinmux
from tests.e2e.test_third_party_plugin import ROOT, install

QUIET = {"CHECKER": "off", "LOG_LEVEL": "WARNING"}
#: Its capability is of its own, so it is in no route but that of any capability.
MOON = """
from coinmux import Capability, Freshness, ProviderInfo, Query, Result, hookimpl

class MoonQuery(Query["Moon"]):
    place: str = "Bern"

class Moon(Result):
    lit: float

@hookimpl
def coinmux_capabilities():
    return [Capability("moon", MoonQuery, Moon, Freshness(3600, 0, 86400))]

@hookimpl
def provider_info():
    return ProviderInfo(
        name="moon", title="Moon", category="market", base_url="https://moon.example",
    )

@hookimpl
async def fetch_moon(query, http):
    return Moon(lit=0.5)
"""


def until(so, within_s=20):
    end = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder that the server's Python looks into, empty at first."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setenv("PYTHONPATH", f"{folder}:{ROOT / 'src'}")
    return folder


def put(site, name, code):
    """Install a plugin of one module."""
    (site / f"coinmux_{name}.py").write_text(code)
    info = site / f"coinmux_{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: coinmux-{name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[coinmux]\n{name} = coinmux_{name}\n")


def reload(server):
    answer = httpx.post(f"{server.url}/api/config/reload", timeout=40)
    assert answer.status_code == 200, answer.text
    return answer.json()["plugins"]


def ticker(url, provider):
    return httpx.get(
        f"{url}/api/market/ticker",
        params={"symbol": "BTC/USDT", "provider": provider, "max_age_s": "0"},
        timeout=20,
    )


def test_a_provider_is_taken_in_and_retired_by_a_call(site):
    """Simulated as all others are: no real source is asked in its place."""
    with coinmux("serve", "--simulate", **QUIET) as server:
        assert ticker(server.url, "acme").status_code == 404
        install(site, "coinmux-acme")
        (one,) = reload(server)["adopted"]
        assert (one["name"], one["origin"]) == ("acme", "coinmux-acme")
        answer = ticker(server.url, "acme")
        assert answer.status_code == 200, answer.text
        assert answer.json()["meta"]["provider"] == "acme"
        assert answer.json()["meta"]["simulated"] is True
        listed = httpx.get(f"{server.url}/api/providers", timeout=20).json()["providers"]
        assert [one["origin"] for one in listed if one["name"] == "acme"] == ["coinmux-acme"]
        for path in site.glob("coinmux_acme*"):
            shutil.rmtree(path)
        assert [one["name"] for one in reload(server)["retired"]] == ["acme"]
        assert ticker(server.url, "acme").status_code == 404


def test_a_capability_and_an_indicator_are_in_every_door_after_a_signal(site):
    """No door was asked to look: each reads what there is."""
    with coinmux("serve", "--simulate", MCP="on", **QUIET) as server:

        def get(path):
            return httpx.get(server.url + path, timeout=20)

        assert get("/api/data/moon").status_code == 404
        put(site, "moon", MOON)
        install(site, "coinmux-choppiness")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: get("/api/data/moon").status_code == 200)
        assert get("/api/data/moon").json()["data"]["lit"] == 0.5
        assert get("/api/data/moon.csv").text.splitlines()[1].startswith("0.5,moon,")
        capabilities = get("/api/capabilities").json()["capabilities"]
        assert "moon" in [one["name"] for one in capabilities]
        assert "/api/data/moon" in get("/schema/openapi.json").json()["paths"]
        widgets = get("/widgets.json").json()
        assert "coinmux_moon" in widgets
        chosen = widgets["coinmux_indicator"]["params"][0]["options"]
        assert "choppiness" in [one["value"] for one in chosen]
        assert "choppiness" in [one["name"] for one in get("/api/indicators").json()["indicators"]]
        values = get("/api/indicators/choppiness?symbol=BTC/USDT&interval=1h")
        assert values.status_code == 200, values.text
        assert 'source="moon"' in get("/metrics").text
        listed = httpx.post(
            f"{server.url}/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}},
            headers={"accept": "application/json, text/event-stream"},
            timeout=20,
        )
        assert '"moon"' in listed.text, listed.text[:500]


def test_all_workers_take_it_in_and_no_request_is_lost(site):
    """Whichever of the four is asked to look."""
    with coinmux("serve", "--simulate", "--workers", "4", **QUIET) as server:
        parent = psutil.Process(server.process.pid)
        until(lambda: len(parent.children()) == 4)
        failed = []
        over = threading.Event()

        def ask():
            while not over.is_set():
                answer = ticker(server.url, "binance")
                if answer.status_code != 200:
                    failed.append(answer.text)

        askers = [threading.Thread(target=ask) for _ in range(2)]
        for one in askers:
            one.start()
        install(site, "coinmux-acme")
        reload(server)

        def all_have_it(times=24):
            # Connections are new each time, so that each worker answers some of them.
            return all(ticker(server.url, "acme").status_code == 200 for _ in range(times))

        until(all_have_it)
        for path in site.glob("coinmux_acme*"):
            shutil.rmtree(path)
        reload(server)
        until(lambda: all(ticker(server.url, "acme").status_code == 404 for _ in range(24)))
        over.set()
        for one in askers:
            one.join()
        assert failed == []
