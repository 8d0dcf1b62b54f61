"""`alerts`: whether alerts arrive."""

from __future__ import annotations

import asyncio

import rich_click as click

from coinmux.server.cli.console import (
    EXIT_FAILED,
    EXIT_OK,
    EXIT_USAGE,
    console,
    env_file,
    plain,
    read_env,
)


@click.group()
def alerts() -> None:
    """Alerts: where they go, and whether they arrive."""


@alerts.command()
@click.option("--channel", help="Only this one, by its name in ALERT_URLS.")
@env_file
def test(channel: str | None, env_file: str) -> None:
    """Send a test message to each channel of ALERT_URLS, and say which arrived."""
    from coinmux.framework.gateway import Gateway
    from coinmux.framework.plugins.discovery import PluginLoader

    env = read_env(env_file)

    async def send() -> dict[str, str | None]:
        # Without our own plugins: only a stranger's may have a kind of channel.
        settings = env.settings
        every = PluginLoader().discover(settings.plugins_allow, settings.plugins_block)
        gateway = Gateway(env, found=[one for one in every if not one.built_in])
        try:
            await gateway.wait_loaded()
            return await gateway.alerts.test(channel)
        finally:
            await gateway.close()

    found = asyncio.run(send())
    if not found:
        which = "ALERT_URLS names no channel" if channel is None else f"no channel {channel[:60]!r}"
        click.echo(f"coinmux: {which}; see docs/alerts.md", err=True)
        raise SystemExit(EXIT_USAGE)
    out = console()
    for name, trouble in found.items():
        if trouble is None:
            out.print(plain(f"{name}: sent"), style="green")
        else:
            out.print(plain(f"{name}: {trouble}"), style="red")
    raise SystemExit(EXIT_FAILED if any(found.values()) else EXIT_OK)
