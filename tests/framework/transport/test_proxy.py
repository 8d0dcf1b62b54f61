"""Through a real CONNECT proxy on loopback, as a company has one."""

import asyncio
import contextlib
import sys

import pytest

from coinmux import Gateway, ProviderInfo, Ticker, hookimpl
from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.config.settings import InvalidSetting
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.transport.choice import is_named
from tests.framework.streams.acme import Acme
from tests.framework.streams.exchange import Exchange, until
from tests.framework.transport.loopback_proxy import LoopbackProxy
from tests.framework.transport.test_client import Certificates

#: Public, so that the guard lets it pass; only the proxy of this test can reach it.
ADDRESS = "93.184.215.14"


class Source:
    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="x", title="X", category="market", base_url=f"https://{ADDRESS}"
        )  # fmt: skip

    @hookimpl
    async def fetch_ticker(self, query, http):
        body = await http.get_json("/ticker")
        return Ticker(symbol=query.symbol, last=body["last"])


@pytest.fixture
async def proxy(tmp_path, monkeypatch):
    """Its address, and the lines it was asked with; all it is asked for it leads to one source."""
    certificates = Certificates(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.file))
    asked, tasks = [], set()

    async def source(reader, writer):
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while await reader.readuntil(b"\r\n\r\n"):
                body = b'{"last": 5}'
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
        writer.close()

    async def pass_on(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        asked.append(head.decode())
        port = origin.sockets[0].getsockname()[1]
        there, out = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pass_on(reader, out), pass_on(there, writer))

    def kept(work):
        async def serve(reader, writer):
            tasks.add(asyncio.current_task())
            await work(reader, writer)

        return serve

    context = certificates.server(address=ADDRESS)
    origin = await asyncio.start_server(kept(source), "127.0.0.1", 0, ssl=context)
    server = await asyncio.start_server(kept(connect), "127.0.0.1", 0)
    yield f"http://me:hunter22x@127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    server.close()
    origin.close()
    await asyncio.gather(*tasks, return_exceptions=True)


def gateway_of(tmp_path, text="", **environ):
    file = tmp_path / ".env"
    file.write_text(text)
    file.chmod(0o600)
    environ = {"CHECKER": "off", "HTTP_TRANSPORT": "httpx", **environ}
    return Gateway.from_env(file, environ=environ, found=[in_process("x", Source())])


@pytest.mark.parametrize("where", ["file", "environment"])
@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
async def test_every_request_goes_through_it(proxy, tmp_path, where, variable):
    address, asked = proxy
    text, environ = ("", {variable: address})
    if where == "file":
        text, environ = f"{variable}={address}\n", {}
    async with gateway_of(tmp_path, text, **environ) as gateway:
        answer = await gateway.ticker("BTC/USDT")
        assert answer.data.last == 5
        assert gateway.redactor.clean("me:hunter22x@") == "me:***@"
    assert asked[0].startswith(f"CONNECT {ADDRESS}:443 HTTP/1.1\r\n")
    assert "Proxy-Authorization" in asked[0]
    assert "/ticker" not in "".join(asked), "the proxy sees no path"


async def test_private_addresses_are_refused_through_it_too(proxy, tmp_path):
    address, asked = proxy

    class Inside(Source):
        @hookimpl
        def provider_info(self):
            return ProviderInfo(
                name="x", title="X", category="market", base_url="https://10.0.0.1"
            )  # fmt: skip

    environ = {"CHECKER": "off", "HTTP_TRANSPORT": "httpx", "HTTPS_PROXY": address}
    found = [in_process("x", Inside())]
    async with Gateway.from_env(None, environ=environ, found=found) as gateway:
        with pytest.raises(Exception, match=r"blocked_address|no_provider"):
            await gateway.ticker("BTC/USDT")
    assert asked == []


