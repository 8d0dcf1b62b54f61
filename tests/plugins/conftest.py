"""The checks of exchange providers as fixtures; parameters of tests come from the modules."""

from __future__ import annotations

import pytest

from tests.plugins import exchange_checks, sample_replay


@pytest.fixture
def play_sample():
    """See `sample_replay.play`."""
    return sample_replay.play


@pytest.fixture
def agrees_with_ccxt():
    """See `exchange_checks.agrees_with_ccxt`."""
    return exchange_checks.agrees_with_ccxt


@pytest.fixture
def replay_recording():
    """See `exchange_checks.replay_recording`."""
    return exchange_checks.replay_recording
