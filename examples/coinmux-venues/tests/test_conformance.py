"""The conformance kit of coinmux: one case for each thing a provider promises."""

from coinmux.framework.testing.conformance import conformance

test_conformance = conformance("coinmux_venues")
