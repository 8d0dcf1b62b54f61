"""A folder of installed plugins, whose content changes while a gateway runs."""

import hashlib
import shutil
import sys
import textwrap

import pytest

from coinmux import Gateway

TICKER = """
from coinmux import ProviderInfo, Ticker, hookimpl

@hookimpl
def provider_info():
    return ProviderInfo(
        name="{name}", title="{name}", category="market", priority=5,
        base_url="https://{name}.example",
    )

@hookimpl
async def fetch_ticker(query, http):
    return Ticker(symbol=query.symbol, last={last}, timestamp=http.now_ms())
"""


class Site:
    """Installs plugins of one module each, `extra_<name>`."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()

    def install(self, name, text=None, version="1.0", *, last=1.0):
        self.uninstall(name)
        code = textwrap.dedent(TICKER.format(name=name, last=last) if text is None else text)
        (self.folder / f"extra_{name}.py").write_text(code)
        info = self.folder / f"extra_{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: extra-{name}\nVersion: {version}\n"
        )
        (info / "entry_points.txt").write_text(f"[coinmux]\n{name} = extra_{name}\n")
        digest = hashlib.sha256(code.encode()).hexdigest()
        (info / "RECORD").write_text(f"extra_{name}.py,sha256={digest},{len(code)}\n")

    def uninstall(self, name):
        (self.folder / f"extra_{name}.py").unlink(missing_ok=True)
        for info in self.folder.glob(f"extra_{name}-*.dist-info"):
            shutil.rmtree(info)


@pytest.fixture
def site(tmp_path, monkeypatch):
    made = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(str(made.folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield made
    for name in [one for one in sys.modules if one.startswith("extra_")]:
        del sys.modules[name]


@pytest.fixture
def environ():
    """Of the gateway; a test that changes it reloads."""
    return {"CHECKER": "off", "PLUGINS_BLOCK": "", "PROVIDERS_ONLY": "", "ARCHIVE": "off"}


@pytest.fixture
async def gateway(site, environ, monkeypatch):
    """A gateway on what is installed: coinmux's lexicon, and what the test puts into `site`."""
    points = ("lexicon", "rsi", "extra_")
    from coinmux.framework.plugins import installed

    every = installed.entry_points

    def few(*, group):
        return [
            one
            for one in every(group=group)
            if one.value.startswith("extra_") or one.name in points
        ]

    monkeypatch.setattr(installed, "entry_points", few)
    async with Gateway.from_env(None, environ=environ) as made:
        yield made
