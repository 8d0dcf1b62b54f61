"""The blocks of code in the documentation run as they stand, on simulated sources.

Those of the tutorial, of `docs/plugins.md`, of the examples' own tests and of generated pages have
tests elsewhere.
"""

import ast
import asyncio
import inspect
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from coinmux import Gateway, SyncGateway
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from tests.e2e.conftest import coinmux

ROOT = Path(__file__).resolve().parents[2]
#: Sources that the blocks ask; loading all of them for each block takes seconds.
ASKED = ("binance", "bybit", "coinbase_exchange", "kraken", "okx")
ELSEWHERE = ("plugins.md", "conformance.md", "tutorial.md")
#: Pages whose blocks are plain calls without `await`.
PLAIN = ("frames.md",)
#: A stream goes on for ever: its block is read until it has told so many times.
ENOUGH = 3


def blocks(language):
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        if page.name not in ELSEWHERE:
            found = re.findall(rf"(?ms)^```{language}\n(.*?)^```", page.read_text())
            for at, code in enumerate(found):
                yield pytest.param(page.name, code, id=f"{page.stem}-{at}")


class Enough(Exception):
    """The block told enough."""


@pytest.fixture
async def environ():
    loader = PluginLoader()
    loader.load(loader.discover(allow=ASKED), wait_s=30, limit_s=30)
    simulator = Simulator(simulated_providers(one.plugin for one in loader.providers.values()))
    await simulator.start()
    try:
        yield {**simulator.overrides(), "PLUGINS_ALLOW": ",".join(ASKED), "CHECKER": "off"}
    finally:
        await simulator.stop()


async def run(code, names):
    compiled = compile(code, "block", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    told = []

    def tell(*words):
        told.append(words)
        if len(told) >= ENOUGH:
            raise Enough

    names |= {"print": tell, "__name__": "block"}
    try:
        if compiled.co_flags & inspect.CO_COROUTINE:
            async with asyncio.timeout(30):
                await eval(compiled, names)
        else:
            # What blocks must not hold up the simulator, which runs in this loop.
            await asyncio.to_thread(exec, compiled, names)
    except* Enough:
        pass
    return told


@pytest.mark.parametrize(("page", "code"), list(blocks("python")))
async def test_a_block_of_python_runs(page, code, environ, monkeypatch, tmp_path):
    """What it prints is there, what it names exists."""
    monkeypatch.chdir(tmp_path)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    if page in PLAIN:
        with SyncGateway.from_env(None, environ=environ) as gateway:
            told = await run(code, {"gateway": gateway})
    else:
        async with Gateway.from_env(None, environ=environ) as gateway:
            assert await gateway.wait_loaded() == []
            told = await run(code, {"gateway": gateway})
    assert bool(told) is ("print(" in code)


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl")
def test_what_is_asked_with_curl_is_answered(tmp_path):
    """Every `curl` of a GET in the README and the pages, asked of a simulated server."""
    pages = (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
    texts = [page.read_text() for page in pages if page.name not in ELSEWHERE]
    asked = {line for text in texts for line in re.findall(r"(?m)^(?:\$ )?(curl .*'http.*)$", text)}
    assert len(asked) >= 2
    with coinmux("serve", "--simulate", CHECKER="off") as server:
        for line in asked:
            command = line.replace("http://127.0.0.1:7860", server.url)
            done = subprocess.run(
                ["sh", "-c", f"{command} --fail"], cwd=tmp_path, capture_output=True, text=True,
                timeout=60, check=False,
            )  # fmt: skip
            assert done.returncode == 0, (line, done.stderr)
