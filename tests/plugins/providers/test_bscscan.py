"""Bscscan: its samples, and what is particular to it."""

import pytest

from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import samples


@pytest.mark.parametrize("sample", samples("bscscan"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("bscscan", sample)
