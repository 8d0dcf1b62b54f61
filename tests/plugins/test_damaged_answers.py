"""Whatever one row or one value of an answer becomes, no source tells something that is not so.

Damage is drawn at random, the same in every run, of every sample of every built-in source. What
comes of it is the answer without what is damaged and with a remark, or the honest error where the
identity or most of the answer is lost: never another exception, never a wrong value, never a row
lost without a word.
"""

from importlib.metadata import entry_points

import pytest

from coinmux.framework.testing.conformance import Subject
from tests.plugins.damage import damaged

NAMES = sorted(
    point.name
    for point in entry_points(group="coinmux")
    if point.value.startswith("coinmux.plugins.providers.") and point.name != "nomics"
)
TRIES = 50


@pytest.mark.parametrize("name", NAMES)
async def test_damage_costs_what_is_damaged(name):
    """The rest is told as it was."""
    assert await damaged(Subject.of(name), TRIES) == []
