"""The JSON-RPC of EVM nodes: its requests, and its replies read into our models.

Providers that ask nodes share it.

Source: https://ethereum.org/developers/docs/apis/json-rpc and, for the base fee of 0 on BNB Smart
Chain, BEP-226.
"""

from __future__ import annotations

import re
import statistics
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, TypeVar

from coinmux.framework.errors import (
    AuthRefused,
    BadStatus,
    Empty,
    Implausible,
    InvalidRequest,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    SchemaMismatch,
)
from coinmux.framework.models.chain import Balance, ChainHead, Gas, GasQuery, scaled
from coinmux.framework.reference.chains import Chain
from coinmux.framework.reference.rows import optional, read_field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.framework.models.chain import BalanceQuery, ChainHeadQuery
    from coinmux.framework.plugins.provider_info import Reply

    #: Sends one request to a node of the query's chain.
    Post = Callable[[dict[str, Any]], Awaitable[Any]]

T = TypeVar("T")

GWEI = 9
ID = 1
#: On these chains the base fee is 0 (BEP-226), and empty blocks show no price, so the node's own
#: suggestion is used.
NO_BASE_FEE = frozenset({Chain.BSC})
_LIMIT_CODES = frozenset({-32005, -32016, -32029, 429})
_LIMIT_WORDS = (
    "rate limit", "too many requests", "limit exceeded", "request limit", "throttl",
    "per second capacity",
)  # fmt: skip
_QUOTA_WORDS = ("monthly capacity", "payment required", "daily request count", "quota")
_KEY_WORDS = ("api key", "unauthorized", "authenticate", "project id")
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")


def rpc_request(method: str, params: list[Any]) -> dict[str, Any]:
    """The JSON-RPC document of one call."""
    return {"jsonrpc": "2.0", "id": ID, "method": method, "params": params}


def rpc_error(reply: Reply) -> ProviderError | None:
    """The error in a reply, with HTTP 200 or not; None if there is none."""
    body = reply.body
    error = body.get("error") if isinstance(body, dict) else None
    if not error:
        return None
    code = error.get("code") if isinstance(error, dict) else None
    said = str(error.get("message", "") if isinstance(error, dict) else error)
    detail = f"JSON-RPC error: {said}" if code is None else f"JSON-RPC error {code}: {said}"
    lower = said.lower()
    if reply.status == 402 or code == 402 or any(words in lower for words in _QUOTA_WORDS):
        return QuotaExhausted(detail)
    if code in _LIMIT_CODES or reply.status == 429 or any(w in lower for w in _LIMIT_WORDS):
        return RateLimited(detail)
    if reply.status == 401 or any(words in lower for words in _KEY_WORDS):
        return AuthRefused(detail)
    return BadStatus(detail, status=reply.status)


def rpc_result(body: Any) -> Any:
    """The result in a JSON-RPC envelope.

    Raises:
        Implausible: the reply answers another request.
        Empty: the result is null.
    """
    if type(body["id"]) is bool or body["id"] not in (ID, str(ID)):
        raise Implausible(f"the answer is to request {str(body['id'])[:40]}, not {ID}")
    if body["result"] is None:
        raise Empty("the node knows no such block")
    return body["result"]


async def evm_gas(query: GasQuery, post: Post) -> Gas:
    """One request: the fees of five blocks; the node's suggestion for chains without a base fee.

    A second one for that suggestion where the blocks of another chain tell no base fee.
    """
    if query.chain not in NO_BASE_FEE:
        params = ["0x5", "latest", [25, 50, 75]]
        gas = await _read(post, "eth_feeHistory", params, lambda r: fee_history(r, query))
        if gas is not None:
            return gas
    return await _read(post, "eth_gasPrice", [], lambda r: gas_price(r, query))


async def evm_chain_head(query: ChainHeadQuery, post: Post) -> ChainHead:
    """One request."""
    params = ["latest", False]
    return await _read(post, "eth_getBlockByNumber", params, lambda r: newest_block(r, query))


async def evm_balance(query: BalanceQuery, post: Post) -> Balance:
    """One request; wei may exceed 64 bits."""
    params = [query.address, "latest"]
    return await _read(post, "eth_getBalance", params, lambda r: Balance.native(query, quantity(r)))


async def _read(post: Post, method: str, params: list[Any], parse: Callable[[Any], T]) -> T:
    body = await post(rpc_request(method, params))
    try:
        return parse(rpc_result(body))
    except (InvalidRequest, ProviderError):
        raise
    except (KeyError, TypeError, IndexError, ValueError) as error:
        # Raised inside the call, so that it counts for the health of this node.
        raise SchemaMismatch(f"{method}: {type(error).__name__}: {error}") from error


def quantity(value: Any) -> int:
    """The integer of a hexadecimal quantity.

    Raises:
        ValueError: anything else: without `0x` or digits, more than 256 bits, or a decimal number.
    """
    if not (isinstance(value, str) and _QUANTITY.fullmatch(value)):
        raise ValueError(f"takes a hexadecimal quantity, not {str(value)[:40]!r}")
    return int(value, 16)


def gwei(wei: int) -> float:
    """Wei in gwei, correctly rounded."""
    return scaled(wei, GWEI)


def fee_history(result: Any, query: GasQuery) -> Gas | None:
    """Base fee of the next block, plus the tips at the lower quartile, median and upper quartile.

    Each tip is the median of the last five blocks. Empty blocks are left out, and so are blocks
    whose rewards some nodes tell as null or as no quantities; if none is left, the tip is 0.
    None if the blocks tell no base fee, as blocks before London.
    """
    bases = result.get("baseFeePerGas")
    if not bases or bases[-1] is None:
        return None
    base = quantity(bases[-1])
    rows = [
        tips
        for told, used in zip_longest(result.get("reward") or (), result.get("gasUsedRatio") or ())
        if used and (tips := _tips(told)) is not None
    ] or [(0, 0, 0)]
    slow, standard, fast = (statistics.median_low(tips) for tips in zip(*rows, strict=True))
    return Gas(
        chain=query.chain,
        unit="gwei",
        slow=gwei(base + slow),
        standard=gwei(base + standard),
        fast=gwei(base + fast),
        base_fee=gwei(base),
    )


def _tips(told: Any) -> tuple[int, int, int] | None:
    """The tips of a block at three percentiles; None if the node does not tell them."""
    try:
        slow, standard, fast = map(quantity, told)
    except (TypeError, ValueError):
        return None
    return slow, standard, fast


def gas_price(result: Any, query: GasQuery) -> Gas:
    """The node's own suggestion, in wei."""
    return Gas(chain=query.chain, unit="gwei", standard=gwei(quantity(result)))


def _time(seconds: Any) -> int:
    return quantity(seconds) * 1000


def newest_block(result: Any, query: ChainHeadQuery) -> ChainHead:
    """The newest block; the reply gives its time in seconds."""
    return ChainHead(
        chain=query.chain,
        height=quantity(result["number"]),
        hash=optional(result, "hash"),
        timestamp=read_field("timestamp", _time, optional(result, "timestamp")),
    )
