"""`coinmux doctor`: checks the installation and says what is wrong."""

from __future__ import annotations

import asyncio
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import rich_click as click

from coinmux import CoinmuxError
from coinmux.framework.background.probe_queries import CHEAPEST_FIRST, probe_query
from coinmux.framework.errors import InvalidRequest
from coinmux.framework.gateway import Gateway
from coinmux.framework.reports.base import installed_version
from coinmux.server.cli.console import (
    EXIT_FAILED,
    LOAD_WAIT_S,
    as_json,
    console,
    env_file,
    plain,
    print_json,
    table,
)


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check.

    Attributes:
        status: `ok`, `warning` or `failed`.
    """

    subject: str
    status: str
    detail: str

    def public(self) -> dict[str, str]:
        return {"subject": self.subject, "status": self.status, "detail": self.detail}


@click.command()
@click.option("--probe", is_flag=True, help="Send each source one cheap request.")
@as_json
@env_file
def doctor(probe: bool, as_json: bool, env_file: str) -> None:
    """Check the environment, `.env`, plugins and, with --probe, which sources can be reached."""
    findings = asyncio.run(examine(Path(env_file), probe=probe))
    if as_json:
        print_json([finding.public() for finding in findings])
    else:
        made = table("doctor", "result", "checked", "detail")
        marks = {"ok": "[green]ok[/]", "warning": "[yellow]warning[/]", "failed": "[red]failed[/]"}
        for finding in findings:
            made.add_row(marks[finding.status], plain(finding.subject), plain(finding.detail))
        console().print(made)
    if any(finding.status == "failed" for finding in findings):
        raise SystemExit(EXIT_FAILED)


async def examine(env_file: Path, *, probe: bool) -> list[Finding]:
    """Make all checks, in order."""
    version = ".".join(map(str, sys.version_info[:3]))
    findings = [
        Finding("coinmux", "ok", installed_version()),
        Finding("python", "ok", f"{version} on {platform.system()} {platform.machine()}"),
    ]
    if not env_file.exists():  # noqa: ASYNC240 - a command: no request waits
        detail = f"no {env_file}; sources without a key work all the same (coinmux env-example)"
        findings.append(Finding("settings", "ok", detail))
    try:
        gateway = Gateway.from_env(env_file)
    except InvalidRequest as error:
        return [*findings, Finding("settings", "failed", error.detail)]
    try:
        findings += [Finding("settings", "warning", warning) for warning in gateway.env.warnings]
        loading = await gateway.wait_loaded(LOAD_WAIT_S)
        findings += _plugins(gateway) + _features(gateway)
        findings += [
            Finding(f"plugin {name}", "warning", f"still loading after {LOAD_WAIT_S:g} s")
            for name in loading
        ]
        if probe:
            findings += await _probes(gateway)
    finally:
        await gateway.close()
    return findings


def _plugins(gateway: Gateway) -> list[Finding]:
    loaded = Finding("plugins", "ok", f"{len(gateway.sources)} providers loaded")
    broken = [
        Finding(f"plugin {one.name}", "failed", f"{one.error} ({one.origin})")
        for one in gateway.loader.broken
    ]
    odd = [
        Finding(f"plugin {one.name}", "warning", f"{one.message} ({one.origin})")
        for one in gateway.loader.doubts
    ]
    return [loaded, *broken, *odd]


def _features(gateway: Gateway) -> list[Finding]:
    findings = []
    for name, source in sorted(gateway.sources.items()):
        refusal = source.disabled()
        if refusal is not None:
            findings.append(Finding(name, "warning", f"off: {refusal.detail}"))
    return findings


async def _probes(gateway: Gateway) -> list[Finding]:
    async def one(name: str) -> Finding:
        source = gateway.sources[name]
        for capability in CHEAPEST_FIRST:
            query = probe_query(source.info, capability)
            if capability not in source.fetch or query is None:
                continue
            begun = gateway.clock.monotonic()
            try:
                await gateway.probe(source, capability, query)
            except CoinmuxError as error:
                return Finding(name, "failed", gateway.redactor.clean(str(error)))
            taken = (gateway.clock.monotonic() - begun) * 1000
            return Finding(name, "ok", f"{capability} in {taken:.0f} ms")
        return Finding(name, "ok", "not asked: it has no cheap request")

    names = sorted(name for name, source in gateway.sources.items() if source.disabled() is None)
    return list(await asyncio.gather(*(one(name) for name in names)))
