"""A long run under everything that can go wrong: `python -m bench.soak --minutes 30`."""
