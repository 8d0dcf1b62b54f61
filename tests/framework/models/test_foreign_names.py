"""Names of sources in results: cleaned and bounded, in every model that has them."""

import pytest

from coinmux import models as m

DIRTY = "0x\x1b[31mab\u202e\U000e0041"
TIME = 1_764_000_000_000


def transaction(**fields):
    return m.Transaction(**{"hash": "0xab", "asset": "ETH", **fields})


def transfer(**fields):
    return m.LargeTransfer(**{"chain": "x", "timestamp": TIME, "asset": "A", "amount": 1, **fields})


def head(**fields):
    return m.ChainHead(chain="ethereum", height=1, **fields)


def trade(**fields):
    return m.Trade(timestamp=TIME, side=None, price=1, amount=1, **fields)


#: Besides those of `MAY_BE_NULL`, the fields that may be null.
OPTIONAL = {(head, "hash"), (trade, "id"), (transfer, "hash")}
CASES = [
    (transaction, "hash"),
    (transaction, "sender"),
    (transaction, "to"),
    (transaction, "asset"),
    (transfer, "hash"),
    (transfer, "asset"),
    (transfer, "chain"),
    (head, "hash"),
    (lambda **f: m.TokenBalance(**{"raw": "1", **f}), "contract"),
    (lambda **f: m.Party(**f), "address"),
    (lambda **f: m.Coin(**{"id": "a", "symbol": "A", "name": "A", **f}), "id"),
    (lambda **f: m.Market(symbol="BTC/USDT", active=True, **f), "native"),
    (lambda **f: m.SocialMetric(value=1, **f), "unit"),
    (trade, "id"),
]
IDS = [f"{n}-{name}" for n, (_, name) in enumerate(CASES)]


@pytest.mark.parametrize(("make", "field"), CASES, ids=IDS)
def test_a_name_is_shown_without_what_nobody_sees(make, field):
    """Anybody can choose a token's symbol."""
    assert getattr(make(**{field: DIRTY}), field) == "0x [31mab"


#: Where null is allowed the field is null; without the others there is no row.
MAY_BE_NULL = {"sender", "to", "address"}


@pytest.mark.parametrize(("make", "field"), CASES, ids=IDS)
def test_a_name_of_3000_characters_is_none(make, field):
    """It is null where it may be, else the row is no row."""
    is_optional = field in MAY_BE_NULL or (make, field) in OPTIONAL
    if is_optional:
        assert getattr(make(**{field: "x" * 3000}), field) is None
        return
    with pytest.raises(ValueError, match=field):
        make(**{field: "x" * 3000})
