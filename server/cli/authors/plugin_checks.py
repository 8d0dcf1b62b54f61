"""What a package's plugins are once they are loaded: hooks, types, facts, names."""

from __future__ import annotations

import inspect
import re
from importlib import resources
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from coinmux.framework.plugins.discovery import API_VERSION
from coinmux.framework.plugins.grades import package_of
from coinmux.framework.secrets import Redactor
from coinmux.server.cli.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from importlib.resources.abc import Traversable

    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.discovery import Found, PluginLoader
    from coinmux.framework.plugins.provider_info import ProviderInfo
    from coinmux.server.cli.authors.load_watch import Watched

_SHOWN = 3
#: Forms of keys that are known by themselves: a web token, and those of AWS, GitHub and Stripe.
_KEY = re.compile(
    r"eyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{10,}|AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}|sk_live_\w{16,}"
)
#: What may be a key; `KEY` and `...` are none.
_VALUE = re.compile(r"[\w.~+/-]{8,}", re.ASCII)
#: Hosts that nobody can have (RFC 2606).
_MADE_UP = (".example", ".invalid", ".test", "example.com", "example.org", "example.net")


def loading(found: Found, seen: Watched) -> Iterator[Finding]:
    """What came of importing it and of asking what it declares."""
    if found.error is not None:
        yield Finding(f"{found.name}: load", "failed", found.error, "import it, and see where")
        return
    yield Finding(f"{found.name}: load", "ok", f"in {found.took_s or 0.0:.2f} s")
    api = getattr(found.loaded, "COINMUX_API", None)
    if api is None:
        remedy = f"COINMUX_API = {API_VERSION} in {found.value}: a later version refuses it by name"
        yield Finding(f"{found.name}: plugin API", "warning", "no version declared", remedy)
    elif api == API_VERSION:
        yield Finding(f"{found.name}: plugin API", "ok", f"version {api}")
    for network in (True, False):
        did = seen.network if network else seen.local
        if did:
            shown = "; ".join(did[:_SHOWN]) + (" …" if len(did) > _SHOWN else "")
            yield Finding(
                f"{found.name}: I/O at load", "failed" if network else "warning", shown,
                "do it in a fetch hook: loading must work without a network and hold up nobody",
            )  # fmt: skip
    if not seen.network and not seen.local:
        yield Finding(f"{found.name}: I/O at load", "ok", "none")
    for text in seen.warned:
        yield Finding(f"{found.name}: warning", "warning", text, "mend what Python warns of")


def registered(found: Found, loader: PluginLoader) -> Iterator[Finding]:
    """What the loader made of it, beside every other plugin that is installed here."""
    for broken in loader.broken:
        if (broken.name, broken.origin) == (found.name, found.origin):
            yield Finding(f"{found.name}: hooks", "failed", broken.error, _remedy(broken.error))
            return
    for doubt in loader.doubts:
        if (doubt.name, doubt.origin) == (found.name, found.origin):
            yield Finding(f"{found.name}: hooks", "warning", doubt.message, "see docs/plugins.md")
    hooks = {
        caller.name: impl.function
        for caller in loader.manager.get_hookcallers(found.loaded) or ()
        for impl in caller.get_hookimpls()
        if impl.plugin is found.loaded
    }
    untyped = sorted(_untyped(hooks, loader.capabilities))
    remedy = "type checkers and readers go by the annotations: docs/reference/hooks.md has each"
    if untyped:
        yield Finding(f"{found.name}: hooks", "warning", "; ".join(untyped), remedy)
    else:
        yield Finding(f"{found.name}: hooks", "ok", ", ".join(sorted(hooks)))
    yield from _files(found)


