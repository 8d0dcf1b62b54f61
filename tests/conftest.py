"""What tests of every room may need: a real Valkey or Redis."""

import os

import pytest
from hypothesis import settings

from coinmux.framework.sources import registry
from coinmux.framework.testing.servers import StoreServer, store_program

# An example that a busy machine holds up is no failure: what is slow is measured elsewhere.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def loaded(monkeypatch):
    """A gateway starts with every plugin, however busy the machine is; tests of that set less."""
    monkeypatch.setattr(registry, "_LOAD_WAIT_S", 30.0)


@pytest.fixture
def store():
    """A server of the test's own, with nothing in it."""
    program = store_program()
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("no Valkey or Redis is installed; scripts/services installs one")
        pytest.skip("no Valkey or Redis is installed (apt-get install redis-server)")
    made = StoreServer(program)
    yield made
    made.close()
