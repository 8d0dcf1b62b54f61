"""`python -m server` is `coinmux serve`."""

from __future__ import annotations

import sys

from server.cli import main

if __name__ == "__main__":
    main(["serve", *sys.argv[1:]])
