"""The modules of a plugin in this process: where its code is, and how it is imported afresh."""

from __future__ import annotations

import importlib.util
import site
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING

from coinmux.framework.plugins.hookspecs import PROJECT

if TYPE_CHECKING:
    from types import ModuleType

    from coinmux.framework.plugins.found import Found


def root_of(value: str) -> str:
    """The package whose modules are the plugin's own, by the value of its entry point.

    A package that several distributions share has no file of its own, so the one below counts.
    """
    module = value.partition(":")[0].strip()
    parts = module.split(".")
    for count in range(1, len(parts)):
        name = ".".join(parts[:count])
        known = sys.modules.get(name)
        if known is not None and getattr(known, "__file__", None) is not None:
            return name
    return module if len(parts) > 1 and parts[0] in sys.modules else parts[0]


def take_out(root: str) -> dict[str, ModuleType]:
    """Have the modules of the package `root` imported afresh by the next who asks for them.

    What runs keeps those it has.

    Returns:
        the modules by name, for `put_back`.
    """
    if root == PROJECT or root.startswith(f"{PROJECT}."):
        return {}
    names = _modules_of(root)
    taken = {name: module for name in names if (module := sys.modules.pop(name, None)) is not None}
    importlib.invalidate_caches()
    return taken


def put_back(root: str, modules: dict[str, ModuleType]) -> None:
    """Have the modules of the package `root` in place again that `take_out` took, and no others."""
    for name in _modules_of(root):
        sys.modules.pop(name, None)
    sys.modules.update(modules)


def make_importable(one: Found) -> None:
    """Have Python find a plugin that was installed from its folder after the process began.

    Such an installation is a `.pth` file, which Python reads when it starts.
    """
    if one.value is None or one.built_in or _can_be_found(root_of(one.value)):
        return
    with suppress(PackageNotFoundError):
        installed = distribution(one.origin)
        folder = Path(str(installed.locate_file(""))).resolve()
        if folder not in [Path(read).resolve() for read in _read_at_start()]:
            return
        for file in installed.files or ():
            if len(file.parts) == 1 and file.suffix == ".pth":
                site.addpackage(str(folder), file.name, None)
    importlib.invalidate_caches()


def files_of(one: Found) -> list[Path]:
    """The plugin's Python files; none where it cannot be found."""
    if one.value is None:
        return []
    root = root_of(one.value)
    try:
        spec = importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return []
    if spec is None:
        return []
    folders = spec.submodule_search_locations
    if folders is None:
        return [] if spec.origin is None else [Path(spec.origin)]
    return [file for folder in folders for file in Path(folder).rglob("*.py")]


def _modules_of(root: str) -> list[str]:
    return [name for name in list(sys.modules) if name == root or name.startswith(f"{root}.")]


def _read_at_start() -> list[str]:
    """The folders whose `.pth` files Python reads when it starts."""
    own = [site.getusersitepackages()] if site.ENABLE_USER_SITE else []
    return [*site.getsitepackages(), *own]


def _can_be_found(name: str) -> bool:
    try:
        return importlib.util.find_spec(name.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False
