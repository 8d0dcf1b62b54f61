"""Sizes of orders and trades, so that as many dollars change hands in one coin as in another. Pure.

A sample is of one pair; two bitcoins are a fortune, two dogecoins are not worth an order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.framework.samples import json_paths
from coinmux.framework.samples.amounts import finest, scaled
from coinmux.framework.simulator.price_model import ASSETS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from coinmux.framework.reference.symbols import Symbol
    from coinmux.framework.samples.format import FieldSource

#: The fields that say where a size stands beside its price.
_SIZES = ("bids.0.1", "trades.0.amount")


def write_sizes(
    body: Any,
    fields: Mapping[str, FieldSource],
    prices: Sequence[str],
    exchange: int,
    sampled: Symbol,
    pair: Symbol,
) -> None:
    """Size every order or trade of a body for `pair`, in place.

    Args:
        fields: where each field of the result stands.
        prices: the paths of prices in this body; each row's size stands beside its price.
        exchange: the number of this exchange in the sample.
        sampled: the pair of the sample.
    """
    factor = ASSETS[sampled.base][0] / ASSETS[pair.base][0]
    source = next((fields[name] for name in _SIZES if name in fields), None)
    where = None if source is None else source.path_in(exchange)
    if factor == 1 or not where:
        return
    beside = json_paths.parse(where)[-1]
    for path in prices:
        parts = (*json_paths.parse(path)[:-1], beside)
        forms = finest(json_paths.values(body, parts))
        for container, key in json_paths.places(body, parts):
            container[key] = scaled(container[key], factor, forms)
