"""`framework/sync.pyi` and `framework/client/blocking.pyi`: what type checkers see of the twins.

Each is made from the source of the class it blocks for and of its bases: the same members, with
`async def` as `def`. `python -m tools.sync_stub` writes it; a test compares.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from coinmux.framework import sync
from coinmux.framework.client import blocking
from coinmux.framework.client.async_client import AsyncClient
from coinmux.framework.gateway import Gateway

#: What a twin itself defines and its stub shows; its other members are how it works.
_OWN = {"__init__", "__enter__", "__exit__"}


class Twin(NamedTuple):
    """A blocking class and what its stub is made of.

    Attributes:
        kind: the class.
        of: the class it blocks for.
        path: of the stub.
        renamed: what is waited for otherwise, and its twin.
    """

    kind: type
    of: type
    path: Path
    renamed: tuple[tuple[str, str], ...]


_FRAMEWORK = Path(__file__).parent.parent / "framework"
SYNC = Twin(
    sync.SyncGateway,
    Gateway,
    _FRAMEWORK / "sync.pyi",
    (
        (
            "from coinmux.framework.streams.stream import Stream",
            "from coinmux.framework.streams.sync_stream import SyncStream",
        ),
        ("-> Stream[", "-> SyncStream["),
    ),
)
CLIENT = Twin(
    blocking.Client,
    AsyncClient,
    _FRAMEWORK / "client" / "blocking.pyi",
    (
        ("import ClientStream", "import BlockingStream"),
        ("-> ClientStream[", "-> BlockingStream["),
    ),
)
TWINS = (SYNC, CLIENT)
_HEAD = '''"""Made from `{}` by `python -m tools.sync_stub`; a test compares."""
# ruff: noqa - it is generated, and docstrings are what an editor shows
'''

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def stub(twin: Twin) -> str:
    """The text of a stub.

    Raises:
        LookupError: an annotation has a name that its module neither imports nor defines.
    """
    imports: dict[str, set[str]] = defaultdict(set)
    members: dict[str, list[ast.stmt]] = {}
    bases = [kind for kind in twin.of.__mro__ if kind.__module__.startswith("coinmux.")]
    for kind, own in ((twin.kind, _OWN), *((base, None) for base in bases)):
        module = sys.modules[kind.__module__]
        tree = ast.parse(inspect.getsource(module))
        found = _members(_class(tree, kind.__name__), own)
        new = {name: nodes for name, nodes in found.items() if name not in members}
        members.update(new)
        _import(imports, tree, module, [node for nodes in new.values() for node in nodes])
    doc = inspect.getdoc(twin.kind) or ""
    body = ast.Expr(ast.Constant(doc.replace("\n", "\n    ") + "\n    "))
    made = ast.ClassDef(
        twin.kind.__name__,
        bases=[],
        keywords=[],
        body=[body, *(node for nodes in members.values() for node in nodes)],
        decorator_list=[],
    )
    lines = [
        f"from {module} import {', '.join(sorted(names))}"
        for module, names in sorted(imports.items())
    ]
    text = "\n".join(
        [_HEAD.format(twin.of.__name__), *lines, "", ast.unparse(ast.fix_missing_locations(made))]
    )
    for ours, theirs in twin.renamed:
        text = text.replace(ours, theirs)
    return _formatted(text, twin.path)


def _class(tree: ast.Module, name: str) -> ast.ClassDef:
    return next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == name)


def _members(kind: ast.ClassDef, own: set[str] | None) -> dict[str, list[ast.stmt]]:
    """The members shown of a class, by name; the overloads of one are several."""
    functions: dict[str, list[_Function]] = defaultdict(list)
    attributes: dict[str, list[ast.stmt]] = {}
    for node in kind.body:
        if isinstance(node, _Function) and _is_shown(node.name, own):
            functions[node.name].append(node)
        elif isinstance(node, ast.AnnAssign) and own is None:
            _attribute(attributes, node.target, node.annotation)
    if own is None and (init := _init(kind)) is not None:
        _assigned(attributes, init)
    return {**attributes, **{name: _declared(nodes) for name, nodes in functions.items()}}


def _is_shown(name: str, own: set[str] | None) -> bool:
    return name in own if own is not None else not name.startswith("_")


def _init(kind: ast.ClassDef) -> ast.FunctionDef | None:
    found = [n for n in kind.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"]
    return found[0] if found else None


def _assigned(attributes: dict[str, list[ast.stmt]], init: ast.FunctionDef) -> None:
    """Attributes `__init__` sets, of the type annotated, of their parameter, or constructed."""
    given = {one.arg: one.annotation for one in (*init.args.args, *init.args.kwonlyargs)}
    for node in ast.walk(init):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Attribute):
            _attribute(attributes, node.target, node.annotation)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if not isinstance(target, ast.Attribute):
                    continue
                if (annotation := given.get(target.attr)) is not None:
                    _attribute(attributes, target, _without_none(annotation))
                elif (constructed := _constructed(node.value)) is not None:
                    _attribute(attributes, target, constructed)


def _attribute(
    attributes: dict[str, list[ast.stmt]], target: ast.expr, annotation: ast.expr
) -> None:
    name = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "_")
    if not name.startswith("_"):
        node = ast.AnnAssign(ast.Name(name), annotation, value=None, simple=1)
        attributes.setdefault(name, [node])


def _without_none(annotation: ast.expr) -> ast.expr:
    is_optional = isinstance(annotation, ast.BinOp) and ast.unparse(annotation.right) == "None"
    return annotation.left if isinstance(annotation, ast.BinOp) and is_optional else annotation


def _constructed(value: ast.expr) -> ast.expr | None:
    """`Thing` of `Thing(…)` and of `Thing.shipped(…)`."""
    if not isinstance(value, ast.Call):
        return None
    maker = value.func.value if isinstance(value.func, ast.Attribute) else value.func
    return maker if isinstance(maker, ast.Name) and maker.id[0].isupper() else None


def _declared(nodes: list[_Function]) -> list[ast.stmt]:
    """A function without its body; where it has overloads, these with the docstring of all."""
    docstring = ast.get_docstring(nodes[-1], clean=False)
    shown = nodes[:-1] if len(nodes) > 1 and _has(nodes[0], "overload") else nodes[-1:]
    return [_blocking(node, docstring) for node in shown]


def _blocking(node: _Function, docstring: str | None) -> ast.stmt:
    arguments = node.args
    for one in arguments.args[:1]:
        one.annotation = None
    arguments.defaults = [_default(one) for one in arguments.defaults]
    arguments.kw_defaults = [one and _default(one) for one in arguments.kw_defaults]
    body: list[ast.stmt] = [ast.Expr(ast.Constant(docstring))] if docstring else []
    body.append(ast.Expr(ast.Constant(...)))
    decorators = [one for one in node.decorator_list if ast.unparse(one) != "abstractmethod"]
    return ast.FunctionDef(node.name, arguments, body, decorators, node.returns)


def _has(node: _Function, decorator: str) -> bool:
    return any(ast.unparse(one) == decorator for one in node.decorator_list)


def _default(value: ast.expr) -> ast.expr:
    """A plain value as it is, anything else as `...`."""
    return value if isinstance(value, ast.Constant) else ast.Constant(...)


def _import(
    imports: dict[str, set[str]], tree: ast.Module, module: ModuleType, nodes: list[ast.stmt]
) -> None:
    """Add what the annotations and decorators of `nodes` name."""
    places = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
        for alias in node.names
    }
    used = {part.id for node in nodes for part in ast.walk(node) if isinstance(part, ast.Name)}
    attributes = {node.target.id for node in nodes if _names(node)}  # type: ignore[attr-defined]
    for name in used - attributes:
        if name in places:
            imports[places[name]].add(name)
        elif hasattr(module, name):
            imports[module.__name__].add(name)
        elif not hasattr(builtins, name):
            raise LookupError(f"{module.__name__} neither imports nor defines {name}")


def _names(node: ast.stmt) -> bool:
    return isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)


def _formatted(text: str, path: Path) -> str:
    for command in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        text = subprocess.run(  # noqa: S603 - our own interpreter and arguments
            [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path), "-"],
            input=text,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    return text


if __name__ == "__main__":
    for one in TWINS:
        one.path.write_text(stub(one))
