"""What every report is made of: frozen types that are encoded as they are."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, dataclass_transform

import msgspec
from msgspec import Meta


# A type checker does not know that subclasses inherit both options.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class FrozenReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report, or a part of one: its fields are the members of the JSON object, in this order.

    The OpenAPI document is made from these types, so units stand in the fields' descriptions.
    """


UnixMs = Annotated[int, Meta(description="Unix time in ms")]
MaybeUnixMs = Annotated[int | None, Meta(description="Unix time in ms; null where there is none")]
MaybeMs = Annotated[float | None, Meta(description="Milliseconds; null before the first")]
MaybeShare = Annotated[float | None, Meta(description="0 to 1; null where nothing was measured")]


def installed_version() -> str:
    """coinmux's own version; "0" where it runs from a tree that was never installed."""
    try:
        return version("coinmux")
    except PackageNotFoundError:
        return "0"
