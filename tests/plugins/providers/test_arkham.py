"""Arkham: its samples, its units, and what it refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux import EntityQuery, Implausible, UnknownSymbol, clean_text
from coinmux.plugins.providers import arkham
from tests.plugins.channel_replay import play_channels
from tests.plugins.sample_replay import samples


@pytest.mark.parametrize("sample", samples("arkham"))
async def test_samples(sample):
    """Each sample's requests are made as written and come to its outcome."""
    await play_channels("arkham", sample)


ADDRESS = "0x" + "2" * 40


@given(st.none() | st.text(min_size=1, max_size=20), st.none() | st.text(min_size=1, max_size=20))
def test_an_owner_is_an_entity_or_a_label(entity, label):
    """One of the two names it; with neither the owner is unknown, not nameless."""
    body = {
        "address": ADDRESS.upper().replace("X", "x"),
        "arkhamEntity": entity and {"name": entity, "type": "cex"},
        "arkhamLabel": label and {"name": label},
    }
    query = EntityQuery(chain="ethereum", address=ADDRESS)
    named, within = clean_text(entity or ""), clean_text(label or "")
    if not named and not within:
        with pytest.raises(UnknownSymbol):
            arkham.parse_entity(body, query)
    else:
        answer = arkham.parse_entity(body, query)
        # A label is of a wallet; it does not stand for an entity whose name cannot be read.
        assert (answer.name or "") == (within if entity is None else named)
        assert answer.labels == ((within,) if within else ())


def test_another_address_is_refused():
    """The answer must be about who was asked for."""
    query = EntityQuery(chain="ethereum", address=ADDRESS)
    with pytest.raises(Implausible):
        arkham.parse_entity({"address": "0x" + "3" * 40}, query)
