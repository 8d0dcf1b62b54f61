"""The door for language models: the Model Context Protocol, generated from the same tables.

Each capability is a tool, all indicators are one. Nothing here changes anything. The official SDK
takes a second to import, so `session`, `stdio` and `http` alone import it, and each is imported
when somebody is served.
"""

from __future__ import annotations

from importlib.util import find_spec

from coinmux.framework.config.settings import InvalidSetting

_EXTRA = "coinmux[mcp]"


def check_installed(what: str) -> None:
    """Refuse where the SDK is missing.

    Args:
        what: what needs it: a setting or a command.

    Raises:
        InvalidSetting: it is not installed.
    """
    if find_spec("mcp") is not None and find_spec("mcp_types") is not None:
        return
    message = f"needs the official SDK: pip install '{_EXTRA}'"
    raise InvalidSetting(f"{what} {message}", errors=[{"name": what, "message": message}])
