"""On-chain metrics: the names that mean the same at every source, and how a source declares its."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """One metric that a source serves.

    Attributes:
        description: what is counted, in a few words.
        unit: of its figures; None if the source does not say.
        assets: the only coins it is served for; None for any.
    """

    description: str
    unit: str | None = None
    assets: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class MetricForm:
    """A form of metric names that a source serves besides those it lists.

    Attributes:
        pattern: a regular expression for the whole name.
        written: the form as people read it: `query/<id>`.
        description: what such a name stands for.
    """

    pattern: str
    written: str
    description: str

    def fits(self, metric: str) -> bool:
        """Whether `metric` has this form."""
        return re.fullmatch(self.pattern, metric) is not None


#: The common names, by which sources can stand in for one another.
METRICS: Mapping[str, MetricInfo] = {
    "active_addresses": MetricInfo("addresses that sent or received in the interval", "count"),
    "new_addresses": MetricInfo("addresses seen for the first time", "count"),
    "transaction_count": MetricInfo("confirmed transactions", "count"),
    "transfer_volume_usd": MetricInfo("value transferred", "usd"),
    "hash_rate": MetricInfo("estimated mining power", "TH/s"),
    "difficulty": MetricInfo("mining difficulty", "count"),
    "fees_usd": MetricInfo("fees paid by transactions", "usd"),
    "miner_revenue_usd": MetricInfo("new coins and fees paid to miners", "usd"),
    "market_cap_usd": MetricInfo("price times supply", "usd"),
    "realized_cap_usd": MetricInfo("each coin at the price when it last moved", "usd"),
    "mvrv": MetricInfo("market capitalisation over realised capitalisation", "ratio"),
    "nupl": MetricInfo("net unrealised profit or loss, as a share of the market", "ratio"),
    "sopr": MetricInfo("price of spent outputs over the price when they were made", "ratio"),
    "exchange_inflow": MetricInfo("coins sent to exchanges", "coin"),
    "exchange_outflow": MetricInfo("coins withdrawn from exchanges", "coin"),
    "exchange_netflow": MetricInfo("coins sent to exchanges less those withdrawn", "coin"),
    "exchange_balance": MetricInfo("coins that exchanges hold", "coin"),
    "supply": MetricInfo("coins issued so far", "coin"),
    "mempool_size_bytes": MetricInfo("size of the transactions that wait", "bytes"),
}


def common_metrics(
    names: Collection[str], assets: Collection[str] | None = None
) -> dict[str, MetricInfo]:
    """The common metrics of those names, as a source declares them.

    Args:
        assets: the only coins the source has them for; None for any.

    Raises:
        KeyError: a name is not common.
    """
    only = None if assets is None else frozenset(assets)
    return {name: replace(METRICS[name], assets=only) for name in names}


def named_metrics(setting: str | None) -> dict[str, str]:
    """The names that a setting gives to a source's own numbers: `mvrv=789,active_addresses=3456`.

    A part that is no `name=number` is left out.
    """
    named = dict(part.split("=", 1) for part in (setting or "").split(",") if "=" in part)
    return {
        name.strip(): number.strip()
        for name, number in named.items()
        if number.strip().isascii() and number.strip().isdigit()
    }
