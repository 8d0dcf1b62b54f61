"""The conformance kit of coinmux: one case for each thing a provider promises."""

from coinmux.framework.testing.kit import conformance

test_conformance = conformance("acme")
