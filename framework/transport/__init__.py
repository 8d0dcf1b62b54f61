"""HTTP on the wire: connections, limits on every byte, addresses that may be dialled."""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any, Final

_COMMAND: Final = "httpx._main"


def _import_httpx() -> None:
    """Import httpx without its command, which a gateway never runs.

    Where click, rich and pygments are installed, `import httpx` loads all of them for it. Nothing
    is done if httpx is loaded already.
    """
    if "httpx" in sys.modules or _COMMAND in sys.modules:
        return
    # Python's way to say that a module cannot be imported. httpx goes on without it, as it does
    # where click is not installed.
    sys.modules[_COMMAND] = None  # type: ignore[assignment]
    try:
        httpx = import_module("httpx")
    finally:
        del sys.modules[_COMMAND]
    _load_command_when_asked(httpx)


def _load_command_when_asked(httpx: ModuleType) -> None:
    """Have `httpx.main` be what it always is, for a caller that uses it."""
    without_click = httpx.__dict__.pop("main")

    def attribute(name: str) -> Any:
        if name != "main":
            raise AttributeError(f"module 'httpx' has no attribute {name!r}")
        try:
            main = import_module(_COMMAND).main
        except ImportError:
            main = without_click
        httpx.__dict__["main"] = main
        return main

    httpx.__dict__["__getattr__"] = attribute


_import_httpx()
