"""For whom the running code works, as a context variable.

It goes by context and not by argument: one request asks many questions, by many ways, and what a
plugin's hook sends runs in a task that inherits the context. Without keys nothing reads it.
"""

from __future__ import annotations

from contextvars import ContextVar

#: The name of the consumer; None for coinmux's own work.
CALLER: ContextVar[str | None] = ContextVar("coinmux_caller", default=None)
