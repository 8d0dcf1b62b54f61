"""Makes a plugin's package of the template that is installed beside this module."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from coinmux.framework.errors import InvalidRequest

if TYPE_CHECKING:
    from coinmux.server.cli.authors.names import NewPlugin

_TEMPLATE = "template"


def make(plugin: NewPlugin, folder: Path) -> list[Path]:
    """Write the package into a folder that is empty or is not there; its files, in order.

    Raises:
        InvalidRequest: there is something in the folder.
    """
    # Imported here: it takes a third of a second, and only this needs it.
    from copier import run_copy

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = {"name": "into", "message": f"{folder} is there already and is not empty"}
        raise InvalidRequest(
            f"{folder} is there already and is not empty; --into takes another folder",
            errors=[hint],
        )
    with resources.as_file(resources.files(__package__) / _TEMPLATE) as template:
        run_copy(str(template), folder, data=plugin.words(), quiet=True, defaults=True)
    return sorted(path for path in folder.rglob("*") if path.is_file())
