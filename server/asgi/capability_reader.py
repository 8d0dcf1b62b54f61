"""Questions of any capability, by its name and the fields of its query: plugins' own included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import NotFound
from coinmux.framework.suggest import near
from coinmux.server.asgi.query_params import QueryReader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.query_params import ParsedRequest

_SHOWN = 60


def reader_of(gateway: Gateway, name: str) -> QueryReader:
    """Reads the questions of the capability `name`, in any case; `-` may stand for `_`.

    Raises:
        NotFound: no capability has that name; `known` lists those there are.
    """
    rows = gateway.capabilities
    row = rows.get(name.strip().lower().replace("-", "_"))
    if row is None:
        raise NotFound(
            f"no capability {name[:_SHOWN]!r}; GET /api/capabilities lists them",
            known=sorted(rows),
            did_you_mean=near(name.replace("-", "_"), rows),
        )
    return QueryReader(row.name, row.query)


def read_values(gateway: Gateway, name: str, values: Mapping[str, str]) -> ParsedRequest:
    """The question that texts by field name make; fields of how to answer it are read as well.

    Raises:
        NotFound: no capability has that name.
        InvalidRequest: `errors` names each field that will not do, or is unknown.
    """
    reader = reader_of(gateway, name)
    reader.refuse_unknown(values)
    return reader.build(values, gateway.parse_symbol)
