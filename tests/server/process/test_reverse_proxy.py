"""Behind a real reverse proxy on the same machine, where every connection comes from loopback."""

import asyncio
import os
import shutil
import subprocess
import time

import httpx
import pytest

from coinmux.framework.testing.servers import free_port
from tests.server.keyed import bearer, line

TICKER = "/api/market/ticker?symbol=BTC/USDT"
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log stderr; events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass {upstream}; proxy_http_version 1.1; proxy_set_header Connection "";
      {says}
    }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:{port}
  {says}
  default_backend out
backend out
  server one {address}
"""
#: How each says for whom it asks; `silent` is a proxy that says nothing at all.
SAYS = {
    "nginx": "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
    "nginx silent": "",
    "haproxy": "option forwardfor",
    "haproxy silent": "",
}


class Proxy:
    """A program of Debian's in front of `base`."""

    def __init__(self, kind, base, folder):
        self.port = free_port()
        name = kind.split()[0]
        program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
        if program is None:
            if os.environ.get("CI"):
                pytest.fail(f"{name} is not installed; scripts/services installs it")
            pytest.skip(f"{name} is not installed (apt-get install {name})")
        address = base.removeprefix("http://")
        text = (NGINX if name == "nginx" else HAPROXY).format(
            folder=folder, port=self.port, upstream=base, address=address, says=SAYS[kind]
        )
        file = folder / "conf"
        file.write_text(text)
        own = ["-p", str(folder), "-c", str(file)] if name == "nginx" else ["-db", "-f", str(file)]
        self.process = subprocess.Popen([program, *own], stderr=subprocess.DEVNULL)

    async def started(self):
        """Wait until it takes connections."""
        end = time.monotonic() + 20
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                assert self.process.poll() is None
                assert time.monotonic() < end
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return

    def client(self, address):
        """A client that connects to it from that address of this machine."""
        transport = httpx.AsyncHTTPTransport(local_address=address)
        return httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", transport=transport)

    def end(self):
        self.process.terminate()
        self.process.wait(10)


@pytest.fixture
def proxy(tmp_path):
    """`await proxy(kind, base)`: ended with the test."""
    started = []

    async def start(kind, base):
        started.append(Proxy(kind, base, tmp_path))
        await started[-1].started()
        return started[-1]

    yield start
    for one in started:
        one.end()


@pytest.mark.parametrize("kind", list(SAYS))
async def test_nobody_behind_a_named_proxy_is_the_operator(live, proxy, kind):
    """Even where the proxy sends what a client here would, and says nothing of itself."""
    async with live(_settings={"TRUSTED_PROXIES": "127.0.0.1"}, a=[1.0]) as world:
        front = await proxy(kind, world.base)
        async with front.client("127.0.0.2") as client:
            assert (await client.get(TICKER)).status_code == 200
            for spoofed in ({}, {"X-Forwarded-For": "127.0.0.1"}, {"X-Real-IP": "127.0.0.1"}):
                answer = await client.post("/api/config/reload", headers=spoofed)
                assert answer.status_code == 403
                assert "through a proxy needs ADMIN_TOKEN" in answer.json()["detail"]
        # Not named, this machine may: the connection itself comes from another of its addresses.
        async with httpx.AsyncClient(
            base_url=world.base, transport=httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        ) as direct:
            assert (await direct.post("/api/config/reload")).status_code == 200


@pytest.mark.parametrize("kind", ["nginx", "haproxy"])
async def test_behind_a_proxy_that_is_not_named_nobody_is_the_operator(live, proxy, kind):
    """As long as it says that it relays, as both do when told to."""
    async with live(a=[1.0]) as world:
        front = await proxy(kind, world.base)
        async with front.client("127.0.0.2") as client:
            assert (await client.post("/api/config/reload")).status_code == 403


@pytest.mark.parametrize("kind", ["nginx", "haproxy"])
async def test_the_client_is_the_one_that_connected_to_the_proxy(live, proxy, kind):
    """An id of one's own is found from one's own address alone, and nobody can pretend to it."""
    async with live(_settings={"TRUSTED_PROXIES": "127.0.0.1"}, a=[1.0]) as world:
        front = await proxy(kind, world.base)
        async with front.client("127.0.0.2") as mine, front.client("127.0.0.3") as other:
            await mine.get(TICKER, headers={"X-Request-ID": "mine"})
            found = "/api/routing/decisions/mine"
            assert (await mine.get(found)).status_code == 200
            assert (await other.get(found)).status_code == 404
            spoofed = {"X-Forwarded-For": "127.0.0.2", "Forwarded": "for=127.0.0.2"}
            assert (await other.get(found, headers=spoofed)).status_code == 404


@pytest.mark.parametrize("kind", ["nginx", "haproxy"])
async def test_a_key_goes_through_a_proxy(live, proxy, kind):
    """And without one nobody is let in by standing behind it."""
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "API_KEYS": line("alice")}
    async with live(_settings=settings, a=[1.0]) as world:
        front = await proxy(kind, world.base)
        async with front.client("127.0.0.2") as client:
            assert (await client.get(TICKER)).status_code == 401
            for _ in range(3):
                assert (await client.get(TICKER, headers=bearer("alice"))).status_code == 200
            assert (await client.get(TICKER)).status_code == 401
