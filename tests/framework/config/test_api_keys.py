"""The consumers of `API_KEYS`, and keys that are never stored."""

import pytest

from coinmux.framework.config.api_keys import (
    Consumer,
    digest_of,
    new_key,
    owner_of,
    read_api_keys,
)
from coinmux.framework.config.settings import InvalidSetting, Settings
from coinmux.framework.secrets import MASK, Redactor

A, B = "a" * 64, "b" * 64


def test_a_line_is_read_as_it_is_written():
    """With its scopes in one order and both limits."""
    one = Consumer("alice", A, ("chain", "market"), 120, 50_000)
    two = Consumer("bob-2", B)
    text = f"{one.line()},{two.line()}"
    assert read_api_keys(text) == (one, two)
    assert read_api_keys(f"alice:{A}:monthly=50000:scopes=market+chain:per_min=120") == (one,)
    assert read_api_keys(" ") == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("alice", "takes name:sha256"),
        (f"Alice:{A}", "takes name:sha256"),
        ("alice:secret", "takes name:sha256"),
        (f"alice:{A}:per_min=x", "whole number"),
        (f"alice:{A}:per_min=0", "whole number"),
        (f"alice:{A}:per_min=1:per_min=2", "takes name:sha256"),
        (f"alice:{A}:scopes=all", "takes scopes of chain"),
        (f"alice:{A},alice:{B}", "same name"),
        (f"alice:{A},bob:{A}", "same key"),
        (f"operator:{A}", "operator"),
        (",".join(f"c{at}:{at:064x}" for at in range(101)), "at most 100"),
    ],
)
def test_what_cannot_be_used_is_told_without_the_value(text, told):
    """It may be a key that was pasted in the wrong place."""
    with pytest.raises(InvalidSetting) as caught:
        Settings.read({"API_KEYS": text})
    assert told in caught.value.detail
    assert "secret" not in caught.value.detail
    assert A not in caught.value.detail


def test_a_key_is_known_by_its_digest_alone():
    """Each new one is another, and too long to be guessed."""
    key, other = new_key(), new_key()
    assert key != other
    assert len(key) > 40
    alice = Consumer("alice", digest_of(key))
    assert owner_of(key, [Consumer("bob", digest_of(other)), alice]) is alice
    assert owner_of(key + "x", [alice]) is None
    assert owner_of("", [alice]) is None
    assert key not in repr(alice)


def test_a_key_is_masked_wherever_it_stands():
    """Also one that is nobody's: a typing error is near the real one."""
    key = new_key()
    assert Redactor().clean(f"GET /?x={key} from {key.upper()}") == f"GET /?x={MASK} from {MASK}"
