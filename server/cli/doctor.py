"""`coinmux doctor`: checks the installation, says what is wrong and what to do."""

from __future__ import annotations

import asyncio
from pathlib import Path

import rich_click as click

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.gateway import Gateway
from coinmux.server.cli.console import (
    EXIT_FAILED,
    LOAD_WAIT_S,
    as_json,
    console,
    env_file,
)
from coinmux.server.cli.findings import Finding, show
from coinmux.server.cli.machine_checks import machine
from coinmux.server.cli.network_checks import clock, names, proxies
from coinmux.server.cli.probe_checks import probes
from coinmux.server.cli.process_checks import process, versions


@click.command()
@click.option(
    "--probe", is_flag=True, help="Ask each source one cheap question, and the network too."
)
@as_json
@env_file
def doctor(probe: bool, as_json: bool, env_file: str) -> None:
    """Check versions, limits, settings, folder, disk, port, archive, store and plugins.

    With --probe also what only asking tells: names of hosts, the clock, each source and each key.
    Exit code 0: nothing has failed, though there may be warnings; 1: something has.
    """
    findings = asyncio.run(examine(Path(env_file), probe=probe))
    sound = show("doctor", findings, as_json=as_json)
    if not probe and not as_json:
        console().print("--probe asks the sources and tries the keys", highlight=False)
    if not sound:
        raise SystemExit(EXIT_FAILED)


async def examine(env_file: Path, *, probe: bool) -> list[Finding]:
    """Make all checks, in order."""
    findings = versions()
    if not env_file.exists():  # noqa: ASYNC240 - a command: no request waits
        detail = f"no {env_file}; sources without a key work all the same"
        findings.append(Finding("settings", "ok", detail, "coinmux env-example writes one"))
    try:
        gateway = Gateway.from_env(env_file)
    except InvalidRequest as error:
        return [*findings, *_refused(error)]
    try:
        loading = await gateway.wait_loaded(LOAD_WAIT_S)
        findings += [
            Finding("settings", "warning", *_split(warning))
            for warning in gateway.registry.warnings
        ]
        on = sum(source.disabled() is None for source in gateway.sources.values())
        findings += process(gateway.settings, on)
        findings += await machine(gateway)
        findings += await proxies(gateway)
        findings += _plugins(gateway) + _features(gateway)
        findings += [
            Finding(
                f"plugin {name}",
                "warning",
                f"still loading after {LOAD_WAIT_S:g} s",
                "see what it does while it is imported, or PLUGINS_BLOCK leaves it out",
            )
            for name in loading
        ]
        if probe:
            findings += await names(gateway)
            asked = await probes(gateway)
            # What they said of the time is known once they were asked.
            findings += [clock(gateway), *asked]
    finally:
        await gateway.close()
    return findings


def _refused(error: InvalidRequest) -> list[Finding]:
    """The settings that nothing starts with, in a line each."""
    meant = error.extra.get("did_you_mean")
    remedy = f"did you mean {' or '.join(meant)}?" if meant else "docs/reference/settings.md"
    lines = [f"{one['name']} {one['message']}" for one in error.errors]
    if len(lines) < 2:
        lines = [error.detail]
    return [Finding("settings", "failed", line, remedy) for line in lines]


def _split(warning: str) -> tuple[str, str]:
    """What a warning of the settings says, and what to do, where it says both."""
    what, _, remedy = warning.partition("; ")
    return what, remedy


def _plugins(gateway: Gateway) -> list[Finding]:
    loaded = Finding("plugins", "ok", f"{len(gateway.sources)} providers loaded")
    indicators = Finding("indicators", "ok", f"{len(gateway.loader.indicators)} indicators loaded")
    broken = [
        Finding(
            f"plugin {one.name}", "failed", f"{one.error} ({one.origin})",
            "all others work; mend it, or PLUGINS_BLOCK leaves it out",
        )
        for one in gateway.loader.broken
    ]  # fmt: skip
    odd = [
        Finding(f"plugin {one.name}", "warning", f"{one.message} ({one.origin})")
        for one in gateway.loader.doubts
    ]
    return [loaded, indicators, *broken, *odd]


def _features(gateway: Gateway) -> list[Finding]:
    """Sources that are off; those without a key, and those that are retired, in a line each."""
    findings: list[Finding] = []
    groups = {"missing_key": list[str](), "retired": list[str]()}
    for name, source in sorted(gateway.sources.items()):
        refusal = source.disabled()
        if refusal is not None and refusal.code in groups:
            groups[refusal.code].append(name)
        elif refusal is not None:
            remedy = f"{name.upper()}_ENABLED and PROVIDERS_ONLY say what is on"
            findings.append(Finding(name, "warning", f"off: {refusal.detail}", remedy))
    if keyless := groups["missing_key"]:
        detail = f"{len(keyless)} sources are off without one: {', '.join(keyless)}"
        remedy = "coinmux env-example says where to get each"
        findings.append(Finding("keys", "warning", detail, remedy))
    if retired := groups["retired"]:
        findings.append(Finding("retired", "ok", f"never asked any more: {', '.join(retired)}"))
    return findings
