"""One typical answer of each capability, for the API's documentation. The figures are made up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_AT = 1_764_000_000_000
_ADDRESS = "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"


def _answer(capability: str, provider: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "data": data,
        "meta": {
            "capability": capability,
            "provider": provider,
            "fetched_at": _AT,
            "cache": "miss",
            "stale": False,
            "simulated": False,
            "elapsed_ms": 41.8,
            "attempts": [
                {"provider": provider, "outcome": "ok", "started_at": _AT - 41, "elapsed_ms": 41.2}
            ],
            "notes": [],
        },
    }


EXAMPLES: Mapping[str, dict[str, Any]] = {
    "ticker": _answer(
        "ticker",
        "kraken",
        {
            "symbol": "BTC/USDT", "timestamp": _AT, "last": 86500.1, "bid": 86500.0, "ask": 86500.2,
            "open": 85100.0, "high": 87200.0, "low": 84800.5, "change_percent": 1.645,
            "volume_base": 1845.2, "volume_quote": None,
        },
    ),
    "candles": _answer(
        "candles",
        "binance",
        {
            "symbol": "BTC/USDT", "interval": "1h",
            "columns": ["timestamp", "open", "high", "low", "close", "volume"],
            "rows": [[_AT - 3_600_000, 86400.0, 86600.0, 86250.0, 86500.1, 412.7]],
            "last_closed": False,
        },
    ),
    "order_book": _answer(
        "order_book",
        "bitstamp",
        {
            "symbol": "BTC/USDT", "timestamp": _AT,
            "bids": [[86500.0, 0.5], [86499.5, 1.2]], "asks": [[86500.2, 0.4], [86501.0, 2.0]],
        },
    ),
    "trades": _answer(
        "trades",
        "okx",
        {
            "symbol": "BTC/USDT",
            "trades": [
                {"id": "9001", "timestamp": _AT, "side": "buy", "price": 86500.1, "amount": 0.01}
            ],
        },
    ),
    "gas": _answer(
        "gas",
        "blockscout",
        {
            "chain": "ethereum", "timestamp": _AT, "unit": "gwei", "slow": 0.8, "standard": 1.1,
            "fast": 1.9, "base_fee": 0.7,
        },
    ),
    "chain_head": _answer(
        "chain_head",
        "mempool_space",
        {"chain": "bitcoin", "height": 925000, "hash": None, "timestamp": _AT},
    ),
    "balance": _answer(
        "balance",
        "evm_rpc",
        {
            "chain": "ethereum", "address": _ADDRESS, "asset": "ETH",
            "raw": "1250000000000000000", "decimals": 18, "amount": 1.25,
        },
    ),
    "fear_greed": _answer(
        "fear_greed",
        "alternative_me",
        {"timestamp": _AT, "value": 42.0, "classification": "Fear", "history": [[_AT, 42.0]]},
    ),
    "global_stats": _answer(
        "global_stats",
        "coingecko",
        {
            "timestamp": _AT, "market_cap_usd": 3.1e12, "volume_24h_usd": 1.2e11,
            "btc_dominance_percent": 57.1, "eth_dominance_percent": 11.6, "active_coins": 18500,
        },
    ),
    "tvl": _answer(
        "tvl",
        "defillama",
        {
            "name": "aave", "chain": None, "timestamp": _AT, "tvl_usd": 3.3e10,
            "points": [[_AT, 3.3e10]],
        },
    ),
}  # fmt: skip
