"""What a look at the installed plugins leads to: pure, from what runs and what is there now."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coinmux.framework.plugins.hookspecs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from coinmux.framework.plugins.found import Found

Key = tuple[str, str]


@dataclass(slots=True)
class Plan:
    """What is to be done.

    Attributes:
        load: plugins that are new here, and broken ones that are tried again.
        retire: plugins that are no longer installed, or switched off.
        wait: why a plugin, or coinmux itself, is not what is installed now, by name and origin.
    """

    load: list[Found] = field(default_factory=list)
    retire: list[Found] = field(default_factory=list)
    wait: dict[Key, str] = field(default_factory=dict)


def plan(
    running: Sequence[Found],
    installed: Sequence[Found],
    wanted: Collection[Key],
    broken: Collection[Key],
) -> Plan:
    """What is to be done for `installed` to run in place of `running`.

    A plugin that runs and was upgraded goes on as it is: other plugins may hold its classes, so it
    cannot be exchanged under calls in flight.

    Args:
        running: what was loaded, well or not.
        installed: all that is installed.
        wanted: those of it that settings let load.
        broken: those that were loaded and do not run.
    """
    made = Plan()
    now = {one.key: one for one in installed}
    had = {one.key: one for one in running}
    new_version = _new_version(running, installed)
    if new_version is not None:
        made.wait[PROJECT, PROJECT] = new_version
    for key, one in had.items():
        found = now.get(key)
        if one.built_in and new_version is not None and found is None:
            continue  # it left with the version that waits for a restart
        if found is None or key not in wanted:
            made.retire.append(one)
        elif key in broken:
            # Nothing of it runs, so its new code harms nobody. A thread that hangs has its lock.
            if not one.hangs and not one.built_in:
                made.load.append(found)
        elif (why := _why_it_waits(one, found)) is not None:
            made.wait[key] = why
    for key, one in now.items():
        if key in wanted and key not in had and not (one.built_in and new_version is not None):
            made.load.append(one)
    return made


def _why_it_waits(one: Found, found: Found) -> str | None:
    if one.built_in:
        return None  # said once, of coinmux
    if found.version != one.version:
        return f"restart to use version {found.version} ({one.version} is running)"
    if (found.stamp, found.value) != (one.stamp, one.value):
        return f"restart to use version {found.version} as it was installed anew"
    return None


def _new_version(running: Sequence[Found], installed: Sequence[Found]) -> str | None:
    """Why new plugins of coinmux itself are not loaded; None while it is the version that runs."""
    runs = next((one.version for one in running if one.built_in), None)
    found = next((one.version for one in installed if one.built_in), None)
    if runs is None or found is None or runs == found:
        return None
    return f"restart to use version {found} ({runs} is running)"
