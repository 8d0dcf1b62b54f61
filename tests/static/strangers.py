"""A site of somebody else that carries the widget, with a strict policy and hostile styles."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WIDGET = "static/shared/components/system-status.js"
HOSTILE = (
    "* { display: none !important; color: red !important; font-size: 60px !important; "
    "position: static !important; background: yellow !important } "
    "html, body { display: block !important } button { transform: rotate(45deg) }"
)


class Stranger(BaseHTTPRequestHandler):
    """Its page, and its styles that want to spoil everything."""

    policy = html = ""

    def do_GET(self):
        style = self.path.endswith(".css")
        text = (HOSTILE if style else self.html).encode()
        self.send_response(200)
        self.send_header("content-type", "text/css" if style else "text/html")
        self.send_header("content-security-policy", self.policy)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


@contextmanager
def foreign_site(server, body=""):
    """Its address, while the block lasts; `server` is where the widget comes from."""
    policy = (
        f"default-src 'none'; script-src {server}; connect-src {server}; style-src 'self'; "
        "img-src 'self'"
    )
    html = (
        f'<!doctype html><html><head><link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="/hostile.css">'
        f'<script type="module" src="{server}/{WIDGET}"></script></head>'
        f"<body>{body}</body></html>"
    )
    site = type("Site", (Stranger,), {"policy": policy, "html": html})
    served = ThreadingHTTPServer(("127.0.0.1", 0), site)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{served.server_port}"
    finally:
        served.shutdown()
        served.server_close()
