"""The examples of `x-codeSamples` work as they are written, against a simulated server."""

import ast
import asyncio
import csv
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import httpx
import pytest

from coinmux import Gateway
from coinmux.framework.errors import CoinmuxError
from coinmux.server.app import create_app
from coinmux.server.openapi.document import document
from coinmux.server.openapi.snippets import BASE

#: What nothing is kept under in a fresh demo, and what has no sample for the example.
MAY_FAIL = {
    "getDecision", "getIncident", "noteIncident", "endMaintenance", "getEntity",
    "getLargeTransfers", "getOnchainMetric",
}  # fmt: skip
#: The other tests share this server: none of its sources is broken, or left alone for half an hour.
APART = {"orderDrill", "beginMaintenance"}


class EnoughError(Exception):
    """A stream has no end: one event is enough."""


def described():
    async def make():
        gateway = Gateway.from_env(None, environ={"CHECKER": "off", "ARCHIVE": "off"}, found=[])
        try:
            return document(create_app(gateway).application)
        finally:
            await gateway.close()

    return asyncio.run(make())


SAMPLES = [
    (operation["operationId"], sample["label"], sample["source"])
    for operations in described()["paths"].values()
    for operation in operations.values()
    for sample in operation["x-codeSamples"]
    if operation["operationId"] not in APART
]


def of(label):
    found = [(name, source) for name, one, source in SAMPLES if one == label]
    return pytest.mark.parametrize(("name", "source"), found, ids=[name for name, _ in found])


def test_every_route_has_examples():
    """For curl; and for programs, unless it changes something."""
    operations = [one for path in described()["paths"].values() for one in path.values()]
    assert len(operations) > 70
    for one in operations:
        labels = [sample["label"] for sample in one["x-codeSamples"]]
        changes = one.get("security", [{}, {}])[1].get("adminToken") is not None
        assert labels[0] == "curl"
        assert ("Python" in labels and "JavaScript" in labels) is not changes
        assert ("Google Sheets" in labels) is (
            "text/csv" in one["responses"]["200"]["content"] and "requestBody" not in one
        )


@of("curl")
def test_curl(simulated_server, name, source):
    """It is answered by 200; a stream by its first event."""
    words = shlex.split(source.replace(BASE, simulated_server.url))
    is_live = "-N" in words
    done = subprocess.run(
        [*words, "-s", "--max-time", "5" if is_live else "30", "-w", "\n%{http_code}"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    body, _, status = done.stdout.rpartition("\n")
    if name in MAY_FAIL:
        assert json.loads(body).get("code") != "invalid_request", body
    else:
        assert status == "200", body
        assert body


@of("Python")
def test_python(simulated_server, name, source):
    """It prints something of the answer."""
    shown = []

    def told(*values):
        shown.append(values)
        if len(shown) > 2:
            raise EnoughError

    code = compile(source.replace(BASE, simulated_server.url), name, "exec")
    failed = None
    try:
        exec(code, {"print": told})
    except EnoughError:
        pass
    except (CoinmuxError, OSError) as error:
        failed = error
        if isinstance(error, HTTPError):
            error.close()  # it holds the answer's connection
    if name in MAY_FAIL and failed is not None:
        assert getattr(failed, "code", 0) not in ("invalid_request", 400)
    else:
        assert failed is None
        assert shown


@of("Google Sheets")
def test_spreadsheets(simulated_server, name, source):
    """The address that a cell reads is a table with a header and its source."""
    address = source.split('"')[1].replace(BASE, simulated_server.url)
    try:
        with urlopen(address, timeout=30) as answer:
            rows = list(csv.reader(answer.read().decode().splitlines()))
    except HTTPError as error:
        error.close()
        assert name in MAY_FAIL
        return
    assert "source" in rows[0]
    assert len(rows) > 1


def test_javascript(simulated_server):
    """Node runs them all, but for streams, which are a browser's (`EventSource`)."""
    if shutil.which("node") is None:
        if os.environ.get("CI"):
            pytest.fail("node is missing; scripts/services installs npm, which brings it")
        pytest.skip("node is not installed (apt-get install npm)")
    sources = [
        (name, source)
        for name, label, source in SAMPLES
        if label == "JavaScript" and "EventSource" not in source
    ]
    assert len(sources) > 50
    blocks = [
        f"try {{ {source} told.push([{json.dumps(name)}, answer.status]); }}"
        f" catch (error) {{ told.push([{json.dumps(name)}, String(error)]); }}"
        for name, source in sources
    ]
    script = "const told = []; const show = console.log; console.log = () => {};\n"
    script += "\n".join(blocks) + "\nshow(JSON.stringify(told));"
    done = subprocess.run(
        ["node", "--input-type=module", "-"],
        input=script.replace(BASE, simulated_server.url),
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [one for one in told if one[1] != 200 and one[0] not in MAY_FAIL] == []


PAGE = (Path(__file__).parents[2] / "docs" / "client.md").read_text()
BLOCKS = re.findall(r"(?ms)^```py\n(.*?)^```", PAGE)


@pytest.mark.parametrize("source", BLOCKS, ids=range(len(BLOCKS)))
async def test_the_page_of_the_client(simulated_server, source):
    """Its blocks ask a server, so they run here: each as it stands."""
    url = simulated_server.url
    source = source.replace(BASE, url).replace("Client()", f"Client({url!r})")
    told = []

    def tell(*values):
        told.append(values)
        if len(told) > 2:
            raise EnoughError

    compiled = compile(source, "client.md", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names = {"print": tell}
    try:
        async with asyncio.timeout(30):
            if (made := eval(compiled, names)) is not None:
                await made
    except EnoughError:
        pass
    assert bool(told) is ("print(" in source)
    if "batch" in source:
        assert (names["btc"].data.symbol, names["rsi"].data.indicator) == ("BTC/USDT", "rsi")
        assert names["news"].meta["provider"]


def test_the_served_document_has_them(simulated_server):
    """As they are in the reference."""
    served = httpx.get(f"{simulated_server.url}/schema/openapi.json", timeout=30).json()
    ticker = served["paths"]["/api/market/ticker"]["get"]["x-codeSamples"]
    assert {one["label"] for one in ticker} == {
        "curl", "Python", "JavaScript", "Excel", "Google Sheets",
    }  # fmt: skip
