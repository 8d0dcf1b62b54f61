"""The simulated exchange serves the tests of samples too."""

from tests.framework.simulator.conftest import acme

__all__ = ["acme"]
