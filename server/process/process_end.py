"""The end of the process, whatever plugins have left running in it.

A task that swallows its cancellation, a thread that is no daemon and a function registered with
`atexit` each keep Python from ending. Once everything of ours is drained and saved there is nothing
to wait for: they get two seconds, are named in the log, and the process ends without them. Where a
plugin never gives the event loop back, nothing can be drained, and the process ends all the same.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING

from coinmux.server.process.log_setup import set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from coinmux.framework.config.settings import Settings
    from coinmux.framework.secrets import Redactor

#: Work in flight has so long to end once a stop is asked for (`faults.md` G10).
GRACE_S = 10.0
#: What plugins have left gets so long to end by itself.
PATIENCE_S = 2.0
_NAMES_SHOWN = 8
#: The last line of the log may take so long.
_TELL_S = 0.5
_LOG = logging.getLogger("coinmux.server")


def end_soon(
    code: int, settings: Settings, redactor: Redactor, after_s: float = PATIENCE_S
) -> Callable[[], None]:
    """End the process with `code` after `after_s` seconds, unless it has ended by then.

    Called in the event loop. A thread waits, as the loop itself may be held up.

    Returns:
        What calls it off.
    """
    loop = asyncio.get_running_loop()
    own = asyncio.current_task()
    called_off = threading.Event()

    def end() -> None:
        if called_off.wait(after_s):
            return
        tasks = [task for task in asyncio.all_tasks(loop) if task is not own and not task.done()]
        # The log was closed with the server.
        set_up(redactor, level=settings.log_level, log_format=settings.log_format)
        _LOG.warning(
            "ended without waiting any longer for %s", _named(tasks, threading.enumerate())
        )
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                continue  # it is closed already
        os._exit(code)

    threading.Thread(target=end, name="coinmux-end", daemon=True).start()
    return called_off.set


def end_if_stuck(*stages: tuple[threading.Event, float]) -> None:
    """End the process if a stage of its stop is not reached within its seconds, one by one.

    A thread waits, as the event loop may never run again.
    """

    def end() -> None:
        if all(reached.wait(within_s) for reached, within_s in stages):
            return
        # Whoever holds the loop up may hold the lock of the log too.
        words = "ended: a plugin has held up the event loop since the stop was asked for"
        telling = threading.Thread(target=_LOG.error, args=(words,), daemon=True)
        telling.start()
        telling.join(_TELL_S)
        os._exit(0)

    threading.Thread(target=end, name="coinmux-stuck", daemon=True).start()


def _named(tasks: Iterable[asyncio.Task[object]], threads: Iterable[threading.Thread]) -> str:
    """What still runs, in words."""
    names = [f"task {getattr(task.get_coro(), '__qualname__', task.get_name())}" for task in tasks]
    names += [
        f"thread {thread.name}"
        for thread in threads
        if not thread.daemon and thread is not threading.main_thread() and thread.is_alive()
    ]
    left = len(names) - _NAMES_SHOWN
    more = f" and {left} more" if left > 0 else ""
    return ", ".join(names[:_NAMES_SHOWN]) + more or "what is registered with atexit"
