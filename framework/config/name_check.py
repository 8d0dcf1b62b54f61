"""Names an operator wrote that nothing reads: variables, and entries of lists of plugins."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from coinmux.framework.config.settings import SETTINGS, InvalidSetting

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from coinmux.framework.plugins.provider_info import ProviderInfo

#: What any provider's name may be followed by.
_OVERRIDES = ("BASE_URL", "ENABLED", "PRIORITY", "TIMEOUT_S", "RATE_LIMIT")
#: In a file of ours a loose likeness is worth a hint; the environment is full of other programs'.
_NEAR, _VERY_NEAR = 0.6, 0.85
#: Short names of the environment resemble anything.
_LEAST_CHARS = 6
#: Variables that other parts of the process read, and that may stand in our file as well.
_OTHERS = re.compile(
    r"(https?|all|no)_proxy|ssl_cert_(file|dir)|no_color|force_color|tz|lang|lc_\w+|path|pwd|home"
    r"|python\w*|hf_hub_\w+|compose_\w+|postgres_\w+|redis_\w+|coinmux_\w+",
    re.IGNORECASE,
)
#: What sample files and tutorials put where a key belongs.
_PLACEHOLDER = re.compile(
    r"(change|replace)[-_ ]?me([-_ ]\w*)?|<[^>]*>|\[[^\]]*\]|\{[^}]*\}"
    r"|\.{3}|…|x{3,}|\*{3,}|todo|fixme|tbd"
    r"|(insert|enter|put|paste|add|replace)[-_ ]\w*(key|token|secret|here)\w*"
    r"|(my|your|the)[-_ ]?(\w*[-_ ])?(api[-_ ]?)?(key|token|secret)([-_ ]?here)?"
    r"|(api[-_ ]?)?(key|token|secret)([-_ ]?here)?|none|null|undefined|placeholder|dummy|example",
    re.IGNORECASE,
)


def variables_of(info: ProviderInfo) -> list[str]:
    """Every variable that is read for a provider."""
    prefix = info.name.upper()
    places = (*info.hosts, *(channel.name for channel in info.channels))
    return [
        *(name for variable in info.env for name in (variable.name, *variable.aliases)),
        *(f"{prefix}_{ending}" for ending in _OVERRIDES),
        *(f"{prefix}_BASE_URL_{place.upper()}" for place in places),
        *(f"{prefix}_WS_URL" + (f"_{name.upper()}" if name else "") for name in info.sockets),
    ]


def unknown_variables(
    in_file: Collection[str],
    in_environment: Collection[str],
    infos: Iterable[ProviderInfo],
    absent: Collection[str] = (),
    others: Iterable[str] = (),
) -> list[str]:
    """A warning for each variable that nothing reads, with the one that may be meant.

    Of the environment only names that closely resemble one of ours are told.

    Args:
        in_file: the names set in `.env`.
        in_environment: the names set in the environment.
        infos: of every loaded provider.
        absent: names of plugins that are not loaded; nobody knows what they would read.
        others: variables that plugins read beside those of providers.
    """
    known = {*SETTINGS, *others, *(name for info in infos for name in variables_of(info))}
    beginnings = tuple(f"{name.upper()}_" for name in absent)
    warnings = []
    for name in sorted({*in_file, *in_environment}):
        if name in known or _OTHERS.fullmatch(name) or name.startswith(beginnings):
            continue
        ours = name in in_file
        if not ours and len(name) < _LEAST_CHARS:
            continue
        cutoff = _NEAR if ours else _VERY_NEAR
        near = get_close_matches(name[:100].upper(), known, n=1, cutoff=cutoff)
        if near:
            warnings.append(f"{name[:100]} is read by nothing; did you mean {near[0]}?")
        elif ours:
            warnings.append(f"{name[:100]} is read by nothing")
    return warnings


def placeholders(values: Mapping[str, str], infos: Iterable[ProviderInfo]) -> list[str]:
    """A warning for each key whose value is what sample files put there."""
    secret = {name for name, setting in SETTINGS.items() if setting.secret}
    for info in infos:
        for variable in info.env:
            if variable.secret:
                secret.update((variable.name, *variable.aliases))
    return [
        f"{name} holds a placeholder, not a key; leave it empty or set the real one"
        for name in sorted(secret)
        if name in values and _PLACEHOLDER.fullmatch(values[name])
    ]


def overridden_mistakes(in_file: Mapping[str, str], overriding: Collection[str]) -> list[str]:
    """A warning for each setting of the file that could not be used and is not, being overridden.

    Args:
        in_file: values of `.env`.
        overriding: names that the environment or the command line sets.
    """
    warnings = []
    for name in sorted({*in_file} & {*overriding} & {*SETTINGS}):
        try:
            SETTINGS[name].read(in_file[name])
        except ValueError as error:
            warnings.append(f"{name} in the file {error}; it is overridden and not used")
    return warnings


def refuse_unknown(
    variable: str, names: Iterable[str], known: Collection[str], *, cutoff: float = 0.0
) -> None:
    """Refuse a list that names plugins which are not there.

    Args:
        variable: whose value it is.
        names: the list.
        known: the names there are.
        cutoff: only names that resemble a known one so closely are refused; 0 for all.

    Raises:
        InvalidSetting: with the nearest names.
    """
    unknown = []
    suggested: list[str] = []
    for name in dict.fromkeys(names):
        if name in known:
            continue
        near = get_close_matches(name[:100], known, n=3, cutoff=cutoff or _NEAR)
        if near or not cutoff:
            unknown.append(name[:60])
            suggested += near
    if unknown:
        listed = ", ".join(unknown)
        message = f"names {listed}, which {'are' if len(unknown) > 1 else 'is'} not installed"
        raise InvalidSetting(
            f"{variable} {message}",
            errors=[{"name": variable, "message": message}],
            did_you_mean=list(dict.fromkeys(suggested)),
        )
