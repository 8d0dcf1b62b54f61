"""The commands that plugins add; looked for where a name is none of ours, and for `--help`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

import rich_click as click

from coinmux.framework.config.settings import DEFAULT_ENV_FILE, InvalidSetting
from coinmux.framework.errors import PluginError, PluginTimeout
from coinmux.framework.health.classify import quoted
from coinmux.framework.plugins.discovery import PluginLoader
from coinmux.server.cli.console import read_env

#: The hook.
HOOK = "register_commands"
#: A plugin that takes longer is left out; its server may still load it.
_LOAD_S = 5.0


@cache
def plugin_commands(taken: tuple[str, ...]) -> Mapping[str, click.Command]:
    """The commands of the installed plugins that did not come with coinmux, by name.

    A plugin that does not load, or whose hook fails, is told on standard error; the others are
    there.

    Args:
        taken: names that no plugin may have.
    """
    found: dict[str, click.Command] = {}
    for plugin, command in _declared(_loader()):
        name = command.name or ""
        if name in taken or name in found:
            _tell(plugin, f"the command {name!r} is taken")
        else:
            found[name] = command
    return dict(sorted(found.items()))


def _loader() -> PluginLoader:
    """Every stranger's plugin that settings have loaded; none of ours, which have no commands."""
    loader = PluginLoader()
    allow: tuple[str, ...] = ()
    block: tuple[str, ...] = ()
    try:
        settings = read_env(str(DEFAULT_ENV_FILE)).settings
    except InvalidSetting:
        pass  # whichever command is run says so
    else:
        allow, block = settings.plugins_allow, settings.plugins_block
    strangers = [one for one in loader.discover(allow, block) if not one.built_in]
    loader.load(strangers, wait_s=_LOAD_S, limit_s=_LOAD_S)
    for broken in loader.broken:
        _tell(broken.name, f"is broken: {broken.error}")
    for late in loader.pending:
        _tell(late.name, f"took more than {_LOAD_S:g} s to load")
    return loader


def _declared(loader: PluginLoader) -> Iterator[tuple[str, click.Command]]:
    """Each command, with the name of its plugin."""
    caller = getattr(loader.manager.hook, HOOK)
    for impl in sorted(caller.get_hookimpls(), key=lambda one: str(one.plugin_name)):
        name = str(impl.plugin_name)
        try:
            told = tuple(_in_time(impl.function))
            wrong = [one for one in told if not isinstance(one, click.Command) or not one.name]
            if wrong:
                raise TypeError(f"{HOOK} returns a list of click commands")
        except Exception as error:  # noqa: BLE001 - the border around a plugin's hook
            _tell(name, f"its {HOOK} failed: {quoted(error)}")
            continue
        for one in told:
            yield name, one


def _in_time(function: Callable[[], Any]) -> Any:
    """What it returns; in a thread of its own, which one that never returns does not leave.

    Raises:
        PluginTimeout: it did not return in time.
        Exception: whatever it raises; a `PluginError` in place of what would end the process.
    """
    told: list[Any] = []
    raised: list[BaseException] = []

    def call() -> None:
        try:
            told.append(function())
        except BaseException as error:  # noqa: BLE001 - the border around a plugin's hook
            raised.append(error)

    thread = threading.Thread(target=call, name=HOOK, daemon=True)
    thread.start()
    thread.join(_LOAD_S)
    for error in raised:
        if isinstance(error, Exception):
            raise error
        raise PluginError(quoted(error)) from error
    if not told:
        raise PluginTimeout(f"did not return within {_LOAD_S:g} s")
    return told[0]


def _tell(plugin: str, what: str) -> None:
    click.echo(f"coinmux: plugin {plugin}: {what}", err=True)
