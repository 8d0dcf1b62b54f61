"""A real Prometheus over a real server: what it scrapes, and that every query finds something."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from tests.e2e.conftest import coinmux, free_port

ROOT = Path(__file__).resolve().parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = ROOT / "deploy" / "grafana" / "provisioning" / "dashboards" / "coinmux.json"
RULES = PROMETHEUS / "rules" / "coinmux.yml"
needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None and os.environ.get("CI") != "true",
    reason="no Prometheus: apt-get install prometheus",
)
pytestmark = needs_prometheus
#: Broken in the drill; its failures, its alert and its exemplars are looked for.
BROKEN = "binance"
TICKER = "/api/market/ticker?symbol=BTC/USDT&max_age_s=0"
_COMPARED = re.compile(r"\s(?:>|<|==)\s*[\d.]+\s*$")


def promtool(*arguments, **options):
    done = subprocess.run(
        ["promtool", *arguments], capture_output=True, text=True, check=False, timeout=60, **options
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def until(so, within_s=90):
    end = time.monotonic() + within_s
    while not (found := so()):
        assert time.monotonic() < end
        time.sleep(0.2)
    return found


def expressions(text):
    """Each `expr` of a file of rules, in one line."""
    found, lines = [], iter(text.splitlines())
    block, indent = None, 0
    for line in lines:
        if block is not None:
            if line.strip() and len(line) - len(line.lstrip()) > indent:
                block.append(line.strip())
                continue
            found.append(" ".join(block))
            block = None
        key, _, value = line.partition("expr: ")
        if value and not key.strip():
            if value.strip() == "|":
                block, indent = [], len(key)
            else:
                found.append(value.strip())
    return found


def dashboard_queries():
    """Each query of the dashboard by what asks it, as Grafana would send it."""
    board = json.loads(DASHBOARD.read_text())
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel.get("targets", ())
    }
    found |= {one["name"]: one["expr"] for one in board["annotations"]["list"]}
    for each in board["templating"]["list"]:
        found[f"variable {each['name']}"] = re.match(
            r"label_values\((.+), \w+\)", each["query"]["query"]
        )[1]
    known = {"$__rate_interval": "30s", "$instance": ".*", "$source": ".*"}
    for name, value in known.items():
        found = {title: query.replace(name, value) for title, query in found.items()}
    assert not [query for query in found.values() if "$" in query]
    return found


def queries():
    """Every query of dashboard and rules, without what makes an alert of it."""
    rules = {f"rule {place}": one for place, one in enumerate(expressions(RULES.read_text()))}
    return {
        title: _COMPARED.sub("", one) for title, one in {**dashboard_queries(), **rules}.items()
    }


def _configured(folder, server):
    """The shipped configuration, told where the server is, and quicker."""
    shutil.copytree(PROMETHEUS, folder)
    config = folder / "prometheus.yml"
    text = config.read_text()
    assert '"coinmux:7860"' in text
    text = text.replace("coinmux:7860", f"127.0.0.1:{server.port}").replace(": 15s", ": 1s")
    config.write_text(text)
    rules = folder / "rules" / "coinmux.yml"
    rules.write_text(re.sub(r"for: \d+m", "for: 0s", rules.read_text()))
    return config


def _drill(server):
    """A few requests to every area, and one source that fails until it is offline."""
    with httpx.Client(base_url=server.url, timeout=10) as client:
        for number in range(40):
            client.get(TICKER, headers={"X-Request-ID": f"asked-{number}"})
            client.get("/api/market/ticker?symbol=BTC/USDT")
        client.get("/api/market/candles?symbol=BTC/USDT&interval=1h")
        client.get("/api/chain/bitcoin/head")
    # Each worker has simulated sources of its own, and each connection may reach another worker.
    for number in range(60):
        order = {"fault": "status"}
        httpx.post(f"{server.url}/api/drill/{BROKEN}", json=order, timeout=10).raise_for_status()
        headers = {"X-Request-ID": f"broken-{number}"}
        path = f"{server.url}{TICKER}&provider={BROKEN}"
        httpx.get(path, headers=headers, timeout=10)


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A server of two workers in its drill, and a Prometheus that scrapes it every second."""
    folder = tmp_path_factory.mktemp("watched")
    settings = {"DATABASE_URL": f"sqlite:///{folder}/archive.db", "LOG_LEVEL": "WARNING"}
    with coinmux("serve", "--simulate", "--workers", "2", **settings) as server:
        config = _configured(folder / "prometheus", server)
        port = free_port()
        command = [
            "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}", "--enable-feature=exemplar-storage",
        ]  # fmt: skip
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=10)
        try:

            def ask(path, **params):
                assert process.poll() is None, (folder / "log").read_text()
                try:
                    response = client.get(path, params=params)
                except httpx.TransportError:
                    return None
                # It listens before it has read its own archive.
                if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    return None
                answer = response.json()
                assert answer["status"] == "success", answer
                return answer["data"]

            def query(text):
                return (ask("/query", query=text) or {}).get("result")

            until(lambda: query('up{job="coinmux"} == 1'))
            # Rates need a value from before what is counted.
            until(lambda: query('count_over_time(up{job="coinmux"}[1m]) > 2'))
            _drill(server)
            yield SimpleNamespace(server=server, ask=ask, query=query)
        finally:
            client.close()
            process.terminate()
            process.wait(20)


