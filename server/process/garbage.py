"""How often this process searches for circles of dead objects.

Python looks through its objects after every few hundred new ones, and through all of them once a
quarter has been added. A server holds some 150,000 that never go - modules, models, routes - and
makes a few dozen a request, nearly all of which die as they are left. Searched as often as Python
does by itself, that was a third of the processor time of an uncached ticker.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: New objects after which the newest are searched, and how many such searches go before one of the
#: older ones, and of all: some hundred requests, a millisecond, and a few megabytes that wait.
_SEARCH_AFTER = (10_000, 10, 10)
#: While a process starts hardly anything it makes is garbage: a start with every plugin makes some
#: 250,000 objects, and searching them after each 50,000 took a quarter of it.
_AT_START = (300_000, 1_000, 1_000)


def search_hardly() -> None:
    """Search for garbage as suits the start of a process, before the rest of it is imported."""
    gc.set_threshold(*_AT_START)


def search_less() -> Callable[[], None]:
    """Search for garbage as a server should, from now on; call the result to undo it.

    What the start made is left out, or the first search would go through all of it.
    """
    before = gc.get_threshold()
    leave_out_what_stays()
    gc.set_threshold(*_SEARCH_AFTER)

    def undo() -> None:
        gc.unfreeze()
        gc.set_threshold(*before)

    return undo


def leave_out_what_stays() -> None:
    """Search no more what exists now: it stays as long as the process."""
    gc.freeze()
