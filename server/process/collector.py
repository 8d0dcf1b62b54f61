"""The garbage collector while a process starts, and once it has started.

Modules, classes and settings are made at the start and stay. Walking them again and again, as the
collector does while they are made, takes a tenth of the start; and each full collection later
holds up every caller for as long as it takes to walk them all, 60 ms and more.
"""

import gc

#: Objects made, less those freed, between two collections of the youngest while the process
#: starts; of 130,000 objects a few dozen are garbage then.
_AT_START = (50_000, 1_000, 1_000)
_USUAL = gc.get_threshold()


def hold() -> None:
    """Collect seldom from now on; called before the rest of the process is imported."""
    gc.set_threshold(*_AT_START)


def settle() -> None:
    """Walk what there is now no more, and collect what comes as usual; nothing without `hold`."""
    if gc.get_threshold() == _AT_START:
        gc.freeze()
        gc.set_threshold(*_USUAL)