def test_what_is_shipped_passes_its_own_checks():
    """Configuration and rules are sound, and each alert fires and rests when it should."""
    promtool("check", "config", "prometheus.yml", cwd=PROMETHEUS)
    promtool("check", "rules", str(RULES))
    promtool("test", "rules", "coinmux.test.yml", cwd=PROMETHEUS)


def test_every_alert_has_a_case():
    """Each alert is named where the rules are tested."""
    alerts = re.findall(r"alert: (\w+)", RULES.read_text())
    tested = (PROMETHEUS / "coinmux.test.yml").read_text()
    assert len(alerts) > 10
    assert not [name for name in alerts if name not in tested]


def test_names_and_units_are_as_prometheus_wants_them(watched):
    """`promtool check metrics` has nothing to say about a whole scrape."""
    text = httpx.get(f"{watched.server.url}/metrics", timeout=10).text
    assert not promtool("check", "metrics", input=text).strip()


def test_it_is_scraped_as_openmetrics_without_a_fault(watched):
    """The target is up, and nothing of what it said was refused."""
    (target,) = watched.ask("/targets", state="active")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert float(watched.query('scrape_samples_scraped{job="coinmux"}')[0]["value"][1]) > 500


@pytest.mark.parametrize("title", queries())
def test_every_query_finds_something(watched, title):
    """Of the dashboard and of the rules; an alert's by what it compares."""
    found = until(lambda: watched.query(queries()[title]))
    # A latency is none where nobody asks; nothing else may be divided by zero.
    assert "quantile" in queries()[title] or all(one["value"][1] != "NaN" for one in found)


def test_the_alert_of_the_source_that_is_broken_fires(watched):
    """From the drill to the list of alerts that a dashboard shows."""
    wanted = f'ALERTS{{alertname="CoinmuxSourceOffline",source="{BROKEN}",alertstate="firing"}}'
    assert until(lambda: watched.query(wanted))


@pytest.mark.parametrize(
    "metric",
    [
        'coinmux_http_request_duration_seconds_bucket{route="/api/market/ticker"}',
        "coinmux_source_call_duration_seconds_bucket",
        f'coinmux_source_failures_total{{source="{BROKEN}"}}',
    ],
)
def test_exemplars_lead_to_decisions(watched, metric):
    """Stored by Prometheus with the id of a request, whose decision the server knows."""
    now = time.time()
    series = until(
        lambda: watched.ask("/query_exemplars", query=metric, start=now - 600, end=now + 60)
    )
    ids = {each["labels"]["request_id"] for one in series for each in one["exemplars"]}
    assert ids
    known = sorted(one for one in ids if one.startswith(("asked-", "broken-")))
    assert known
    path = f"{watched.server.url}/api/routing/decisions/{known[-1]}"
    # The worker that served it has the decision; without a store the other has not.
    assert until(lambda: httpx.get(path, timeout=10).status_code == 200)


def test_rates_of_two_workers_are_those_of_the_server(watched):
    """As many as were asked, whichever worker is scraped: no sample goes back."""
    text = 'coinmux_http_requests_total{route="/api/market/ticker",status="2xx"}'
    assert until(lambda: float((watched.query(text) or [{"value": [0, 0]}])[0]["value"][1]) >= 80)
    assert watched.query(f"resets({text}[10m])")[0]["value"][1] == "0"
