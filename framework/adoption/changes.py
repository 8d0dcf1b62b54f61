"""What became of plugins by a look at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.reference.values import clean_text

if TYPE_CHECKING:
    from coinmux.framework.plugins.found import Found


@dataclass(frozen=True, slots=True)
class PluginChange:
    """What became of one plugin.

    Attributes:
        detail: why it is broken or waits; "" where there is nothing to say.
    """

    name: str
    origin: str
    version: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PluginChanges:
    """What became of the plugins by a look at them.

    Attributes:
        adopted: that run now, and did not before.
        replaced: that run with new code.
        retired: that run no longer.
        broken: that were loaded now and do not run.
        waiting: that were upgraded, and go on as they were until a restart.
    """

    adopted: tuple[PluginChange, ...] = ()
    replaced: tuple[PluginChange, ...] = ()
    retired: tuple[PluginChange, ...] = ()
    broken: tuple[PluginChange, ...] = ()
    waiting: tuple[PluginChange, ...] = ()

    def said(self) -> str:
        """All of it in a sentence."""
        parts = [
            *(f"{_named(one)} adopted" for one in self.adopted),
            *(f"{_named(one)} loaded anew" for one in self.replaced),
            *(f"{_named(one)} retired" for one in self.retired),
            *(f"{one.name} is broken: {one.detail}" for one in self.broken),
            *(f"{one.name}: {one.detail}" for one in self.waiting),
        ]
        return "; ".join(parts) or "none"


def change_of(one: Found) -> PluginChange:
    """The change of a plugin of which there is no more to say."""
    return PluginChange(clean_text(one.name), clean_text(one.origin), clean_text(one.version))


def _named(one: PluginChange) -> str:
    return " ".join(part for part in (one.name, one.version) if part)
