"""`plugins`: what is installed, whether it runs and why not; switches plugins off and on."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from coinmux.framework.config.env_edit import set_in_file
from coinmux.framework.errors import InvalidRequest
from coinmux.server.cli.console import (
    as_json,
    console,
    env_file,
    loaded_gateway,
    plain,
    print_json,
    table,
)

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.reports.plugins import PluginReport

_OFF, _ON = "off", "on"
_BLOCK, _ALLOW = "PLUGINS_BLOCK", "PLUGINS_ALLOW"


@click.command()
@click.argument("words", nargs=-1, metavar="[NAME | off NAME | on NAME]")
@as_json
@env_file
def plugins(words: tuple[str, ...], as_json: bool, env_file: str) -> None:
    """List every plugin, or tell all of one; switch one off or on.

    `off NAME` writes it into PLUGINS_BLOCK of the env file: it is not imported any more, with all
    it holds. To have one of its providers not asked, and still listed, set <PROVIDER>_ENABLED=no.
    A running server takes it up on a reload (POST /api/config/reload, or SIGHUP).
    """
    if len(words) > 2 or (len(words) == 2 and words[0] not in (_OFF, _ON)):
        raise click.UsageError("give a plugin's NAME, or: off NAME, on NAME")
    gateway = loaded_gateway(env_file)
    if len(words) == 2:
        _switch(gateway, words[1], Path(env_file), is_on=words[0] == _ON, as_json=as_json)
    elif words:
        found = gateway.plugin(words[0])
        if as_json:
            print_json(found)
        for one in () if as_json else found:
            _tell(one)
    else:
        _list(gateway, as_json=as_json)


def _list(gateway: Gateway, *, as_json: bool) -> None:
    shown = gateway.plugin_list()
    if as_json:
        print_json(shown)
        return
    made = table("plugins", "name", "state", "is", "from", "module", "hooks")
    for one in shown.plugins:
        made.add_row(
            plain(one.name), one.state, ", ".join(one.kinds), plain(_from(one)),
            plain(one.module or ""), plain(" ".join(one.hooks)),
        )  # fmt: skip
    out = console()
    out.print(made)
    for one in shown.plugins:
        if one.detail is not None:
            style = "red" if one.state == "broken" else "yellow"
            out.print(plain(f"{one.name} ({one.origin}): {one.detail}"), style=style)
    out.print(plain(f"To install one: {_pip('install', 'NAME')}, then reload the server."))


def _tell(one: PluginReport) -> None:
    out = console()
    lines = {
        "state": one.state if one.detail is None else f"{one.state}: {one.detail}",
        "from": _from(one),
        "module": one.module or "",
        "plugin API": "" if one.api_version is None else str(one.api_version),
        "providers": ", ".join(one.providers),
        "indicators": ", ".join(one.indicators),
        "capabilities": ", ".join(one.capabilities),
        "hooks": ", ".join(one.hooks),
    }
    out.print(plain(one.name), style="bold")
    for name, text in lines.items():
        if text:
            out.print(plain(f"  {name}: {text}"))
    for fault in one.faults:
        out.print(plain(f"  {fault.hook} failed {fault.count} times: {fault.last}"), style="yellow")
    for hint in one.hints:
        out.print(plain(f"  hint: {hint}"))
    if one.state == "broken" and not one.built_in:
        again = _pip("install", "--upgrade", shlex.quote(one.origin))
        out.print(plain(f"  hint: with all it needs: {again}"))


def _switch(gateway: Gateway, name: str, file: Path, *, is_on: bool, as_json: bool) -> None:
    """Write the setting that has a plugin loaded, or not.

    Raises:
        NotFound: no plugin has that name.
        InvalidRequest: the environment decides, or the file cannot be changed.
    """
    plugin = gateway.plugin(name)[0].name.lower()
    settings = gateway.settings
    blocked = [one.lower() for one in settings.plugins_block]
    allowed = [one.lower() for one in settings.plugins_allow]
    wanted: dict[str, list[str]] = {}
    if is_on and plugin in blocked:
        wanted[_BLOCK] = [one for one in blocked if one != plugin]
    if is_on and allowed and plugin not in allowed:
        wanted[_ALLOW] = [*allowed, plugin]
    if not is_on and plugin not in blocked and (not allowed or plugin in allowed):
        wanted[_BLOCK] = [*blocked, plugin]
    for variable in wanted:
        if os.environ.get(variable, "").strip():
            raise InvalidRequest(
                f"{variable} is set in the environment, which wins over {file}: change it there"
            )
    written = {variable: ",".join(names) for variable, names in wanted.items()}
    for variable, value in written.items():
        set_in_file(file, variable, value)
    word = _ON if is_on else _OFF
    if as_json:
        print_json({"name": plugin, "state": word, "file": str(file), "written": written})
        return
    if not written:
        click.echo(f"{plugin} is {word} already: nothing was written")
        return
    for variable, value in written.items():
        click.echo(f"wrote {variable}={value} to {file}")
    click.echo(f"{plugin} is {word} from the next start or reload on (POST /api/config/reload)")


def _from(one: PluginReport) -> str:
    return " ".join(part for part in (one.origin, one.version) if part)


def _pip(*arguments: str) -> str:
    """The line that has pip do something for the Python that runs this."""
    return " ".join([shlex.quote(sys.executable), "-m", "pip", *arguments])