def test_without_the_httpx_transport_it_is_told_that_no_request_goes_through():
    env = EnvConfig(None, {"HTTPS_PROXY": "http://me:hunter22x@proxy:3128"})
    (warning,) = env.warnings
    assert warning.startswith("HTTPS_PROXY is set and no request goes through it")
    assert "HTTP_TRANSPORT=httpx" in warning
    assert "hunter22x" not in warning
    both = {"HTTPS_PROXY": "http://proxy:3128", "HTTP_TRANSPORT": "httpx"}
    assert EnvConfig(None, both).warnings == ()
    assert EnvConfig(None, {"NO_PROXY": "localhost"}).warnings == ()


@pytest.mark.parametrize(
    ("netloc", "listed", "named"),
    [
        ("api.kraken.com", "kraken.com", True),
        ("api.kraken.com", ".kraken.com", True),
        ("api.kraken.com:443", "localhost, API.kraken.com", True),
        ("api.kraken.com:8443", "api.kraken.com:8443", True),
        ("api.kraken.com", "*", True),
        ("apikraken.com", "kraken.com", False),
        ("api.kraken.com", "", False),
        ("api.kraken.com", "binance.com", False),
    ],
)
def test_no_proxy_names_hosts_and_domains(netloc, listed, named):
    assert is_named(netloc, listed) is named


async def test_live_feeds_go_through_it_too(monkeypatch):
    """Over a name that only the proxy knows."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with Exchange().open() as exchange, LoopbackProxy(exchange.port).open() as proxy:
        environ = {
            "CHECKER": "off", "ARCHIVE": "off", "HTTP_TRANSPORT": "httpx", "HTTP_PROXY": proxy.url,
            "ACME_WS_URL": "ws://only-there.example/feed",
        }  # fmt: skip
        found = [in_process("acme", Acme("acme", exchange))]
        async with Gateway.from_env(None, environ=environ, found=found) as gateway:
            stream = gateway.stream("ticker", "BTC/USDT")
            entering = asyncio.ensure_future(stream.open())
            await until(lambda: any(exchange.channels.values()))
            await exchange.say("t:BTC-USDT", 101.0)
            await asyncio.wait_for(entering, 5)
            assert (await anext(stream)).data.last == 101.0
            assert proxy.asked == ["only-there.example:80"]
            await stream.close()


async def test_no_proxy_holds_for_them():
    """A host it names is dialled."""
    async with Exchange().open() as exchange, LoopbackProxy(exchange.port).open() as proxy:
        environ = {
            "CHECKER": "off", "ARCHIVE": "off", "HTTP_TRANSPORT": "httpx", "HTTP_PROXY": proxy.url,
            "NO_PROXY": "127.0.0.1", "ACME_WS_URL": exchange.url,
        }  # fmt: skip
        found = [in_process("acme", Acme("acme", exchange))]
        async with Gateway.from_env(None, environ=environ, found=found) as gateway:
            stream = gateway.stream("ticker", "BTC/USDT")
            entering = asyncio.ensure_future(stream.open())
            await until(lambda: any(exchange.channels.values()))
            await exchange.say("t:BTC-USDT", 101.0)
            await asyncio.wait_for(entering, 5)
            assert proxy.asked == []
            await stream.close()


@pytest.mark.parametrize(
    ("variable", "values"),
    [
        ("HTTPS_PROXY", {"HTTPS_PROXY": "socks5://127.0.0.1:1080"}),
        ("ALL_PROXY", {"ALL_PROXY": "socks5h://127.0.0.1:1080"}),
    ],
)
def test_a_socks_proxy_without_its_package_is_refused_at_the_start(monkeypatch, variable, values):
    """The error names the variable and the extra to install."""
    monkeypatch.setitem(sys.modules, "socksio", None)
    environ = {"HTTP_TRANSPORT": "httpx", "ARCHIVE": "off", **values}
    with pytest.raises(InvalidSetting, match=r"coinmux\[socks\]") as refused:
        Gateway.from_env(None, environ=environ, found=[in_process("x", Source())])
    assert [one["name"] for one in refused.value.errors] == [variable]
