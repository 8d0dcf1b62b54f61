"""Figures beside their yardsticks, in one run: `make bench`."""
