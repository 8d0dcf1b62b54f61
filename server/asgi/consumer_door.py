"""Whose key a request carries, and what its owner may do. In the way only while keys are set.

A key comes in a header, as a bearer's token or as `X-API-Key`, never in the address, where logs and
caches would keep it. Whoever may change things needs none: the operator, by `ADMIN_TOKEN` or from
this machine.
"""

from __future__ import annotations

import hmac
import math
from typing import TYPE_CHECKING

from coinmux.framework.config.api_keys import OPERATOR, SCOPES, UNKNOWN
from coinmux.framework.consumers.caller import CALLER
from coinmux.framework.errors import CoinmuxError
from coinmux.server.asgi.admin_guard import check_admin
from coinmux.server.asgi.packing import varying
from coinmux.server.asgi.problems import KeyRefused, KeyRequired, ScopeMissing, TooManyRequests
from coinmux.server.asgi.scope import state_of

if TYPE_CHECKING:
    from coinmux.framework.config.api_keys import Consumer
    from coinmux.framework.consumers.consumers import Consumers
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.scope import Message, RawHeaders, RequestState, Scope, Send

_BEARER = b"bearer"
#: What a keyed answer differs by, for caches on its way.
_VARY = (b"authorization", b"x-api-key")


class Caller:
    """Who makes a request, as far as its headers say.

    Attributes:
        consumer: whose key it carries; None without a key, or with one of nobody.
        gave_key: whether it carries something that is meant to be a key.
        is_operator: whether it was found to have the admin's right.
        is_admitted: whether it was let through, so that it is not counted twice.
    """

    __slots__ = ("consumer", "gave_key", "is_admitted", "is_operator")

    def __init__(self, consumer: Consumer | None, *, gave_key: bool) -> None:
        self.consumer = consumer
        self.gave_key = gave_key
        self.is_operator = False
        self.is_admitted = False

    @property
    def name(self) -> str:
        """Under which its requests are counted."""
        if self.consumer is not None:
            return self.consumer.name
        return OPERATOR if self.is_operator else UNKNOWN


