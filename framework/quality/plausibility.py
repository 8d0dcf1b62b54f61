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
    kind = capability.result
    if type(result) is not kind:
        raise _another_kind(capability, result, capability.hook)
    assert isinstance(result, kind)
    if not capability.empty_legal and result.is_empty():
        raise Empty(f"no {capability.name} in the answer")
    checked = result.check(query, now_ms)
    if type(checked) is not kind:
        raise _another_kind(capability, checked, f"{kind.__name__}.check")
    return checked


def _another_kind(capability: Capability, result: object, what: str) -> PluginError:
    """The error for a subclass too: its methods would run where no plugin can be blamed."""
    return PluginError(f"{what} returned {type(result).__name__}, not {capability.result.__name__}")
