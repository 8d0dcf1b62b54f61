"""A model of many workers that share sources: `python -m bench.scale`.

Deterministic: virtual time, seeded chance. The state machine, the windows and the order of sources
are the real ones; the store is modelled after `framework/state/scripts.py`, sources after their
latencies, limits and outages.
"""
