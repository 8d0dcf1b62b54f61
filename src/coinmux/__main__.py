"""`python -m coinmux` serves; with arguments it is the command `coinmux`."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from coinmux.server.process.garbage import search_hardly


def command(arguments: Sequence[str] | None = None) -> None:
    """The command `coinmux`, in a process of its own."""
    search_hardly()
    from coinmux.server.cli import main

    main(arguments)


if __name__ == "__main__":
    command(sys.argv[1:] or ["serve"])
