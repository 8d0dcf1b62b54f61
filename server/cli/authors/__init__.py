"""What authors of plugins begin with and are checked by: `coinmux new` and `coinmux check`."""

from __future__ import annotations

from importlib.util import find_spec

from coinmux.framework.config.settings import InvalidSetting

_EXTRA = "coinmux[authors]"


def check_installed(what: str, module: str) -> None:
    """Refuse where a library of the extra `authors` is missing.

    Args:
        what: the command that needs it.
        module: what it is imported by.

    Raises:
        InvalidSetting: it is not installed.
    """
    if find_spec(module) is not None:
        return
    message = f"needs {module}: pip install '{_EXTRA}'"
    raise InvalidSetting(f"{what} {message}", errors=[{"name": what, "message": message}])
