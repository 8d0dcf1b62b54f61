"""Spares a source that bills each request, and asks the house's own node first."""

from collections.abc import Sequence

from coinmux import Advice, Query, RankedSource, hookimpl

BILLED = {"acme"}


@hookimpl
def advise_order(
    capability: str, query: Query, sources: Sequence[RankedSource]
) -> Sequence[Advice] | None:
    if capability == "gas":
        return [Advice("our_node", 1.0, "our own node costs nothing")]
    return [
        Advice(one.name, -0.5, "each request is billed") for one in sources if one.name in BILLED
    ]
