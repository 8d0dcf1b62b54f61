"""Clients made from the OpenAPI document by the usual makers of clients."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

NAME = "coinmux_made_client"
EXAMPLE = Path(__file__).parents[2] / "examples" / "typescript"


@pytest.fixture(scope="module")
def described(simulated_server, tmp_path_factory):
    """The document as it is served, in a file."""
    path = tmp_path_factory.mktemp("openapi") / "openapi.json"
    path.write_bytes(httpx.get(f"{simulated_server.url}/schema/openapi.json", timeout=10).content)
    return path


@pytest.fixture(scope="module")
def python_client(described):
    """The package that `openapi-python-client` makes, importable, and what it said."""
    folder = described.parent
    made = subprocess.run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--path", str(described),
            "--output-path", str(folder / NAME), "--meta", "none",
        ],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    told = made.stdout + made.stderr
    assert made.returncode == 0, told
    sys.path.insert(0, str(folder))
    yield told
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.split(".")[0] == NAME]:
        del sys.modules[name]


def test_a_python_client_is_made_of_every_route(described, python_client):
    """None is left out but what is no document: a picture, and a stream of events."""
    assert "Endpoint will not be generated" not in python_client
    document = json.loads(described.read_text())
    api = described.parent / NAME / "api"
    made = {path.stem for path in api.rglob("*.py") if path.stem != "__init__"}
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert len(made) == len(operations) > 45


def test_the_python_client_gets_typed_answers(simulated_server, python_client):
    """Of a ticker, of candles, and of an error."""
    market = f"{NAME}.api.market"
    get_ticker = importlib.import_module(f"{market}.get_ticker").sync
    get_candles = importlib.import_module(f"{market}.get_candles").sync
    with importlib.import_module(NAME).Client(base_url=simulated_server.url) as client:
        ticker = get_ticker(client=client, symbol="BTC/USDT")
        candles = get_candles(client=client, symbol="BTC/USDT", limit=3)
        refused = get_candles(client=client, symbol="BTC/USDT", limit=5_000)
    assert ticker.data.symbol == "BTC/USDT"
    assert ticker.data.last > 0
    assert ticker.meta.provider
    assert len(candles.data.rows) == 3
    assert candles.data.columns[0] == "timestamp"
    assert (refused.status, refused.code) == (400, "invalid_request")
    assert refused.errors[0].name == "limit"


@pytest.fixture(scope="module")
def typescript(described, tmp_path_factory):
    """A copy of `examples/typescript` whose packages are installed; runs its scripts."""
    if shutil.which("npm") is None:
        if os.environ.get("CI"):
            pytest.fail("npm is missing; scripts/services installs it")
        pytest.skip("npm is not installed (apt-get install npm)")
    folder = tmp_path_factory.mktemp("typescript") / "example"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules", "built"))

    def run(*command):
        return subprocess.run(
            command, cwd=folder, env={**os.environ, "OPENAPI": str(described)},
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip

    installed = run("npm", "install", "--no-audit", "--no-fund")
    if installed.returncode and not os.environ.get("CI") and "network" in installed.stderr.lower():
        pytest.skip("the example's packages cannot be fetched here")
    assert installed.returncode == 0, installed.stderr
    made = run("npm", "run", "types")
    assert made.returncode == 0, made.stderr
    return folder, run


def test_typescript_types_are_made_of_the_document(typescript):
    """By `openapi-typescript`, for every operation."""
    folder, _ = typescript
    text = (folder / "api.d.ts").read_text()
    for operation in ("getTicker", "getCandles", "getOnchainMetric", "getDecision", "askBatch"):
        assert f"{operation}:" in text


def test_the_typescript_example_is_sound_and_runs(typescript, simulated_server):
    """The strict compiler takes it, node runs it, and it shows what the server answers."""
    _, run = typescript
    checked = run("npm", "run", "check")
    assert checked.returncode == 0, checked.stdout
    assert run("npm", "run", "build").returncode == 0
    script = (
        "import { markets, Refused } from './built/client.js';"
        f"const url = '{simulated_server.url}';"
        "const shown = await markets(url, 'BTC/USDT');"
        "const refused = await markets(url, '?').catch((one) => one);"
        "console.log(JSON.stringify({ ...shown, code: refused.problem.code,"
        " known: refused instanceof Refused }));"
    )
    told = run("node", "--input-type=module", "-e", script)
    assert told.returncode == 0, told.stderr
    shown = json.loads(told.stdout)
    assert shown["last"] > 0
    assert len(shown["closes"]) == 3
    assert 0 <= shown["rsi"] <= 100
    assert shown["failed"] == "wrong: invalid_request"
    assert (shown["known"], shown["code"]) == (True, "invalid_symbol")


def test_the_compiler_refuses_what_the_server_has_not(typescript):
    """A member that no answer has is an error before anything is asked."""
    folder, run = typescript
    source = folder / "client.ts"
    kept = source.read_text()
    source.write_text(kept.replace("ticker.data.last", "ticker.data.lost"))
    try:
        checked = run("npm", "run", "check")
    finally:
        source.write_text(kept)
    assert checked.returncode != 0
    assert "'lost' does not exist" in checked.stdout
