"""`docs/reference/settings.md`, generated from the table of settings."""

from __future__ import annotations

from pathlib import Path

from coinmux.framework.config.settings import SETTINGS, Setting

_HEAD = """\
# Settings

Generated from `framework/config/settings.py` by `make docs`; a test compares it. A setting is a
variable of the process's environment or a line of `.env`; the environment wins. `.env.example` has
them all, with the keys of the providers. A setting marked *restart* takes effect at the next start,
any other with `POST /api/config/reload`. A value that cannot be used is an error that names the
variable and the values it takes; secrets are never shown.

| variable | default | meaning | |
|---|---|---|---|
"""
_PROVIDER = """
## For each provider

`<PROVIDER>` is the provider's name in upper case, `BINANCE` for example.

| variable | value | meaning |
|---|---|---|
| `<PROVIDER>_BASE_URL` | an http(s) address | Ask this address instead: an own node, or a proxy |
| `<PROVIDER>_BASE_URL_<NAME>` | an http(s) address | The same for one of its hosts or channels |
| `<PROVIDER>_ENABLED` | `on` or `off` | `off` switches the provider off |
| `<PROVIDER>_PRIORITY` | a whole number | Lower goes first among equals |
| `<PROVIDER>_TIMEOUT_S` | 0.1 to 120 | Seconds of one attempt |
| `<PROVIDER>_RATE_LIMIT` | `60/60`, or `off` | Requests per seconds, several separated by commas |

Keys of providers are listed in [providers.md](../providers.md).
"""


def settings_reference() -> str:
    """Every setting, in the order of the table."""
    rows = (
        f"| `{one.variable}` | {_default(one)} | {one.description} | {_marks(one)} |"
        for one in SETTINGS.values()
    )
    return _HEAD + "\n".join(rows) + "\n" + _PROVIDER


def _default(setting: Setting) -> str:
    value = setting.default
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return "`on`" if value else "`off`"
    if isinstance(value, Path):
        return f"`{value.as_posix()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def _marks(setting: Setting) -> str:
    marks = (("restart", setting.restart), ("secret", setting.secret))
    return ", ".join(word for word, is_so in marks if is_so)
