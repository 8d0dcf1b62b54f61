"""`serve --dev`: plugins are loaded again as their files change; for their authors."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from coinmux.framework.adoption.watch import SourceWatch
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence
    from pathlib import Path

    from coinmux.framework.adoption.watch import Seen
    from coinmux.framework.gateway import Gateway

_LOG = logging.getLogger("coinmux.dev")
#: How often files are looked at.
_LOOK_S = 0.3


def use_folders(folders: Sequence[Path]) -> None:
    """Have Python import from the projects in `folders`, and always from what was written last."""
    for folder in folders:
        source = folder / "src"
        sys.path.insert(0, str((source if source.is_dir() else folder).resolve()))
    # What is compiled is taken for current where the second and the size are the same.
    sys.dont_write_bytecode = True


@asynccontextmanager
async def watching(gateway: Gateway, folders: Sequence[Path]) -> AsyncIterator[None]:
    """Exchange plugins whose files change, for as long as the block lasts."""
    await gateway.wait_loaded()
    watch = await asyncio.to_thread(SourceWatch, gateway.loader, gateway.env.env_file, folders)
    names = ", ".join(one.name for one in gateway.loader.found if not one.built_in) or "none yet"
    _LOG.warning("--dev is for authors of plugins, not for deployment; watched: %s", names)

    async def run() -> None:
        while True:
            await asyncio.sleep(_LOOK_S)
            await _follow(gateway, await asyncio.to_thread(watch.look))

    def failed(error: Exception) -> float:
        _LOG.error("looking at the files of plugins: %s: %s", type(error).__name__, error)
        return 1.0

    task = asyncio.ensure_future(keep_running(run, failed))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _follow(gateway: Gateway, seen: Seen) -> None:
    """Do what the changes lead to, with a line for each."""
    if seen.others:
        try:
            await gateway.reload()
            _LOG.info("%s changed: settings and plugins were read again", ", ".join(seen.others))
        except CoinmuxError as error:
            text = gateway.redactor.clean(error.detail)
            _LOG.error("%s changed, and cannot be used: %s", ", ".join(seen.others), text)
    if not seen.plugins:
        return
    changes = await gateway.swap_plugins(seen.plugins)
    files = {one.key: one.value for one in gateway.loader.found}
    for change in (*changes.adopted, *changes.replaced):
        changed = _shown(seen.plugins[change.name, change.origin])
        module = (files.get((change.name, change.origin)) or change.name).partition(":")[0]
        _LOG.info(
            "%s changed: %s %s was loaded anew; coinmux conformance %s checks it",
            changed, change.name, change.version, module,
        )  # fmt: skip
    for change in changes.broken:
        changed = _shown(seen.plugins.get((change.name, change.origin), []))
        _LOG.error("%s changed: %s is broken: %s", changed, change.name, change.detail)


def _shown(files: Sequence[Path]) -> str:
    """The first of them as people know it, and how many more."""
    if not files:
        return "another plugin"
    name = "/".join(files[0].parts[-2:])
    return name if len(files) == 1 else f"{name} and {len(files) - 1} more"
