"""What systemd is told of the process, and the socket it hands down; nothing without it.

The protocols are those of `sd_notify(3)` and `sd_listen_fds(3)`: a datagram of words to the socket
that `NOTIFY_SOCKET` names, and listening sockets from descriptor 3 on.
"""

from __future__ import annotations

import logging
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping

READY, STOPPING, ALIVE = "READY=1", "STOPPING=1", "WATCHDOG=1"
_FIRST_FD = 3
_LOG = logging.getLogger("coinmux.server")


class ServiceManager:
    """Tells systemd that the process is ready, stopping and alive.

    Args:
        environ: its variables are taken out, so that no child tells in this process's place.
    """

    def __init__(self, environ: MutableMapping[str, str]) -> None:
        address = environ.pop("NOTIFY_SOCKET", "")
        # A name in the abstract namespace is written with `@` in place of its zero byte.
        self._address = "\0" + address[1:] if address.startswith("@") else address
        within_us, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
        watched = within_us.isdigit() and pid in ("", str(os.getpid()))
        #: Seconds between two signs of life; 0 where none are expected.
        self.every_s = int(within_us) / 2e6 if watched and self._address else 0.0
        self._next = 0.0

    def tell(self, *words: str) -> None:
        """Send the words; a manager that cannot be reached is named in the log."""
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
                sender.sendto("\n".join(words).encode(), self._address)
        except OSError as error:
            _LOG.warning("the service manager cannot be told %s: %s", words[0], error.strerror)

    def beat(self, now: float) -> None:
        """Give a sign of life where one is due at monotonic `now`."""
        if self.every_s and now >= self._next:
            self._next = now + self.every_s
            self.tell(ALIVE)


def activated(environ: MutableMapping[str, str]) -> socket.socket | None:
    """The socket that systemd listens on for this process; None where there is none.

    Raises:
        ValueError: there are several, of which one only can be served.
    """
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdigit() or int(count) < 1:
        return None
    if int(count) > 1:
        raise ValueError(f"{count} sockets were handed down; the unit must have one")
    listener = socket.socket(fileno=_FIRST_FD)
    listener.set_inheritable(True)
    return listener
