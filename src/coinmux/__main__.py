"""`python -m coinmux` serves; with arguments it is the command `coinmux`."""

from __future__ import annotations

import sys

from coinmux.server.cli import main

if __name__ == "__main__":
    main(sys.argv[1:] or ["serve"])
