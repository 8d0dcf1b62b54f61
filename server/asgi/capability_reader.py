"""Questions of any capability, by its name and the fields of its query: plugins' own included."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.errors import NotFound
from coinmux.framework.suggest import near
from coinmux.server.asgi.query_params import QueryReader, refused

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


def as_texts(values: Mapping[str, object]) -> dict[str, str]:
    """Values of JSON as a query string has them, which one reader checks for all doors.

    Those that are null or empty were not given: models send all they know of.

    Raises:
        InvalidRequest: one is an object.
    """
    texts: dict[str, str] = {}
    for name, value in values.items():
        if value is None or value in ("", []):
            continue
        if isinstance(value, str):
            texts[name] = value
        elif isinstance(value, bool):
            texts[name] = "true" if value else "false"
        elif isinstance(value, float) and value.is_integer():
            texts[name] = str(int(value))
        elif isinstance(value, (int, float)):
            texts[name] = repr(value)
        elif isinstance(value, list):
            texts[name] = msgspec.json.encode(value).decode()
        else:
            raise refused([{"name": name[:60], "message": "takes a plain value, not an object"}])
    return texts
