"""`python -m server.cli` is `coinmux`."""

from server.cli import main

main()
