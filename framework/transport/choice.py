"""Which transport a gateway uses: our guarded connections, or httpx's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    #: Any transport of httpx: what `Gateway(transport=…)` takes.
    Transport = httpx.AsyncBaseTransport

#: Values of `HTTP_TRANSPORT`.
GUARDED = "guarded"
HTTPX = "httpx"


def transport_named(name: str, values: Mapping[str, str] | None = None) -> Transport | None:
    """A transport by the value of `HTTP_TRANSPORT`, ready to use; None for a client's own.

    Args:
        name: of the two.
        values: variables of the configuration: `.env` may name the proxy as well.
    """
    if name != HTTPX:
        return None
    # Importing httpx takes a tenth of the start, and our own connections do without.
    from coinmux.framework.transport.httpx_transport import HTTPXTransport

    return HTTPXTransport(values=values)


def proxies_of(values: Mapping[str, str]) -> dict[str, str]:
    """Proxies by scheme, and `no`, from variables such as `HTTPS_PROXY`, in any case."""
    return {
        name[: -len("_proxy")].lower(): value
        for name, value in values.items()
        if name.lower() in ("http_proxy", "https_proxy", "all_proxy", "no_proxy") and value
    }


def is_named(netloc: str, listed: str) -> bool:
    """Whether a value of `NO_PROXY` names the host, itself or by a domain above it."""
    netloc = netloc.lower()
    host = re.sub(r":\d+$", "", netloc)
    for part in listed.lower().split(","):
        name = part.strip().lstrip(".")
        if name == "*" or (name and (host == name or host.endswith(f".{name}") or netloc == name)):
            return True
    return False
