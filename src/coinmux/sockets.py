"""What a plugin says of its sockets: `from coinmux import sockets as s`."""

from coinmux.framework.models.live import BookChange, LiveCandle, TradeMark, Written
from coinmux.framework.plugins.frame_json import Shape, read_json, read_object
from coinmux.framework.plugins.provider_info import HTTPClient
from coinmux.framework.plugins.socket_dialect import (
    Alive,
    BookRules,
    Failed,
    Frame,
    Leaving,
    Message,
    Refused,
    Reply,
    Said,
    SocketDialect,
    SocketInfo,
    Subscribed,
    Subscription,
)

__all__ = [
    "Alive",
    "BookChange",
    "BookRules",
    "Failed",
    "Frame",
    "HTTPClient",
    "Leaving",
    "LiveCandle",
    "Message",
    "Refused",
    "Reply",
    "Said",
    "Shape",
    "SocketDialect",
    "SocketInfo",
    "Subscribed",
    "Subscription",
    "TradeMark",
    "Written",
    "read_json",
    "read_object",
]
