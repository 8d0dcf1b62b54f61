"""What a host shows or attaches without a call: the catalogue, the status, one of a kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

import msgspec

from coinmux.framework.errors import InvalidRequest, NotFound
from coinmux.framework.indicators.catalogue import described
from coinmux.framework.suggest import near
from coinmux.server.mcp.budget import MOST_BYTES

if TYPE_CHECKING:
    from coinmux.framework.gateway import Gateway
    from coinmux.server.mcp.visits import Visit

_SCHEME = "coinmux://"
_encode = msgspec.json.Encoder(enc_hook=str).encode


class Described(NamedTuple):
    """A resource, or a template of many: its address, its name and what it is."""

    uri: str
    name: str
    description: str


#: Resources that are there whatever is asked.
RESOURCES = (
    Described(
        f"{_SCHEME}catalogue",
        "Catalogue",
        "Every kind of question and the providers that answer it; text models",
    ),
    Described(f"{_SCHEME}indicators", "Indicators", "Every indicator, by group"),
    Described(f"{_SCHEME}status", "Status", "What can be asked now, and the state of each part"),
)
#: Resources by what is put into their address.
TEMPLATES = (
    Described(
        f"{_SCHEME}explain/{{request_id}}",
        "Decision",
        "Why the answer with that request_id came from where it did",
    ),
    Described(
        f"{_SCHEME}indicators/{{name}}", "Indicator", "Formula, parameters, outputs, warm-up"
    ),
    Described(
        f"{_SCHEME}providers/{{name}}", "Provider", "Capabilities, state, limits, quotas, terms"
    ),
)


class Resources:
    """Reads resources."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def read(self, uri: str, visit: Visit) -> str:
        """A resource as JSON.

        Raises:
            NotFound: none has that address; its subtypes where the name in it is unknown.
            InvalidRequest: it is longer than an answer may be.
        """
        found = _encode(await self._find(uri, visit))
        if len(found) > MOST_BYTES:
            raise InvalidRequest(
                f"{uri[:120]} has {len(found)} bytes, and {MOST_BYTES} are shown at most; "
                "the tools find, explain and status show it in pages"
            )
        return found.decode()

    async def _find(self, uri: str, visit: Visit) -> object:
        kind, _, rest = uri.removeprefix(_SCHEME).partition("/")
        name = unquote(rest)
        if uri.startswith(_SCHEME):
            if not name and (plain := self._whole(kind)) is not None:
                return plain
            if name and kind == "explain":
                return await visit.decision(name)
            if name and kind == "indicators":
                return described(self._gateway.indicators.catalogue.find(name))
            if name and kind == "providers":
                return self._gateway.provider(name.lower())
        known = [one.uri for one in (*RESOURCES, *TEMPLATES)]
        meant = near(uri, known)
        raise NotFound(
            f"no resource {uri[:120]!r}; there are {', '.join(known)}", did_you_mean=meant
        )

    def _whole(self, kind: str) -> object:
        if kind == "catalogue":
            return self._catalogue()
        if kind == "indicators":
            return self._indicators()
        return self._gateway.status() if kind == "status" else None

    def _catalogue(self) -> Mapping[str, object]:
        capabilities = self._gateway.capability_list().capabilities
        models = self._gateway.model_status().models
        return {
            "capabilities": {
                one.name: {
                    "about": one.description,
                    "on": one.enabled_providers,
                    "off": [name for name in one.providers if name not in one.enabled_providers],
                    "fresh_s": one.freshness.fresh_s,
                }
                for one in capabilities
            },
            "models": {one.id: one.reason or "on" for one in models},
        }

    def _indicators(self) -> Mapping[str, object]:
        groups: dict[str, dict[str, str]] = {}
        for one in self._gateway.indicators.catalogue:
            groups.setdefault(one.info.group, {})[one.info.name] = one.info.title
        return groups
