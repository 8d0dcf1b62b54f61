"""Whether a well-formed answer can be true: of the right model, not empty, and sound by its check.

What a result can judge by itself (negative prices, seconds for milliseconds) its model refuses; its
`check` compares it with the query and the clock (`faults.md` rows E2 to E8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from coinmux.framework.errors import Empty, PluginError

if TYPE_CHECKING:
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.models.capability import Capability


def check(capability: Capability, query: Query, result: object, now_ms: int) -> Result:
    """`result` if it can be an answer to `query`.

    Raises:
        PluginError: it is not of the capability's model itself, or is not when it was checked.
        Empty: it holds nothing where that is no answer.
        Implausible: it is about something else, from the future, or spaced wrongly.
    """
    _require(capability, result, capability.hook)
    assert isinstance(result, capability.result)
    if not capability.empty_legal and result.is_empty():
        raise Empty(f"no {capability.name} in the answer")
    checked = result.check(query, now_ms)
    _require(capability, checked, f"{capability.result.__name__}.check")
    return checked


def _require(capability: Capability, result: object, what: str) -> None:
    """Refuse a subclass too: its methods would run where no plugin can be blamed any more."""
    if type(result) is not capability.result:
        raise PluginError(
            f"{what} returned {type(result).__name__}, not {capability.result.__name__}"
        )
