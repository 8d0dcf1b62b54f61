"""One channel: a thread of its own that sends what waits, so that nothing waits for it."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.alerts.senders import Sender
    from coinmux.framework.config.alert_settings import ChannelAddress
    from coinmux.framework.plugins.extensions.alert_kinds import Alert

#: Messages that wait for a channel; of more, the oldest are given up.
_MOST = 50
#: Seconds before each further try of a message.
PAUSES_S = (2.0, 15.0, 60.0, 300.0)
State = Literal["waiting", "sent", "failed", "given up"]


class Letter:
    """A message on its way to a channel.

    Attributes:
        sent_ms: when the channel had it, Unix ms.
        trouble: why the last try failed.
    """

    __slots__ = ("at_ms", "message", "sent_ms", "state", "tries", "trouble")

    def __init__(self, message: Alert, at_ms: int) -> None:
        self.message = message
        self.at_ms = at_ms
        self.state: State = "waiting"
        self.tries = 0
        self.sent_ms: int | None = None
        self.trouble: str | None = None


class AlertChannel:
    """Sends to one address, in a thread that ends with the process.

    Args:
        sender: sends to that address.
        wall_ms: the time, Unix ms.
        pauses_s: before each further try.
    """

    def __init__(
        self,
        address: ChannelAddress,
        sender: Sender,
        wall_ms: Callable[[], int],
        pauses_s: tuple[float, ...] = PAUSES_S,
    ) -> None:
        self.address = address
        self._sender = sender
        self._wall_ms = wall_ms
        self._pauses_s = pauses_s
        self._queue: deque[Letter] = deque()
        self._wake = threading.Condition()
        self._ends = False
        self._is_busy = False
        self._thread: threading.Thread | None = None
        self.sent = 0
        self.failed = 0
        #: Why nothing can be sent; None where the last message arrived.
        self.trouble: str | None = None

    @property
    def name(self) -> str:
        """Its name in `ALERT_ROUTES` and marks."""
        return self.address.name

    @property
    def plugin(self) -> str | None:
        """The plugin that sends; None for `apprise`."""
        return self._sender.plugin

    @property
    def waiting(self) -> int:
        """Messages that are not sent yet."""
        return len(self._queue) + self._is_busy

    def start(self) -> None:
        """Begin the thread; an address that cannot be used is seen at once."""
        self._thread = threading.Thread(target=self._run, name=f"alerts-{self.name}", daemon=True)
        self._thread.start()

    def put(self, letter: Letter) -> None:
        """Hand over a message; never waits."""
        with self._wake:
            if len(self._queue) >= _MOST:
                oldest = self._queue.popleft()
                oldest.state, oldest.trouble = "given up", "newer ones waited"
                self.failed += 1
            self._queue.append(letter)
            self._wake.notify()

    def stop(self, within_s: float = 3.0) -> None:
        """Send what waits, for some seconds at most, and end; blocks that long."""
        with self._wake:
            self._ends = True
            self._wake.notify()
        if self._thread is not None:
            self._thread.join(within_s)

    def try_once(self, alert: Alert) -> str | None:
        """Send an alert now, in the caller's thread; why it failed, None where it arrived."""
        trouble = self._sender.prepare()
        return trouble if trouble is not None else self._sender.send(alert)

    def _run(self) -> None:
        self.trouble = self._sender.prepare()
        while (letter := self._next()) is not None:
            try:
                self._deliver(letter)
            finally:
                self._is_busy = False

    def _next(self) -> Letter | None:
        """The next message; None where none waits and the end was asked for."""
        with self._wake:
            while not self._queue:
                if self._ends:
                    return None
                self._wake.wait()
            self._is_busy = True
            return self._queue.popleft()

    def _deliver(self, letter: Letter) -> None:
        for pause_s in (*self._pauses_s, None):
            letter.tries += 1
            letter.trouble = self.trouble = self.try_once(letter.message)
            if letter.trouble is None:
                letter.state, letter.sent_ms = "sent", self._wall_ms()
                self.sent += 1
                return
            if pause_s is None or self._ended_within(pause_s):
                break
        letter.state = "failed"
        self.failed += 1

    def _ended_within(self, seconds: float) -> bool:
        until = time.monotonic() + seconds
        with self._wake:
            while not self._ends and (left := until - time.monotonic()) > 0:
                self._wake.wait(left)
            return self._ends