class ConsumerDoor:
    """Lets requests through to what asks sources.

    Args:
        bound: the address the server listens on.
    """

    def __init__(self, gateway: Gateway, bound: str) -> None:
        self._gateway = gateway
        self._bound = bound

    @property
    def consumers(self) -> Consumers:
        """Those who may ask."""
        return self._gateway.consumers

    def meet(self, scope: Scope, state: RequestState) -> Caller:
        """Look whose key a request carries; refuses nobody yet."""
        state.door = self
        # An answer that is known by the bytes of its request would be given without looking.
        state.raw = b""
        keys = _keys_of(scope["headers"])
        consumer = self.consumers.owner(keys[0]) if len(keys) == 1 else None
        caller = state.caller = Caller(consumer, gave_key=bool(keys))
        return caller

    async def admit(self, scope: Scope, area: str | None) -> None:
        """Let a request through to a part of the API, and have its calls charged to who asks.

        Args:
            area: the scope it needs; None where what it asks says that later, to `check_scope`.

        Raises:
            KeyRequired, KeyRefused: it carries no key, or one of nobody.
            ScopeMissing: its owner may not ask for this part.
            TooManyRequests: its owner had its requests of the minute.
        """
        caller = self.identify(scope)
        if caller.is_admitted:
            return
        consumer = caller.consumer
        if consumer is not None:
            if area is not None:
                self.check_scope(scope, area)
            await self._take(consumer)
        caller.is_admitted = True
        CALLER.set(caller.name)

    async def take_more(self, scope: Scope) -> bool:
        """Take one more question of a request that was let in; False where its owner has no limit.

        Raises:
            TooManyRequests: its owner had its requests of the minute.
        """
        caller = state_of(scope).caller
        consumer = None if caller is None else caller.consumer
        return consumer is not None and await self._take(consumer)

    async def _take(self, consumer: Consumer) -> bool:
        """Take one request of the owner's minute; False where it has no limit."""
        rate = self.consumers.rate(consumer.name)
        if rate is None:
            return False
        if wait_s := await rate.take():
            raise TooManyRequests(
                f"{consumer.name} may make {rate.limit} requests a minute", retry_after_s=wait_s
            )
        return True

    def check_scope(self, scope: Scope, *areas: str) -> None:
        """Let a request ask for what lies in any of these parts of the API.

        Raises:
            ScopeMissing: its owner may ask for none of them.
        """
        caller = state_of(scope).caller
        consumer = None if caller is None else caller.consumer
        if consumer is not None and not any(map(consumer.may, areas)):
            raise ScopeMissing(
                f"{consumer.name} may ask for {', '.join(consumer.scopes)}; this is {areas[0]}",
                scope=areas[0],
                scopes=list(consumer.scopes),
            )

    def identify(self, scope: Scope) -> Caller:
        """Who makes the request.

        Raises:
            KeyRequired, KeyRefused: it carries no key, or one of nobody.
        """
        caller = state_of(scope).caller
        assert caller is not None
        if caller.consumer is not None or caller.is_operator:
            return caller
        if not self._is_operator(scope, caller):
            raise KeyRefused(_REFUSED) if caller.gave_key else KeyRequired(_REQUIRED)
        caller.is_operator = True
        return caller

    def _is_operator(self, scope: Scope, caller: Caller) -> bool:
        token = self._gateway.settings.admin_token
        if token is not None:
            expected = token.reveal().encode("utf-8")
            return any(
                hmac.compare_digest(key.encode("utf-8", "surrogateescape"), expected)
                for key in _keys_of(scope["headers"])
            )
        if caller.gave_key:
            return False
        try:
            check_admin(scope, self._gateway.settings, self._bound)
        except CoinmuxError:
            return False
        return True

    def explain_for(self, scope: Scope) -> None:
        """Let what is explained be explained for whoever asks, where that is known."""
        caller = state_of(scope).caller
        if caller is not None and caller.consumer is not None:
            CALLER.set(caller.name)

    def dressed(self, scope: Scope, headers: RawHeaders) -> RawHeaders:
        """Headers of an answer: what is left of the limit, and that it is for its caller alone."""
        state = state_of(scope)
        caller = state.caller
        if caller is None or not (caller.is_admitted or caller.consumer is not None):
            return headers
        found = [
            (name, b"private, " + value)
            if name == b"cache-control" and value.startswith(b"max-age")
            else (name, value)
            for name, value in headers
        ]
        for name in _VARY:
            found = varying(found, name)
        rate = None if caller.consumer is None else self.consumers.rate(caller.consumer.name)
        if rate is not None:
            left, wait_s = rate.left()
            found.append((b"ratelimit-policy", b'"minute";q=%d;w=60' % rate.limit))
            found.append((b"ratelimit", b'"minute";r=%d;t=%d' % (left, math.ceil(wait_s))))
        return found

    def sending(self, scope: Scope, send: Send) -> Send:
        """`send` with the headers dressed."""

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self.dressed(scope, message["headers"])
            await send(message)

        return dressed

    def note_more(self, scope: Scope, status: int) -> None:
        """Count one more question of a request, which ended with that status."""
        caller = state_of(scope).caller
        if caller is not None:
            self.consumers.count(caller.name, _outcome(status))

    def note(self, scope: Scope, status: int) -> None:
        """Count a request that ended, where it was one of those that need a key."""
        caller = state_of(scope).caller
        if caller is None or not (caller.is_admitted or status in (401, 403, 429)):
            return
        self.consumers.count(caller.name, _outcome(status))


_HOW = "send one in Authorization: Bearer or X-API-Key; `coinmux keys NAME` makes one"
_REQUIRED = f"this server answers those who have a key: {_HOW}"
_REFUSED = f"the key is not one of API_KEYS, or more than one was sent: {_HOW}"


def area_of(template: str) -> str:
    """The scope that a path of the API belongs to; empty where no key has it by name."""
    if template.startswith("/udf/"):
        return "market"
    parts = template.split("/", 3)
    return parts[2] if len(parts) > 2 and parts[2] in SCOPES else ""


def _keys_of(headers: RawHeaders) -> list[str]:
    """What is sent as a key; the same one sent twice counts once."""
    own = [value.strip() for name, value in headers if name == b"x-api-key"]
    bearer = []
    for name, value in headers:
        if name == b"authorization":
            scheme, _, token = value.partition(b" ")
            if scheme.lower() == _BEARER:
                bearer.append(token.strip())
    # Beside a key of its own, what `Authorization` carries is the admin's or a proxy's.
    return [key.decode("utf-8", "surrogateescape") for key in dict.fromkeys(own or bearer) if key]


def _outcome(status: int) -> str:
    if status in (401, 403):
        return "refused"
    if status == 429:
        return "limited"
    if status < 400:
        return "ok"
    return "failed" if status >= 500 else "client_error"
