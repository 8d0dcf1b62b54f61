"""A source breaks: somebody is told once, and once at its end; of many workers one tells."""

import json
import signal
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import httpx
import pytest

from tests.e2e.conftest import addresses_of, coinmux
from tests.e2e.test_workers import until, workers_of

ASKED = {"symbol": "BTC/USDT", "max_age_s": "0"}


@pytest.fixture
def webhook():
    """`webhook.url`, and `webhook.got`: title, body and time of each message."""
    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append(SimpleNamespace(title=body["title"], body=body["message"], at=time.time()))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield SimpleNamespace(url=f"json://127.0.0.1:{server.server_address[1]}/", got=got)
    server.shutdown()
    thread.join()
    server.server_close()


def told(webhook, word):
    return [one for one in webhook.got if word in one.title]


def ask(server, **more):
    httpx.get(f"{server.url}/api/market/ticker", params={**ASKED, **more}, timeout=20)


def test_a_drill_from_the_fault_to_the_message_of_its_end(webhook):
    """A source is broken, told once with a link that answers, mended, and told as over."""
    environ = {"ALERT_URLS": webhook.url, "ALERT_WAIT_S": "0", "ALERT_PAUSE_S": "0"}
    with coinmux("serve", "--simulate", OFFLINE_RETRY_S="1", **environ) as server:
        faults = httpx.get(f"{server.url}/api/drill").json()["faults"]
        fault = next(one for one in faults if one != "hang")
        httpx.post(f"{server.url}/api/drill/binance", json={"fault": fault})
        until(lambda: ask(server, provider="binance") or told(webhook, "MINOR: Binance"))
        (message,) = told(webhook, "MINOR: Binance")
        link = message.body.rpartition("\n")[2]
        assert "/incidents?id=" in link
        incident = httpx.get(f"{server.url}/api/incidents/{link.rpartition('=')[2]}").json()
        assert incident["title"] == "Binance"
        httpx.post(f"{server.url}/api/drill/binance", json={"fault": None})
        until(lambda: ask(server, provider="binance") or told(webhook, "over: Binance"), 40)
        report = httpx.get(f"{server.url}/api/alerts").json()
        assert [one["state"] for one in report["channels"]] == ["ok"]
        assert {one["state"] for one in report["messages"]} == {"sent"}
        assert len(told(webhook, "MINOR: Binance")) == 1


def test_of_two_workers_one_tells_and_the_other_goes_on_where_it_ended(webhook, tmp_path):
    """Without shared state: by the lock of their parent."""
    with socket.socket() as refusing:
        refusing.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{refusing.getsockname()[1]}"
        environ = {
            **addresses_of(nowhere), "ALERT_URLS": webhook.url, "ALERT_WAIT_S": "0",
            "ALERT_PAUSE_S": "0", "PROVIDERS_ONLY": "binance,kraken", "CHECKER": "off",
            "DATA_DIR": str(tmp_path), "LOG_LEVEL": "WARNING", "OFFLINE_RETRY_S": "600",
        }  # fmt: skip
        with coinmux("serve", "--workers", "2", **environ) as server:
            until(lambda: len(workers_of(server)) == 2)
            speaking = set()

            def both_are_down():
                for name in ("binance", "kraken"):
                    ask(server, provider=name)
                report = httpx.get(f"{server.url}/api/alerts").json()
                if told(webhook, "CRITICAL"):
                    speaking.add(report["speaks"])
                return speaking == {True, False}

            until(both_are_down, 40)
            time.sleep(3)  # a second message would have come by now
            said = [one for one in told(webhook, "CRITICAL") if "Prices" in one.title]
            assert len(said) == 1

            def one_speaks():
                url = f"{server.url}/api/alerts"
                found = [httpx.get(url, timeout=30).json()["speaks"] for _ in range(8)]
                return set(found) == {True, False}

            # One after the other, so that the one that speaks is among them.
            for victim in workers_of(server):
                victim.send_signal(signal.SIGKILL)
                victim.wait(5)
                until(lambda: len(workers_of(server)) == 2)
                until(one_speaks, 60)
