"""A capability that coinmux does not have, with its models and its fetch hook."""

from collections.abc import Sequence

from coinmux import Capability, Freshness, Query, Result, hookimpl


class MoonQuery(Query):
    """The phase of the moon."""


class Moon(Result):
    """The lit part of the moon, 0 to 1."""

    lit: float


@hookimpl
def coinmux_capabilities() -> Sequence[Capability]:
    return [Capability("moon", MoonQuery, Moon, Freshness(3600, 0, 86400))]
