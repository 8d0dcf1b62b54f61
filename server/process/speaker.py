"""Which of several workers speaks for all: the one that has the lock their parent hands down.

The lock belongs to a process, and is free as soon as that has ended, however it ends.
"""

from __future__ import annotations

import os
import tempfile

#: Names the file of the lock.
SPEAKER_FD = "COINMUX_SPEAKER_FD"


def make_lock() -> int:
    """The descriptor of a file without a name, for workers to lock."""
    try:
        return os.memfd_create("coinmux-speaker")
    except (AttributeError, OSError):  # not Linux
        descriptor, path = tempfile.mkstemp(prefix="coinmux-speaker-")
        os.unlink(path)  # noqa: PTH108 - the name just made
        return descriptor


class SpeakerLock:
    """Tries to have the lock, again each time it is asked until it does.

    Args:
        descriptor: of the file; None where there is no parent, and so no other worker.
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._is_had = descriptor is None

    @classmethod
    def inherited(cls) -> SpeakerLock:
        """The lock that the parent handed down."""
        text = os.environ.pop(SPEAKER_FD, None)
        return cls(None if text is None else int(text))

    def is_had(self) -> bool:
        """Whether this process has it."""
        if not self._is_had and self._descriptor is not None:
            import fcntl  # where there are several workers there is one

            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                return False
            self._is_had = True
        return self._is_had
