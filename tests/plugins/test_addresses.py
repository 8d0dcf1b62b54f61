"""Where built-in sources are called: at hosts of their own, as a slip of a letter is a stranger's.

No other test would see it: all are led to loopback.
"""

import re
from urllib.parse import urlsplit

import pytest

from tests.plugins.sample_replay import ROOT, provider

NAMES = sorted(path.parent.name for path in (ROOT / "plugins/providers").glob("*/__init__.py"))
#: Domains of sources whose pages for people have another one.
OTHER = {
    "binance": {"binance.vision"},
    "blockchain_info": {"blockchain.info"},
    "covalent": {"covalenthq.com"},
    "defillama": {"llama.fi"},
    "evm_rpc": {"publicnode.com"},
    "gateio": {"gateio.ws"},
    "htx": {"huobi.pro"},
    "moralis": {"moralis.io"},
    "nomics": {"nomics.com"},
    "rss_news": {"cointelegraph.com"},
    "tronscan": {"tronscanapi.com"},
}
URL = re.compile(r"(?:https?|wss?)://([a-z0-9.-]+)")
#: Labels that stand before a name, never alone before `.com`.
LEADING = {"www", "api", "ws", "stream", "docs"}


def domain(url):
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


@pytest.mark.parametrize("name", NAMES)
def test_a_source_is_called_at_its_own_domain(name):
    """That of its pages for people, or one written down here."""
    info = provider(name).provider_info()
    own = {domain(url) for url in (info.homepage, info.docs_url, info.terms_url)}
    own |= OTHER.get(name, set())
    called = [info.base_url, *info.hosts.values(), *(one.url for one in info.sockets.values())]
    assert {url for url in called if url and domain(url) not in own} == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_address_in_its_code_lost_its_name(name):
    for path in (ROOT / "plugins/providers" / name).glob("*.py"):
        for host in URL.findall(path.read_text(encoding="utf-8")):
            assert host.split(".")[-2:][0] not in LEADING, f"{path.name}: {host}"
