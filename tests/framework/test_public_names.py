"""The public names: each is imported at its first use, and none of them too many."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import coinmux

SOURCE = Path(coinmux.__file__)
#: Modules by the name of their distribution, and more than one part where a part is meant.
_SERVERS = ("litestar", "uvicorn", "prometheus_client", "psutil")
_TERMINAL = ("click", "rich", "rich_click", "pygments")
_DATABASES = ("sqlalchemy", "alembic", "sqlite3", "redis", "asyncpg")
_OURS = ("coinmux.server", "coinmux.plugins", "coinmux.framework.simulator")


def loaded(code, of):
    """Which of the modules are imported once `code` has run in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name for name in done.stdout.split() if name.startswith(tuple(of)) and _is(name, of)}


def _is(name, of):
    return any(name == one or name.startswith(f"{one}.") for one in of)


def test_the_table_of_names_and_the_imports_for_type_checkers_agree():
    """A name has its module in both places, and stands in `__all__`."""
    imported = {
        alias.name: node.module
        for block in ast.parse(SOURCE.read_text("utf-8")).body
        if isinstance(block, ast.If)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert {imported.pop(name) for name in ("client", "models", "sockets")} == {"coinmux"}
    assert imported.pop("errors") == "coinmux.framework"
    table = {name: f"coinmux.framework.{module}" for name, module in coinmux._MODULE_OF.items()}
    table.pop("errors")
    assert table == imported
    assert {*table, "client", "models", "sockets", "errors"} == set(coinmux.__all__)


def test_every_public_name_is_there_and_listed():
    assert all(hasattr(coinmux, name) for name in coinmux.__all__)
    assert set(coinmux.__all__) <= set(dir(coinmux))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Nonesuch'"):
        _ = coinmux.Nonesuch


def test_importing_coinmux_imports_no_part_of_it():
    heavy = (*_SERVERS, *_TERMINAL, *_DATABASES, *_OURS, "numpy", "pydantic", "httpx", "asyncio")
    assert loaded("import coinmux", (*heavy, "coinmux.framework")) == set()


def test_a_gateway_is_imported_without_server_plugins_and_databases():
    heavy = (*_SERVERS, *_TERMINAL, *_DATABASES, *_OURS, "talib", "nltk", "pandas", "pyarrow")
    assert loaded("from coinmux import Gateway", heavy) == set()


def test_httpx_has_its_command_for_whoever_uses_it():
    """Only its import is put off; `from httpx import *` takes it too."""
    code = "import coinmux.framework.gateway, httpx, click; "
    code += "assert isinstance(httpx.main, click.Command); assert not hasattr(httpx, 'nonesuch')"
    assert "httpx._main" in loaded(code, ("httpx",))
    star = "import coinmux.framework.gateway\nfrom httpx import *\nmain, get"
    assert "httpx._main" in loaded(star, ("httpx",))


def test_httpx_that_is_loaded_already_is_left_alone():
    code = "import httpx; before = httpx.main; import coinmux.framework.gateway; "
    code += "assert httpx.main is before and '__getattr__' not in vars(httpx)"
    assert "httpx._main" in loaded(code, ("httpx",))
