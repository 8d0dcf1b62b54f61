"""Providers with their samples, as `Simulator` takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.plugins.grades import package_of
from coinmux.framework.samples.format import Sample, samples_of

if TYPE_CHECKING:
    from coinmux.framework.plugins.provider_info import ProviderInfo


@dataclass(frozen=True, slots=True)
class SimulatedProvider:
    """A provider and its sample exchanges.

    Attributes:
        package: where its module `simulated_socket` is looked for; None for a provider without.
    """

    info: ProviderInfo
    samples: Sequence[Sample]
    package: str | None = None


def simulated_providers(plugins: Iterable[object]) -> list[SimulatedProvider]:
    """Providers and their samples, for `Simulator`.

    Args:
        plugins: provider modules, or objects with `provider_info`; one of several sources may
            come once for each. Samples are looked for in the folder `samples` of the module's
            package. Retired ones are left out; one without samples stays, so that the real source
            is never called in its place.

    Raises:
        BadSample: names file and field.
    """
    found: dict[str, SimulatedProvider] = {}
    for plugin in plugins:
        told = plugin.provider_info()  # type: ignore[attr-defined]
        infos: Sequence[ProviderInfo] = told if isinstance(told, (tuple, list)) else (told,)
        package = package_of(plugin)
        for info in infos:
            if info.retired is None and info.name not in found:
                samples = samples_of(package, info.name) if package is not None else []
                found[info.name] = SimulatedProvider(info, samples, package)
    return list(found.values())