def facts(info: ProviderInfo) -> Iterator[Finding]:
    """What the kit does not ask of a provider, and whoever installs it wants to know."""
    if info.retired is not None:
        return
    if not info.terms_url and (info.base_url or info.hosts or info.channels):
        remedy = "terms_url: whoever asks the source accepts its terms"
        yield Finding(f"{info.name}: terms", "warning", "no address of its terms", remedy)
    addresses = (info.base_url, *info.hosts.values(), *(one.base_url for one in info.channels))
    links = (info.homepage, info.docs_url, info.terms_url)
    hosts = dict.fromkeys(urlsplit(url).hostname or "" for url in (*addresses, *links) if url)
    if nobodys := [host for host in hosts if host.endswith(_MADE_UP)]:
        detail = f"nobody has {' or '.join(nobodys)}"
        remedy = "put the source's own in its place"
        yield Finding(f"{info.name}: addresses", "warning", detail, remedy)


def _remedy(error: str) -> str:
    if "already" in error:
        return "take another name: nothing that is installed is replaced"
    return "docs/reference/hooks.md has each hook with its arguments"


def _untyped(
    hooks: Mapping[str, Callable[..., object]], capabilities: Mapping[str, Capability]
) -> Iterator[str]:
    """Hooks without annotations, or with those of another question."""
    rows = {row.hook: row for row in capabilities.values()}
    for name, function in hooks.items():
        told = {key: _word(one) for key, one in inspect.get_annotations(function).items()}
        arguments = [one for one in inspect.signature(function).parameters if one != "self"]
        missing = [one for one in (*arguments, "return") if one not in told]
        if missing:
            yield f"{name} says no type of {', '.join(missing)}"
            continue
        row = rows.get(name)
        if row is None:
            continue
        expected = {"query": row.query.__name__, "return": row.result.__name__}
        for key, model in expected.items():
            if key in told and told[key] != model:
                yield f"{name}: {key} is {told[key]}, not {model}"


def _word(annotation: object) -> str:
    """The name of a type, whether it is written or meant: `Ticker` of `coinmux.Ticker`."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", None)
    return str(text if text is not None else annotation).strip("'\"").rpartition(".")[2]


def _files(found: Found) -> Iterator[Finding]:
    """What lies beside the code: the mark of types, open ends, keys in samples."""
    package = package_of(found.loaded) if found.loaded is not None else None
    if package is None:
        remedy = "make it a package: samples, types and the grade lie beside the code"
        yield Finding(f"{found.name}: files", "warning", "it is no package", remedy)
        return
    top, here = resources.files(package.partition(".")[0]), resources.files(package)
    if top.joinpath("py.typed").is_file():
        yield Finding(f"{found.name}: types", "ok", "py.typed")
    else:
        remedy = f"an empty file py.typed in {package.partition('.')[0]}"
        yield Finding(f"{found.name}: types", "warning", "type checkers ignore them", remedy)
    yield from _open_ends(found.name, here)
    yield from _secrets(found.name, here)


def _open_ends(name: str, package: Traversable) -> Iterator[Finding]:
    left = [
        f"{file.name}:{number}"
        for file in package.iterdir()
        if file.name.endswith(".py")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if "TODO" in line
    ]
    if left:
        shown = ", ".join(left[:_SHOWN]) + (" …" if len(left) > _SHOWN else "")
        yield Finding(f"{name}: TODO", "warning", f"{len(left)} left: {shown}", "decide them")


def _secrets(name: str, package: Traversable) -> Iterator[Finding]:
    """Keys in sample exchanges, found by what stands before them or by their form."""
    folder = package.joinpath("samples")
    if not folder.is_dir():
        return
    files = [one for one in folder.iterdir() if one.name.endswith(".json")]
    held = sorted(
        one.name for one in files if _holds_a_key(one.read_bytes().decode(errors="replace"))
    )
    if held:
        shown = ", ".join(held[:_SHOWN])
        remedy = "take it out, and have it made invalid at the source: samples are published"
        yield Finding(f"{name}: samples", "failed", f"a key stands in {shown}", remedy)
    elif files:
        yield Finding(f"{name}: samples", "ok", f"{len(files)} files, no key in them")


def _holds_a_key(text: str) -> bool:
    """Whether a log would hide something of it that is no placeholder."""
    if _KEY.search(text):
        return True
    hidden = set(_VALUE.findall(text)) - set(_VALUE.findall(Redactor().clean(text)))
    return any(re.search("[0-9]", one) for one in hidden)
