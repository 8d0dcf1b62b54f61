"""A client of a running server: the questions of `Gateway`, asked over HTTP.

Same methods, same models, same errors. It loads neither plugins nor server, and knows no source.
"""

from coinmux.framework.client.asking import Asked
from coinmux.framework.client.async_client import AsyncClient, ClientKeywords
from coinmux.framework.client.blocking import Client
from coinmux.framework.client.faults import BadAnswer, Refused, ServerUnreachable
from coinmux.framework.client.retries import Retries
from coinmux.framework.client.stream import BlockingStream, ClientStream

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
