"""What `coinmux doctor` looks at of the network: proxy, names of hosts, clock."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from coinmux.framework.plugins.hook_runner import in_thread
from coinmux.framework.quality.clock_watch import OFF_S, in_words
from coinmux.framework.transport.choice import HTTPX, proxies_of
from coinmux.server.cli.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.gateway import Gateway

#: A proxy takes a connection, and a name server answers, within so many seconds.
_WAIT_S = 3.0
_RESOLVER_FILE = Path("/etc/resolv.conf")
_NAMES_SHOWN = 5


async def proxies(gateway: Gateway) -> list[Finding]:
    """Whether each proxy that requests go through takes connections."""
    if gateway.settings.http_transport != HTTPX:
        return []  # a proxy that is set in vain is a warning of the settings
    found = proxies_of(gateway.env.values)
    found.pop("no", None)
    return [await _proxy(f"{scheme.upper()}_PROXY", url) for scheme, url in sorted(found.items())]


async def _proxy(variable: str, address: str) -> Finding:
    url = urlsplit(address if "://" in address else f"http://{address}")
    try:
        host, port = url.hostname, url.port or (443 if url.scheme == "https" else 80)
    except ValueError:
        host = None
    if host is None:
        return Finding(variable, "failed", "it is no address", "write it as http://host:port")
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _WAIT_S)
    except (OSError, TimeoutError) as error:
        why = getattr(error, "strerror", None) or "no answer"
        detail = f"the proxy {host} port {port} takes no connection: {why}"
        return Finding(variable, "failed", detail, f"see that it runs, or correct {variable}")
    writer.close()
    return Finding(variable, "ok", f"the proxy {host} port {port} takes connections")


async def names(gateway: Gateway) -> list[Finding]:
    """Whether the hosts of the sources that are on have addresses, and public ones."""
    through = proxies_of(gateway.env.values)
    if gateway.settings.http_transport == HTTPX and ("https" in through or "all" in through):
        return [Finding("DNS", "ok", "names are resolved by the proxy")]
    hosts = _hosts_of(gateway)
    if not hosts:
        return [Finding("DNS", "ok", "no source that is on has a name to resolve")]
    begun = gateway.clock.monotonic()
    told = await asyncio.gather(*(_resolved(host) for host in hosts))
    took_ms = (gateway.clock.monotonic() - begun) * 1000
    lost = {host: why for host, (_, why) in zip(hosts, told, strict=True) if why}
    if len(lost) == len(hosts) and len(hosts) > 1:
        detail = f"none of {len(hosts)} names can be resolved: {next(iter(lost.values()))}"
        return [Finding("DNS", "failed", detail, f"see the name server: {_resolvers()}")]
    findings = []
    if lost:
        detail = f"{_listed(lost)} cannot be resolved: {next(iter(lost.values()))}"
        remedy = f"see whether the name server filters them: {_resolvers()}"
        findings.append(Finding("DNS", "warning", detail, remedy))
    private = {
        host: addresses[0]
        for host, (addresses, _) in zip(hosts, told, strict=True)
        if addresses
        and not hosts[host]
        and not any(ipaddress.ip_address(one).is_global for one in addresses)
    }
    if private:
        detail = f"{_listed(private)} lead to no public address ({next(iter(private.values()))})"
        remedy = f"a filter or a captive portal answers in their place: {_resolvers()}"
        findings.append(Finding("DNS", "failed", detail, remedy))
    sound = len(hosts) - len(lost) - len(private)
    if sound:
        findings.append(Finding("DNS", "ok", f"{sound} names are resolved, in {took_ms:.0f} ms"))
    return findings


def _hosts_of(gateway: Gateway) -> dict[str, bool]:
    """Names that are resolved here, and whether each is the operator's own, so may be private."""
    found: dict[str, bool] = {}
    for source in gateway.sources.values():
        if source.disabled() is not None or not source.info.base_url:
            continue
        bound = source.bound
        for end in (bound.endpoint, *bound.hosts.values(), *bound.channels.values()):
            origin = end.origin
            if not _is_address(origin.host):
                found[origin.host] = found.get(origin.host, False) or origin.allowed
    return dict(sorted(found.items()))


async def _resolved(host: str) -> tuple[list[str], str]:
    """The addresses of a name, or why there are none."""

    def ask() -> list[Any]:
        return socket.getaddrinfo(host, 443, type=socket.SOCK_STREAM)

    try:
        # A thread that nobody waits for at the end: a resolver may take a minute to give up.
        found = await asyncio.wait_for(in_thread(ask)(), _WAIT_S)
    except TimeoutError:
        return [], f"no answer within {_WAIT_S:g} s"
    except OSError as error:
        return [], error.strerror or str(error)
    return [str(address[0]) for *_, address in found], ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolvers() -> str:
    """The name servers this machine asks."""
    try:
        lines = _RESOLVER_FILE.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "this machine's settings of the network"
    servers = [line.split()[1] for line in lines if line.startswith("nameserver ") and line[11:]]
    return f"{', '.join(servers) or 'none'} in {_RESOLVER_FILE}"


def _listed(names_found: Mapping[str, str]) -> str:
    shown = list(names_found)[:_NAMES_SHOWN]
    left = len(names_found) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left else "")


def clock(gateway: Gateway) -> Finding:
    """What the sources that were asked say of the time."""
    dates = gateway.clocks.dates()
    if skew_s := gateway.clocks.skew_s:
        what, _, remedy = in_words(skew_s).partition(": ")
        return Finding("clock", "failed", what, remedy)
    if not dates:
        return Finding("clock", "ok", "not compared: no source that answered gave its time")
    off = {name: ahead for name, ahead in dates.items() if abs(ahead) > OFF_S}
    if off and len(off) == len(dates):
        name, ahead = next(iter(off.items()))
        way = "ahead" if ahead > 0 else "behind"
        detail = f"only {name} gave its time, and is {abs(ahead):.0f} s {way}"
        remedy = "compare this machine's clock with another (NTP)"
        return Finding("clock", "warning", detail, remedy)
    ahead = median(dates.values())
    count = f"{len(dates)} source{'' if len(dates) == 1 else 's'}"
    return Finding("clock", "ok", f"{abs(ahead):.1f} s from that of {count}")
