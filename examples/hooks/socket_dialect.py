"""Channels are `ticker:BTC-USDT`; the source confirms each, and says which it does not know."""

import json
from collections.abc import Iterable, Sequence

from coinmux import ProviderInfo, SymbolStyle, errors, hookimpl, sockets


@hookimpl
def provider_info() -> ProviderInfo:
    return ProviderInfo(
        name="acme",
        title="Acme Exchange",
        category="market",
        base_url="https://api.acme.example",
        symbols=SymbolStyle(separator="-"),
        sockets={"": sockets.SocketInfo(url="wss://live.acme.example/v1", batch=20, ping_s=20)},
    )


@hookimpl
def socket_dialect(socket: str) -> sockets.SocketDialect:
    return Dialect()


class Dialect(sockets.SocketDialect):
    def subscribe(self, channels: Sequence[str]) -> Sequence[sockets.Frame]:
        return [json.dumps({"op": "subscribe", "channels": list(channels)})]

    def unsubscribe(self, channels: Sequence[str]) -> Sequence[sockets.Frame]:
        return [json.dumps({"op": "unsubscribe", "channels": list(channels)})]

    def keep_alive(self) -> sockets.Frame:
        return '{"op": "ping"}'

    def read(self, frame: sockets.Frame) -> Iterable[sockets.Said]:
        try:
            said = json.loads(frame)
        except ValueError as error:
            raise errors.Malformed(f"not JSON: {error}") from error
        if said["op"] == "data":
            return [sockets.Message(said["channel"], said["body"])]
        if said["op"] == "subscribed":
            return [sockets.Subscribed([said["channel"]])]
        if said["op"] == "unknown":
            pair = said["channel"].partition(":")[2]
            return [sockets.Refused([said["channel"]], errors.UnknownSymbol(pair))]
        return [sockets.Alive()]
