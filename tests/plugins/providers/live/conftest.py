"""What every provider's live feed is held to."""

from __future__ import annotations

import pytest

from tests.plugins.live_checks import read_broken_frames


@pytest.fixture
def broken_frames():
    """See `live_checks.read_broken_frames`."""
    return read_broken_frames
