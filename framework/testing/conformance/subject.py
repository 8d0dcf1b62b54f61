"""The provider under test: loaded as the loader loads it, with its samples and made-up keys."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from coinmux.framework.background.probe_queries import probe_query
from coinmux.framework.plugins import hookspecs
from coinmux.framework.plugins.adapters import Provider
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.plugins.grades import package_of
from coinmux.framework.samples.format import BadSample, Sample, read_sample, sample_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType

    from coinmux.framework.models.base import Query
    from coinmux.framework.models.capability import Capability
    from coinmux.framework.plugins.provider_info import ProviderInfo

_LOAD_S = 30.0


@dataclass(frozen=True)
class Subject:
    """One provider, as far as it loads.

    Attributes:
        name: it was asked for by.
        plugin: the module or object; None where even the import failed.
        package: whose files it is made of; None where that is no package.
        provider: what the loader made of it; None where it is broken.
        broken: why.
        capabilities: every kind of question, its own ones included.
        samples: those that can be read.
        bad_samples: what is wrong with the others, file by file.
    """

    name: str
    plugin: object | None
    package: str | None
    provider: Provider | None
    broken: str
    capabilities: Mapping[str, Capability]
    samples: tuple[Sample, ...] = ()
    bad_samples: tuple[str, ...] = ()
    _by_capability: Mapping[str, list[Sample]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        good: dict[str, list[Sample]] = {}
        for sample in self.samples:
            good.setdefault(sample.capability, []).append(sample)
        object.__setattr__(self, "_by_capability", good)

    @classmethod
    def of(cls, provider: str | object) -> Subject:
        """The provider of that entry point or dotted module name, or the module or object itself.

        Raises:
            LookupError: nothing of that name is installed.
        """
        plugin, name, error = _found(provider)
        loader = PluginLoader()
        if error is None:
            loader.load([in_process(name, plugin)], wait_s=_LOAD_S, limit_s=_LOAD_S)
            error = "; ".join(one.error for one in loader.broken) or None
        loaded = next(iter(loader.providers.values()), None)
        if error is None and loaded is None:
            error = "it has no provider_info"
        made = loaded.plugin if loaded is not None else plugin
        package = package_of(made) if made is not None else None
        samples, bad = _samples(package, loaded.info.name if loaded is not None else name)
        return cls(
            name=loaded.info.name if loaded is not None else name,
            plugin=plugin,
            package=package,
            provider=loaded,
            broken=error or "",
            capabilities=loader.capabilities,
            samples=tuple(samples),
            bad_samples=tuple(bad),
        )

    @property
    def info(self) -> ProviderInfo:
        """What it declares; only of one that loaded."""
        return self.loaded.info

    @property
    def loaded(self) -> Provider:
        """What the loader made of it; only of one that loaded."""
        if self.provider is None:
            raise LookupError(f"{self.name} is broken: {self.broken}")
        return self.provider

    @property
    def is_remote(self) -> bool:
        """Whether it asks anybody: a model that runs here does not."""
        return bool(self.info.base_url or self.info.hosts or self.info.channels)

    @property
    def served(self) -> list[str]:
        """Names of the capabilities it has hooks for."""
        return sorted(self.loaded.fetch)

    def of_capability(self, capability: str, *, ok: bool | None = None) -> list[Sample]:
        """Its samples, the plain file first; those that end well, or those that do not."""
        held = self._by_capability.get(capability, [])
        return held if ok is None else [s for s in held if (s.outcome == "ok") is ok]

    def query_of(self, sample: Sample) -> Query:
        """A sample's question as the hook is asked it."""
        return self.capabilities[sample.capability].query.model_validate(dict(sample.query))

    def question(self, capability: str) -> Query | None:
        """Some question of a capability it can be asked: that of a sample, else a cheap one."""
        good = self.of_capability(capability, ok=True)
        if good:
            return self.query_of(good[0])
        return probe_query(self.info, capability)

    def required_keys(self) -> dict[str, str]:
        """A made-up value for each variable it cannot do without."""
        return {v.name: _made_up(at) for at, v in enumerate(self.info.env) if v.required}

    def all_keys(self) -> dict[str, str]:
        """A made-up value for each variable it reads."""
        return {
            v.name: _made_up(at) if v.secret else f"kit-value-{at}"
            for at, v in enumerate(self.info.env)
        }


def _made_up(at: int) -> str:
    """An invented key; neither half of its last 16 letters is a word that occurs in a text."""
    return f"kit-planted-{at}-NotAKeyANobodysA"


def _found(provider: str | object) -> tuple[Any, str, str | None]:
    """The plugin, a name for it, and why it cannot be imported."""
    if not isinstance(provider, str):
        named = getattr(provider, "__name__", type(provider).__name__)
        return provider, str(named).rpartition(".")[2], None
    points = [p for p in entry_points(group=hookspecs.PROJECT) if p.name == provider]
    try:
        if points:
            return points[0].load(), provider, None
        module: ModuleType = importlib.import_module(provider)
    except ModuleNotFoundError as error:
        if points or error.name != provider.partition(".")[0]:
            return None, provider, f"{type(error).__name__} while loading: {error}"
        raise LookupError(f"no provider {provider!r} is installed, nor a module") from error
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an import does is its defect
        return None, provider, f"{type(error).__name__} while loading: {str(error)[:300]}"
    return module, provider.rpartition(".")[2], None


def _samples(package: str | None, name: str) -> tuple[list[Sample], list[str]]:
    good: list[Sample] = []
    bad: list[str] = []
    try:
        files = sample_files(package) if package is not None else []
    except ImportError:  # an object of a module that is no package's, in a test
        files = []
    for file in files:
        try:
            good.append(read_sample(file.read_bytes(), f"{name}/{file.name}"))
        except BadSample as error:
            bad.append(str(error))
    return good, bad
