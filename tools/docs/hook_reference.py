"""`docs/reference/hooks.md`, generated from the hookspecs and the examples of `examples/hooks`."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from coinmux import CAPABILITIES
from coinmux.framework.plugins import hookspecs

EXAMPLES = Path(__file__).resolve().parents[2] / "examples/hooks"
#: Hooks that make no sense alone, by the hook whose example contains them.
SHOWN_WITH = {"compute": "indicator_info"}

_HEAD = """\
# Hooks

Generated from `framework/plugins/hookspecs.py` by `make docs`; a test compares it. A plugin
implements hooks with `@hookimpl` from `coinmux`. Arguments are matched by name; an implementation
may take fewer. Every example is a file of `examples/hooks`, and a test runs it with the reply that
is shown. A plugin with a fetch hook also needs a `provider_info`, one with a stream hook a
`socket_dialect` too. The last ones, from `advise_order` on, are beyond fetching: any plugin may
have them, also one that is no source. `COINMUX_API = 1` in a plugin
says for which version of these hooks it was written ([stability.md](stability.md)). The tutorial is
[tutorial.md](../tutorial.md).

"""


def hook_reference() -> str:
    """Every hook: its signature, its description, and an example."""
    hooks = dict(specified_hooks())
    index = [f"- [`{name}`](#{name}): {_first_line(hook)}" for name, hook in hooks.items()]
    return _HEAD + "\n".join(index) + "\n" + "".join(_section(*item) for item in hooks.items())


def specified_hooks() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each hook of the hookspecs, in their order."""
    marker = f"{hookspecs.PROJECT}_spec"
    for name, function in vars(hookspecs).items():
        if hasattr(function, marker):
            yield name, function


def example_of(name: str) -> Path:
    """The file of the hook's example."""
    return EXAMPLES / f"{SHOWN_WITH.get(name, name)}.py"


def replies() -> dict[str, dict[str, Any]]:
    """The query and the source's reply with which a test runs each fetch hook's example."""
    made: dict[str, dict[str, Any]] = json.loads((EXAMPLES / "replies.json").read_text("utf-8"))
    return made


def messages() -> dict[str, dict[str, Any]]:
    """The query and a message of the source with which a test runs each stream hook's example."""
    made: dict[str, dict[str, Any]] = json.loads((EXAMPLES / "messages.json").read_text("utf-8"))
    return made


def _section(name: str, hook: Callable[..., Any]) -> str:
    signature = inspect.signature(hook)
    arguments = ", ".join(
        f"{one.name}: {_type(one.annotation)}" for one in signature.parameters.values()
    )
    parts = [
        f"\n## {name}\n",
        f"```python\n{name}({arguments}) -> {_type(signature.return_annotation)}\n```\n",
        _description(hook),
    ]
    row = next((row for row in CAPABILITIES.values() if row.hook == name), None)
    if row is not None:
        fresh = row.freshness
        parts.append(
            f"Capability `{row.name}`. An answer is fresh for {fresh.fresh_s:g} s. If every source "
            f"fails, it is served, marked stale, for {fresh.failed_s:g} s more.\n"
        )
    if name in SHOWN_WITH:
        parts.append(f"Example: with [`{SHOWN_WITH[name]}`](#{SHOWN_WITH[name]}).\n")
        return "\n".join(parts)
    parts.append(f"```python\n{example_of(name).read_text('utf-8')}```\n")
    if (shown := replies().get(name)) is not None:
        parts.append(f"The reply of the source:\n\n```json\n{json.dumps(shown['reply'])}\n```\n")
    if (shown := messages().get(name)) is not None:
        message = json.dumps(shown["message"])
        parts.append(f"A message of the source:\n\n```json\n{message}\n```\n")
    return "\n".join(parts)


def _type(annotation: object) -> str:
    """An annotation without the names of modules; of a coroutine, the type of its result."""
    text = re.sub(r"\b[a-z_]+\.(?=[A-Z])", "", str(annotation))
    return re.sub(r"^Awaitable\[(.*)\]$", r"\1", text)


def _first_line(hook: Callable[..., Any]) -> str:
    return (inspect.getdoc(hook) or "").split("\n\n", 1)[0].replace("\n", " ")


def _description(hook: Callable[..., Any]) -> str:
    """The docstring as Markdown: its sections become lists."""
    lines = []
    for line in (inspect.getdoc(hook) or "").splitlines():
        if re.fullmatch(r"(Args|Returns|Raises):", line):
            lines += [f"**{line}**", ""]
        elif match := re.fullmatch(r"    (\w+): (.*)", line):
            lines.append(f"- `{match[1]}`: {match[2]}")
        elif line.startswith("    "):
            lines.append(
                f"  {line.strip()}" if lines[-1].startswith(("- ", "  ")) else line.strip()
            )
        else:
            lines.append(line)
    return "\n".join(lines).rstrip() + "\n"
