"""Real receivers of alerts on this machine: an SMTP server and a webhook."""

import email
import email.policy
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller

from coinmux import Unreachable

FAILS = Unreachable("no route to host, key=abcdefgh12345678")


def until(condition, seconds=20.0):
    """Wait for `condition()`; what it gave last."""
    end = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


@pytest.fixture
def webhook():
    """`webhook.url`, `webhook.got`: titles and bodies; `webhook.answers`: status, seconds."""
    got, answers = [], SimpleNamespace(status=200, seconds=0.0)
    released = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            released.wait(answers.seconds)
            if answers.status == 200:
                got.append(SimpleNamespace(
                    title=body["title"], body=body["message"], at=time.time()
                ))  # fmt: skip
            self.send_response(answers.status)
            self.end_headers()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    port = server.server_address[1]
    yield SimpleNamespace(url=f"json://127.0.0.1:{port}/hook", got=got, answers=answers)
    released.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def smtp():
    """`smtp.url`, and `smtp.got`: the messages received, as `email` reads them."""
    got = []

    class Handler:
        async def handle_DATA(self, server, session, envelope):
            got.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
            return "250 OK"

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(Handler(), hostname="127.0.0.1", port=port)
    controller.start()
    url = f"mailto://127.0.0.1:{port}?from=coinmux@example.com&to=night@example.com&mode=insecure"
    yield SimpleNamespace(url=url, got=got)
    controller.stop()
