"""`coinmux doctor` on process and network: versions, limits, proxy, DNS, clock, and keys."""

import json
import os
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import metadata

import pytest

from coinmux import Gateway
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.server.cli import network_checks, process_checks
from tests.e2e.conftest import coinmux
from tests.server.cli.test_doctor import around, doctor, examined


class Source(BaseHTTPRequestHandler):
    """Refuses every request with `server.status`, and says that it is `server.ahead_s` later."""

    def do_GET(self):
        self.send_response_only(self.server.status)
        now = datetime.now(UTC) + timedelta(seconds=self.server.ahead_s)
        self.send_header("Date", format_datetime(now, usegmt=True))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def do_POST(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def source():
    """A server that stands for all sources; `source.environ` leads them to it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Source)
    server.daemon_threads = True
    server.status, server.ahead_s = 500, 0
    url = f"http://127.0.0.1:{server.server_address[1]}"
    server.environ = {f"{name}_BASE_URL": url for name in ("BINANCE", "KRAKEN", "ETHERSCAN")}
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


# Keys


def test_a_key_that_is_refused_is_named_with_where_to_get_another(tmp_path, source):
    source.status = 401
    code, found = doctor(
        "--probe", cwd=tmp_path, ETHERSCAN_API_KEY="hunter22hunter22", **source.environ
    )
    assert code == 1
    assert found["ETHERSCAN_API_KEY"] == (
        "failed", "Etherscan refuses it",
        "get another key at https://etherscan.io/apis, and see that it is copied whole",
    )  # fmt: skip
    assert found["etherscan"][0] == "failed"
    assert "hunter22" not in str(found)
    assert "BINANCE_API_KEY" not in found


def test_a_source_that_answers_nothing_says_nothing_of_its_key(tmp_path, source):
    _, found = doctor("--probe", cwd=tmp_path, ETHERSCAN_API_KEY="x" * 20, **source.environ)
    assert found["ETHERSCAN_API_KEY"][:2] == ("warning", "not tried: Etherscan gave no answer")


def test_a_source_that_tells_to_wait_has_taken_the_key(tmp_path, source):
    source.status = 429
    _, found = doctor("--probe", cwd=tmp_path, ETHERSCAN_API_KEY="x" * 20, **source.environ)
    assert found["ETHERSCAN_API_KEY"] == ("ok", "Etherscan takes it", "")
    assert found["etherscan"][2] == "nothing: it is asked again when its limit allows"


def test_a_key_that_works_is_told_and_the_sources_give_the_time(tmp_path):
    """Against what each source really sends, played from its samples."""
    with (tmp_path / "log").open("w") as log, coinmux("simulate", log=log):
        lines = (tmp_path / "log").read_text().splitlines()
        addresses = dict(line.split("=", 1) for line in lines if "_BASE_URL" in line)
        code, found = doctor("--probe", cwd=tmp_path, ETHERSCAN_API_KEY="x" * 20, **addresses)
    assert found["ETHERSCAN_API_KEY"] == ("ok", "Etherscan takes it", "")
    assert found["etherscan"][1].startswith("chain_head in ")
    assert found["binance"][0] == "ok"
    assert code == 0, [one for one in found.items() if one[1][0] == "failed"]


# Clock


@pytest.mark.parametrize(("ahead_s", "way"), [(300, "behind"), (-300, "ahead")])
def test_a_clock_that_is_off_is_told_with_what_to_do(tmp_path, source, ahead_s, way):
    """By the `Date` of every answer, whatever it says else."""
    source.ahead_s = ahead_s
    code, found = doctor("--probe", cwd=tmp_path, **source.environ)
    status, detail, remedy = found["clock"]
    assert (code, status) == (1, "failed")
    assert detail.startswith("this machine's clock is ")
    assert abs(int(detail.split()[4]) - 300) <= 2
    assert detail.endswith(f"s {way}")
    assert remedy.startswith("set it (NTP)")


def test_a_clock_that_is_right_is_compared(tmp_path, source):
    _, found = doctor("--probe", cwd=tmp_path, **source.environ)
    assert found["clock"][0] == "ok"
    assert found["clock"][1].endswith("s from that of 2 sources")


def test_one_source_alone_does_not_condemn_our_clock(tmp_path, source):
    source.ahead_s = 300
    _, found = doctor("--probe", cwd=tmp_path, PROVIDERS_ONLY="binance", **source.environ)
    assert found["clock"][0] == "warning"
    assert found["clock"][1].startswith("only binance gave its time")


# DNS


def gateway_of(**environ):
    loader = PluginLoader()
    wanted = ("binance", "bybit", "kraken", "okx", "lexicon")
    found = [one for one in loader.discover() if one.name in wanted]
    return Gateway.from_env(None, environ={"CHECKER": "off", **environ}, found=found)


def answering(monkeypatch, addresses):
    """Have names resolve to these; the rest is not known."""

    def ask(host, port, **_):
        if host not in addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (addresses[host], port))]

    monkeypatch.setattr(network_checks.socket, "getaddrinfo", ask)


async def names(**environ):
    async with gateway_of(**environ) as gateway:
        hosts = list(network_checks._hosts_of(gateway))
        return hosts, await network_checks.names(gateway)


async def test_no_name_server_is_one_finding(monkeypatch, tmp_path):
    resolver = tmp_path / "resolv.conf"
    resolver.write_text("search x\nnameserver 192.0.2.1\n")
    monkeypatch.setattr(network_checks, "_RESOLVER_FILE", resolver)
    answering(monkeypatch, {})
    hosts, (finding,) = await names()
    assert (finding.subject, finding.status) == ("DNS", "failed")
    assert f"none of {len(hosts)} names can be resolved" in finding.detail
    assert "192.0.2.1" in finding.remedy


async def test_a_name_that_is_filtered_and_one_that_is_led_away_are_told(monkeypatch):
    """A filter answers 0.0.0.0, a captive portal its own address."""
    hosts, _ = await names()
    answering(monkeypatch, {**dict.fromkeys(hosts[2:], "8.8.8.8"), hosts[1]: "0.0.0.0"})
    _, findings = await names()
    told = {one.status: one for one in findings}
    assert hosts[0] in told["warning"].detail
    assert told["failed"].detail == f"{hosts[1]} lead to no public address (0.0.0.0)"
    assert told["ok"].detail.startswith(f"{len(hosts) - 2} names are resolved")


async def test_nodes_of_ones_own_may_be_private_and_addresses_are_no_names(monkeypatch):
    answering(monkeypatch, {"node.internal": "10.0.0.1"})
    own = {"BINANCE_BASE_URL": "http://node.internal", "KRAKEN_BASE_URL": "http://127.0.0.1:9"}
    hosts, findings = await names(PROVIDERS_ONLY="binance,kraken", **own)
    assert hosts == ["node.internal"]
    assert [one.status for one in findings] == ["ok"]


async def test_behind_a_proxy_names_are_the_proxys(monkeypatch):
    answering(monkeypatch, {})
    _, (finding,) = await names(HTTP_TRANSPORT="httpx", HTTPS_PROXY="http://127.0.0.1:1")
    assert (finding.status, finding.detail) == ("ok", "names are resolved by the proxy")


# Proxy


@pytest.mark.parametrize("runs", [True, False])
def test_a_proxy_is_tried(tmp_path, runs):
    with socket.socket() as proxy:
        proxy.bind(("127.0.0.1", 0))
        if runs:
            proxy.listen()
        port = proxy.getsockname()[1]
        code, found = doctor(
            cwd=tmp_path, HTTP_TRANSPORT="httpx",
            HTTPS_PROXY=f"http://me:hunter22@127.0.0.1:{port}",
        )  # fmt: skip
    assert code == (0 if runs else 1)
    assert found["HTTPS_PROXY"][0] == ("ok" if runs else "failed")
    assert f"127.0.0.1 port {port}" in found["HTTPS_PROXY"][1]
    assert "hunter22" not in str(found)


def test_a_proxy_that_is_set_in_vain_is_a_warning(tmp_path):
    _, found = doctor(cwd=tmp_path, HTTPS_PROXY="http://127.0.0.1:1")
    assert found["settings"][0] == "warning"
    assert "HTTP_TRANSPORT=httpx" in found["settings"][2]


# The process


@pytest.mark.skipif(os.name != "posix", reason="ulimit")
@pytest.mark.parametrize(("limit", "status"), [(500, "warning"), (100, "failed")])
def test_too_few_open_files_are_told_with_the_number_that_would_do(tmp_path, limit, status):
    done = subprocess.run(
        ["sh", "-c", f'ulimit -n {limit}; exec "$@"', "sh", sys.executable, "-P", "-m", "coinmux",
         "doctor", "--json"],
        env=around({"MAX_IN_FLIGHT": "2000"}), cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    (found,) = [one for one in json.loads(done.stdout) if one["subject"] == "open files"]
    assert found["status"] == status
    assert found["detail"].startswith(f"{limit} may be open at a time")
    assert f"ulimit -n 3072 (the most is {limit})" in found["remedy"]
    assert done.returncode == (1 if status == "failed" else 0)


def test_more_workers_than_processors_are_a_warning(tmp_path):
    _, found = doctor(cwd=tmp_path, WORKERS="256")
    assert found["workers"][0] == "warning"
    assert "256 workers share" in found["workers"][1]
    assert "WORKERS" in found["workers"][2]


def test_the_user_is_told(tmp_path):
    _, found = doctor(cwd=tmp_path)
    assert found["user"][0] == ("warning" if os.geteuid() == 0 else "ok")


@pytest.mark.parametrize(
    ("required", "said"),
    [
        (["numpy>=99"], "is installed, and >=99 is needed"),
        (["numpy<1"], "is installed, and <1 is needed"),
        (["numpy!=1.0,>=1.26,<99", "nosuch-package>=1"], "nosuch-package is not installed"),
    ],
)
def test_a_package_outside_its_range_fails(tmp_path, monkeypatch, required, said):
    monkeypatch.setattr(process_checks.metadata, "requires", lambda _: required)
    code, found = doctor(cwd=tmp_path)
    assert (code, found["versions"][0]) == (1, "failed")
    assert said in found["versions"][1]
    assert "constraints.txt" in found["versions"][2]


def test_extras_and_packages_of_other_systems_are_not_missed(tmp_path, monkeypatch):
    required = ["nosuch; extra == 'test'", "nosuch>=1; sys_platform == 'plan9'", "numpy[x]>=1.26"]
    monkeypatch.setattr(process_checks.metadata, "requires", lambda _: required)
    _, found = doctor(cwd=tmp_path)
    assert found["versions"][0] == "ok"


def test_without_an_installation_the_ranges_are_not_known(tmp_path, monkeypatch):
    def requires(_):
        raise metadata.PackageNotFoundError("coinmux")

    monkeypatch.setattr(process_checks.metadata, "requires", requires)
    code, found = doctor(cwd=tmp_path)
    assert (code, found["versions"][0]) == (0, "warning")


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [("1.10", "1.9", 1), ("1.9", "1.9.0", 0), ("2.0rc1", "2.0", 0), ("0.28.1", "0.29", -1)],
)
def test_versions_are_compared_by_their_numbers(one, other, order):
    assert process_checks._order(one, other) == order


# All of it


def test_whatever_is_wrong_has_a_remedy(tmp_path, source):
    source.status = 403
    (tmp_path / "data").mkdir(mode=0o755)
    code, lines = examined(
        "--probe", cwd=tmp_path, ETHERSCAN_API_KEY="x" * 20, PLUGINS_BLOCK="nosuch",
        STATE_URL="redis://127.0.0.1:1", DATABASE_URL="postgresql://x@127.0.0.1:1/x",
        HTTPS_PROXY="http://127.0.0.1:1", WORKERS="256", **source.environ,
    )  # fmt: skip
    wrong = [one for one in lines if one["status"] != "ok"]
    assert code == 1
    assert len(wrong) > 6
    assert [one for one in wrong if not one["remedy"]] == []
