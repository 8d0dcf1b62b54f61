"""What was decided for past requests, found by the id each went by."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from coinmux.framework.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from coinmux.framework.dispatch.decision import Decision

#: Decisions kept; a request for many pairs has many.
_MOST = 4_000

#: A decision as it is shown, free of secrets.
Shown = dict[str, Any]
_READ = msgspec.json.Decoder(Shown)
_KEYS = msgspec.json.Decoder(list[tuple[str, str]])


class SharedNotes(Protocol):
    """What all workers can look up."""

    def keep(self, name: str, make: Callable[[], bytes]) -> None:
        """Store what `make` gives, in the background."""
        ...

    def find(self, name: str) -> Awaitable[bytes | None]:
        """What any worker stored under `name`."""
        ...


class KeptDecisions:
    """The decisions of the newest requests.

    An id that a caller chose is the caller's own: two clients may use the same one, and neither
    replaces or reads the decision of the other. Ids that the server gave are found by anybody.

    Args:
        show: makes of a decision what is shown.
        shared: what all workers can look up; None where there is one worker.

    Attributes:
        elsewhere: asks the other workers, where they share nothing that can be looked up: `answer`
            of each of them.
    """

    def __init__(
        self, show: Callable[[Decision], Shown], shared: Callable[[], SharedNotes | None]
    ) -> None:
        self._show = show
        self._shared = shared
        self._kept: OrderedDict[tuple[str, str], Sequence[Decision]] = OrderedDict()
        self._count = 0
        self.elsewhere: Callable[[bytes], Awaitable[bytes | None]] | None = None

    def keep(self, client: str, request_id: str, decisions: Sequence[Decision]) -> None:
        """Store the decisions of one request.

        Args:
            client: whose id it is; empty for an id that the server gave.
        """
        key = (client, request_id)
        self._count += len(decisions) - len(self._kept.pop(key, ()))
        self._kept[key] = decisions
        while self._count > _MOST:
            _, oldest = self._kept.popitem(last=False)
            self._count -= len(oldest)
        if (shared := self._shared()) is not None:
            shared.keep(_name(key), lambda: msgspec.json.encode(self._shown(request_id, decisions)))

    async def find(self, client: str, request_id: str) -> Shown:
        """What was decided for a request: the decision, or all of them where it asked much.

        Raises:
            NotFound: none is kept under that id.
        """
        keys = ((client, request_id), ("", request_id))
        for key in keys:
            if (found := self._kept.get(key)) is not None:
                return self._shown(request_id, found)
        if (shared := self._shared()) is not None:
            for key in keys:
                if (data := await shared.find(_name(key))) is not None:
                    return _READ.decode(data)
        if self.elsewhere is not None:
            data = await self.elsewhere(msgspec.json.encode(keys))
            if data is not None:
                return _READ.decode(data)
        raise NotFound(f"no decision is kept for request {request_id[:64]!r}")

    def answer(self, question: bytes) -> bytes | None:
        """What this worker decided for the request that another one looks for; None if nothing."""
        for key in _KEYS.decode(question):
            if (found := self._kept.get(key)) is not None:
                return msgspec.json.encode(self._shown(key[1], found))
        return None

    def _shown(self, request_id: str, decisions: Sequence[Decision]) -> Shown:
        shown = [{**self._show(one), "request_id": request_id} for one in decisions]
        if len(shown) == 1:
            return shown[0]
        return {"request_id": request_id, "decisions": shown}


def _name(key: tuple[str, str]) -> str:
    """One short name for a client and its id, whatever characters they have."""
    return hashlib.sha256("\0".join(key).encode("utf-8")).hexdigest()[:40]
