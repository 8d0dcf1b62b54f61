"""`.env.example`, generated from the settings and the plugins."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from coinmux.framework.config.settings import SETTINGS

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo

_HEAD = """\
# Settings and keys of coinmux. Copy to .env (chmod 600), set what you have; all may stay empty.
# The process environment wins over this file. Generated: `make docs`.
"""


def env_example(infos: Iterable[ProviderInfo]) -> str:
    """A commented `.env`: settings first, then keys by category, values empty."""
    lines = [_HEAD, "# coinmux"]
    for setting in SETTINGS.values():
        default = _shown(setting.default)
        lines += [
            f"# {setting.description}{f' Default: {default}.' if default else ''}",
            f"#{setting.variable}=",
        ]
    keyed = sorted((info for info in infos if info.env), key=lambda i: (i.category, i.name))
    for category, group in groupby(keyed, key=lambda info: info.category):
        lines += ["", f"# {category}"]
        for info in group:
            for variable in info.env:
                need = "required" if variable.required else "optional"
                also = f" Also read: {', '.join(variable.aliases)}." if variable.aliases else ""
                where = f" Get one: {variable.signup_url}" if variable.signup_url else ""
                text = info.retired or f"{need}. {variable.description}{also}{where}"
                lines += [
                    f"# {info.title}, {text}".rstrip(),
                    f"#{variable.name}=",
                ]
    lines += [
        "",
        "# For any provider, here binance: another address (own node, proxy), off, order, limits.",
        "#BINANCE_BASE_URL=",
        "#BINANCE_WS_URL=",
        "#BINANCE_ENABLED=",
        "#BINANCE_PRIORITY=",
        "#BINANCE_TIMEOUT_S=",
        "#BINANCE_RATE_LIMIT=",
    ]
    return "\n".join(lines) + "\n"


def _shown(default: object) -> str:
    if default is None or default == ():
        return ""
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"{default:g}" if isinstance(default, float) else str(default)
