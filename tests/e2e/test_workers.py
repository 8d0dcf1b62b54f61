"""Several processes on one port: one may die and none is missed, and they stop together."""

import os
import signal
import subprocess
import sys
import time

import httpx
import psutil

from coinmux.server.process.service_manager import ServiceManager
from coinmux.server.process.supervisor import Workers, listen
from tests.e2e.conftest import coinmux

QUIET = {"CHECKER": "off", "LOG_LEVEL": "WARNING"}


def path():
    return {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}


def workers_of(server):
    return [child for child in psutil.Process(server.process.pid).children() if child.is_running()]


def until(so, within_s=20):
    end = time.monotonic() + within_s
    while not so():
        assert time.monotonic() < end
        time.sleep(0.05)


def healthy(server, times=1):
    """So many answers in a row, each over a connection of its own."""
    return all(
        httpx.get(f"{server.url}/healthz", timeout=5).status_code == 200 for _ in range(times)
    )


def test_a_worker_that_dies_is_begun_again_and_all_stop_together(store):
    with coinmux("serve", "--simulate", "--workers", "2", STATE_URL=store.url, **QUIET) as server:
        until(lambda: len(workers_of(server)) == 2)
        services = {}

        def both_know():
            status = httpx.get(f"{server.url}/api/status", timeout=5).json()
            services.update({one["name"]: one for one in status["services"]})
            return services["shared_state"]["detail"] == "shared by 2 workers"

        until(both_know)
        victim = workers_of(server)[0]
        victim.send_signal(signal.SIGKILL)
        victim.wait(5)
        assert healthy(server, times=20), "the socket is the parent's: nobody is turned away"
        until(lambda: len(workers_of(server)) == 2)
        assert victim.pid not in [one.pid for one in workers_of(server)]
        children = workers_of(server)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert not any(one.is_running() for one in children)


def test_an_answer_is_fetched_once_by_all_of_them(store):
    with coinmux("serve", "--simulate", "--workers", "3", STATE_URL=store.url, **QUIET) as server:
        until(lambda: len(workers_of(server)) == 3)

        def all_share():
            # Connections are new each time, so that each worker answers some of them.
            told = [httpx.get(f"{server.url}/api/status", timeout=5).json() for _ in range(12)]
            return {
                one["detail"]
                for status in told
                for one in status["services"]
                if one["name"] == "shared_state"
            } == {"shared by 3 workers"}

        until(all_share)
        url = f"{server.url}/api/chain/bitcoin/head"
        fetched = {httpx.get(url, timeout=5).json()["meta"]["fetched_at"] for _ in range(12)}
        assert len(fetched) == 1


def test_workers_whose_parent_is_killed_end_by_themselves():
    with coinmux("serve", "--simulate", "--workers", "2", **QUIET) as server:
        until(lambda: len(workers_of(server)) == 2 and healthy(server, 4))
        children = workers_of(server)
        server.process.kill()
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive


def test_a_setting_that_will_not_do_is_said_before_anything_starts():
    told = subprocess.run(
        [sys.executable, "-m", "coinmux", "serve", "--workers", "2", "--env-file", os.devnull],
        env={**path(), "DATABASE_URL": "nonsense", "PORT": "0"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert told.returncode == 2
    assert "DATABASE_URL takes postgresql://" in told.stdout + told.stderr


def test_workers_that_can_never_start_are_given_up():
    before = {sign: signal.getsignal(sign) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        failing = [sys.executable, "-c", "raise SystemExit(3)"]
        assert Workers(2, failing, {}, listen("127.0.0.1", 0), ServiceManager({})).run() == 3
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def test_a_decision_is_found_whichever_worker_is_asked(store):
    with coinmux("serve", "--simulate", "--workers", "2", STATE_URL=store.url, **QUIET) as server:
        until(lambda: len(workers_of(server)) == 2 and healthy(server, 4))
        made = httpx.get(f"{server.url}/api/chain/bitcoin/head?max_age_s=0", timeout=5)
        ids = [made.headers["x-request-id"], "job:1/2"]
        own = {"X-Request-ID": ids[1]}
        httpx.get(f"{server.url}/api/chain/bitcoin/gas", headers=own, timeout=5)

        def found(request_id):
            path = f"{server.url}/api/routing/decisions/{request_id}"
            return [httpx.get(path, timeout=5).status_code for _ in range(12)]

        for one in ids:
            until(lambda one=one: 404 not in found(one))


def test_without_a_store_too_a_decision_is_found_and_a_drill_is_everybodys():
    """Workers ask each other; each has a simulator of its own, and does what another is told."""
    with coinmux("serve", "--simulate", "--workers", "3", **QUIET) as server:
        until(lambda: len(workers_of(server)) == 3 and healthy(server, 6))
        made = httpx.get(f"{server.url}/api/chain/bitcoin/head?max_age_s=0", timeout=20)
        shown = f"{server.url}/api/pages/decision?request={made.headers['x-request-id']}"
        assert all(httpx.get(shown, timeout=20).json()["found"] for _ in range(12))
        unknown = httpx.get(f"{server.url}/api/pages/decision?request=nobody", timeout=20).json()
        assert not unknown["found"]

        drill = f"{server.url}/api/drill"
        httpx.post(f"{drill}/binance", json={"fault": "status"}, timeout=20).raise_for_status()
        broken = [httpx.get(drill, timeout=20).json()["broken"] for _ in range(12)]
        assert broken == [{"binance": "status"}] * 12
        price = f"{server.url}/api/market/ticker?symbol=BTC/USDT&provider=binance&max_age_s=0"
        assert {httpx.get(price, timeout=20).status_code for _ in range(6)} <= {502, 503}
        httpx.post(f"{drill}/binance", json={"fault": None}, timeout=20).raise_for_status()
        assert [httpx.get(drill, timeout=20).json()["broken"] for _ in range(12)] == [{}] * 12


def test_without_a_store_too_all_judge_a_source_alike_and_share_its_limits():
    """Kraken answers one request a second, fewer than there are workers, and refuses none."""
    with coinmux("serve", "--simulate", "--workers", "3", **QUIET) as server:
        until(lambda: len(workers_of(server)) == 3 and healthy(server, 6))
        httpx.post(f"{server.url}/api/drill/binance", json={"fault": "status"}, timeout=20)
        price = f"{server.url}/api/market/ticker?symbol=BTC/USDT&max_age_s=0"
        for _ in range(3):
            httpx.get(f"{price}&provider=binance", timeout=20)

        def states():
            health = f"{server.url}/api/source-health/status/binance"
            return {httpx.get(health, timeout=20).json()["state"] for _ in range(12)}

        until(lambda: states() == {"OFFLINE"})
        log = httpx.get(f"{server.url}/api/monitoring/activity?limit=500", timeout=20).json()
        messages = [one["message"] for one in log["events"] if one["kind"] == "state"]
        assert messages.count("binance went from DEGRADED to OFFLINE") == 1, "each noticed it"

        answered = []
        for _ in range(8):
            reply = httpx.get(f"{price}&provider=kraken", timeout=20)
            answered.append(reply.status_code)
            if reply.status_code != 200:
                assert reply.json()["code"] == "no_provider_available"
            time.sleep(0.6)
        assert answered.count(200) >= 4, answered
        assert answered[0] == 200
