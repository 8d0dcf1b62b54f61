"""The public API is typed to its edge, by mypy in strict mode and by pyright."""

import ast
import inspect
import re
import shutil
import subprocess
import sys
from dataclasses import is_dataclass
from pathlib import Path
from textwrap import indent

import pytest

import coinmux

ROOT = Path(__file__).resolve().parents[2]
API = Path(__file__).with_name("api.py")

JSON = "it is JSON from elsewhere, of any shape"
REPORT = "a report, whose members the REST contract describes"
DETAIL = "each kind of event has its own members"
PASSED_ON = "passed on to keyword parameters of several types"
OWN_QUERY = "the query of the result's own capability, which each result narrows for itself"
OWN_RESULT = "the result of the query's own capability, which each query narrows for itself"
#: Public signatures that say `Any`, each with its reason.
LOOSE = {
    "Candles.check": OWN_QUERY,
    "Candles.figure": OWN_QUERY,
    "Candles.fitted": OWN_QUERY,
    "Candles.from_rows": JSON,
    "Candles.joined": OWN_RESULT,
    "Candles.misplaced": OWN_QUERY,
    "Candles.next_query": OWN_QUERY,
    "Candles.staleness": OWN_QUERY,
    "Capability.freshness_for": OWN_QUERY,
    "Event.detail": DETAIL,
    "FearGreed.of": JSON,
    "Gas.figure": OWN_QUERY,
    "Gateway.decision": REPORT,
    "Gateway.explain": REPORT,
    "HTTP.gather": JSON,
    "HTTP.get_json": JSON,
    "HTTP.post_json": JSON,
    "HTTPClient.gather": JSON,
    "HTTPClient.get_json": JSON,
    "HTTPClient.post_json": JSON,
    "Markets.read": JSON,
    "News.check": OWN_QUERY,
    "OrderBook.figure": OWN_QUERY,
    "Query.known_empty": OWN_RESULT,
    "Query.nothing": OWN_RESULT,
    "Result.check": OWN_QUERY,
    "Result.figure": OWN_QUERY,
    "Result.fitted": OWN_QUERY,
    "Result.joined": OWN_RESULT,
    "Result.misplaced": OWN_QUERY,
    "Result.model_post_init": "pydantic's own signature",
    "Result.next_page": OWN_QUERY,
    "Result.next_query": OWN_QUERY,
    "Result.staleness": OWN_QUERY,
    "Social.check": OWN_QUERY,
    "SyncGateway.from_env": "framework/sync.pyi has the signature",
    "TextSentiment.check": OWN_QUERY,
    "Ticker.figure": OWN_QUERY,
    "Ticker.of": JSON,
    "Trade.of": JSON,
    "Trades.check": OWN_QUERY,
    "Trades.figure": OWN_QUERY,
    "Trades.read": JSON,
    "UnknownSymbol.__init__": PASSED_ON,
    "clean_text": JSON,
    "iso_ms": JSON,
    "last_price": JSON,
    "number": JSON,
    "price_or_none": JSON,
    "quantity": JSON,
    "rpc_request": JSON,
    "rpc_result": JSON,
}


def checked(*command):
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_mypy_in_strict_mode_reads_the_api_as_it_is_meant():
    """Every `assert_type` of `api.py` holds, and what must be refused is refused."""
    checked(sys.executable, "-m", "mypy", "--strict", str(API))


def test_pyright_reads_the_api_as_it_is_meant():
    """As mypy does, so that what editors complete is what is there."""
    here = Path(sys.executable).with_name("basedpyright")
    pyright = str(here) if here.exists() else shutil.which("basedpyright")
    if pyright is None:
        pytest.skip("basedpyright is not installed; it comes with the extra `test`")
    project = str(API.with_name("pyrightconfig.json"))
    checked(pyright, "--pythonpath", sys.executable, "--project", project)


def test_the_first_example_of_the_readme_is_among_what_is_checked():
    """What README shows first completes in an editor."""
    (example, *_) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    head, body = example.split("\n\n", 1)
    assert indent(body, "    ") in API.read_text()
    assert head == "from coinmux import SyncGateway"


def loose_signatures():
    """Public members of the public names whose annotations say `Any`, as written."""
    found = set()
    for name in coinmux.__all__:
        value = getattr(coinmux, name)
        if not inspect.isclass(value):
            found |= {name} if says_any(getattr(value, "__annotations__", {})) else set()
            continue
        for kind in value.__mro__:
            if kind.__module__.startswith("coinmux."):
                found |= {f"{kind.__name__}.{member}" for member in loose_members(kind)}
    return found


def loose_members(kind):
    for name, annotation in inspect.get_annotations(kind).items():
        if name[0] != "_" and says_any({name: annotation}):
            yield name
    # A dataclass's own repeats its fields.
    written = not is_dataclass(kind)
    for name, value in kind.__dict__.items():
        if name[0] == "_" and not (name == "__init__" and written):
            continue
        plain = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
        if inspect.isfunction(plain) and says_any(plain.__annotations__):
            yield name


def says_any(annotations):
    return any(re.search(r"\bAny\b", str(one)) for one in annotations.values())


def test_no_public_signature_says_any_without_a_reason():
    """A user of the package meets types; the exceptions are listed, and no longer than needed."""
    assert loose_signatures() == set(LOOSE)


def test_the_stub_of_the_twin_is_as_strict():
    """`framework/sync.pyi` says `Any` where `Gateway` does, and nowhere else."""
    tree = ast.parse((ROOT / "framework" / "sync.pyi").read_text())
    (twin,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    said = {
        node.name
        for node in twin.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(part, ast.Name) and part.id == "Any" for part in ast.walk(node))
    }
    gateway = {name.partition(".")[2] for name in LOOSE if name.startswith("Gateway.")}
    assert said == gateway
