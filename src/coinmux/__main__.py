"""`python -m coinmux` serves; with arguments it is the command `coinmux`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from coinmux.server.process.garbage import leave_out_what_stays, search_hardly


def command(arguments: Sequence[str] | None = None) -> None:
    """The command `coinmux`, in a process of its own."""
    search_hardly()
    from coinmux.server.cli import main

    try:
        main(arguments)
    finally:
        # Python searches everything once more as it ends: a tenth of a second for nothing.
        leave_out_what_stays()


if __name__ == "__main__":
    command(sys.argv[1:] or ["serve"])
