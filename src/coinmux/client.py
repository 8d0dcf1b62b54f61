"""A client of a running server: `from coinmux.client import Client, AsyncClient`."""

from coinmux.framework.client import (
    Asked,
    AsyncClient,
    BadAnswer,
    BlockingStream,
    Client,
    ClientKeywords,
    ClientStream,
    Refused,
    Retries,
    ServerUnreachable,
)

__all__ = [
    "Asked",
    "AsyncClient",
    "BadAnswer",
    "BlockingStream",
    "Client",
    "ClientKeywords",
    "ClientStream",
    "Refused",
    "Retries",
    "ServerUnreachable",
]
