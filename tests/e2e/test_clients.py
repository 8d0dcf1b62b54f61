"""Clients made from the OpenAPI document by the usual makers of clients."""

import importlib
import json
import os
import shutil
import subprocess
import sys

import httpx
import pytest

NAME = "coinmux_made_client"


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


def test_typescript_types_are_made_of_the_document(described):
    """By `openapi-typescript`, for every operation."""
    if shutil.which("npx") is None:
        if os.environ.get("CI"):
            pytest.fail("npx is missing; scripts/services installs npm")
        pytest.skip("npx is not installed (apt-get install npm)")
    types = described.parent / "api.d.ts"
    made = subprocess.run(
        ["npx", "--yes", "openapi-typescript@7", str(described), "-o", str(types)],
        capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    if made.returncode and not os.environ.get("CI") and "network" in made.stderr.lower():
        pytest.skip("openapi-typescript cannot be fetched here")
    assert made.returncode == 0, made.stderr
    text = types.read_text()
    for operation in ("getTicker", "getCandles", "getOnchainMetric", "getDecision", "computeBatch"):
        assert f"{operation}:" in text
