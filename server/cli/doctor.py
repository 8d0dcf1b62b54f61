"""`coinmux doctor`: checks the installation and says what is wrong."""

from __future__ import annotations

import asyncio
import platform
import sys
from pathlib import Path

import rich_click as click

from coinmux import CoinmuxError
from coinmux.framework.background.probe_queries import CHEAPEST_FIRST, probe_query
from coinmux.framework.errors import InvalidRequest, LocalNetwork, Unreachable, UpstreamTimeout
from coinmux.framework.gateway import Gateway
from coinmux.framework.quality.clock_watch import in_words
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
from coinmux.server.cli.findings import Finding
from coinmux.server.cli.machine_checks import machine

#: Errors of a source that was not reached at all.
_UNREACHED = (LocalNetwork, Unreachable, UpstreamTimeout)


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
        return [*findings, *_refused(error)]
    try:
        loading = await gateway.wait_loaded(LOAD_WAIT_S)
        findings += [
            Finding("settings", "warning", warning) for warning in gateway.registry.warnings
        ]
        findings += await machine(gateway)
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


def _refused(error: InvalidRequest) -> list[Finding]:
    """The settings that nothing starts with, in a line each."""
    meant = error.extra.get("did_you_mean")
    hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
    lines = [f"{one['name']} {one['message']}" for one in error.errors]
    if len(lines) < 2:
        lines = [error.detail + hint]
    return [Finding("settings", "failed", line) for line in lines]


def _plugins(gateway: Gateway) -> list[Finding]:
    loaded = Finding("plugins", "ok", f"{len(gateway.sources)} providers loaded")
    indicators = Finding("indicators", "ok", f"{len(gateway.loader.indicators)} indicators loaded")
    broken = [
        Finding(f"plugin {one.name}", "failed", f"{one.error} ({one.origin})")
        for one in gateway.loader.broken
    ]
    odd = [
        Finding(f"plugin {one.name}", "warning", f"{one.message} ({one.origin})")
        for one in gateway.loader.doubts
    ]
    return [loaded, indicators, *broken, *odd]


def _features(gateway: Gateway) -> list[Finding]:
    """Sources that are off; those without a key, and those that are retired, in a line each."""
    findings, groups = [], {"missing_key": list[str](), "retired": list[str]()}
    for name, source in sorted(gateway.sources.items()):
        refusal = source.disabled()
        if refusal is not None and refusal.code in groups:
            groups[refusal.code].append(name)
        elif refusal is not None:
            findings.append(Finding(name, "warning", f"off: {refusal.detail}"))
    if names := groups["missing_key"]:
        detail = (
            f"{len(names)} sources are off without one: {', '.join(names)} (coinmux env-example)"
        )
        findings.append(Finding("keys", "warning", detail))
    if names := groups["retired"]:
        findings.append(Finding("retired", "ok", f"never asked any more: {', '.join(names)}"))
    return findings


async def _probes(gateway: Gateway) -> list[Finding]:
    """Ask each source that is on; what all failures have in common is said once."""

    async def one(name: str) -> tuple[Finding, CoinmuxError | None]:
        source = gateway.sources[name]
        for capability in CHEAPEST_FIRST:
            query = probe_query(source.info, capability)
            if capability not in source.fetch or query is None:
                continue
            begun = gateway.clock.monotonic()
            try:
                await gateway.probe(source, capability, query)
            except CoinmuxError as error:
                return Finding(name, "failed", gateway.redactor.clean(str(error))), error
            taken = (gateway.clock.monotonic() - begun) * 1000
            return Finding(name, "ok", f"{capability} in {taken:.0f} ms"), None
        return Finding(name, "ok", "not asked: it has no cheap request"), None

    names = sorted(name for name, source in gateway.sources.items() if source.disabled() is None)
    found = await asyncio.gather(*(one(name) for name in names))
    skew_s = gateway.clocks.skew_s
    clock = (
        Finding("clock", "failed", in_words(skew_s))
        if skew_s
        else Finding("clock", "ok", "no two sources say that it is off")
    )
    unreached = [finding for finding, error in found if isinstance(error, _UNREACHED)]
    answered = any(" ms" in finding.detail for finding, _ in found if finding.status == "ok")
    if len(unreached) < 2 or answered:
        return [clock, *(finding for finding, _ in found)]
    conclusion = Finding(
        "network",
        "failed",
        f"no way out of this machine: none of {len(unreached)} sources can be reached; see the "
        "network, its name server and its firewall; behind a proxy set HTTPS_PROXY and "
        "HTTP_TRANSPORT=httpx",
    )
    return [conclusion, *(finding for finding, _ in found if finding not in unreached)]
