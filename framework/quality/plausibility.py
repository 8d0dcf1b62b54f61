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
        PluginError: it is not the capability's model.
        Empty: it holds nothing where that is no answer.
        Implausible: it is about something else, from the future, or spaced wrongly.
    """
    if not isinstance(result, capability.result):
        raise PluginError(
            f"{capability.hook} returned {type(result).__name__}, not {capability.result.__name__}"
        )
    if not capability.empty_legal and result.is_empty():
        raise Empty(f"no {capability.name} in the answer")
    return result.check(query, now_ms)
