"""What a package says of itself to whoever installs it: metadata, README, tests."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from coinmux.framework.plugins.hookspecs import PROJECT
from coinmux.framework.reports.base import installed_version
from coinmux.server.cli.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from coinmux.server.cli.authors.package import Package

#: Operators that keep out a version that is not there yet.
_BOUNDS = frozenset({"<", "<=", "==", "===", "~="})
_KIT = ("testing.conformance", "check_indicator")


def metadata(package: Package) -> Iterator[Finding]:
    """Each check of the metadata, and of what stands beside the code."""
    yield _name(package)
    yield _version(package)
    yield _summary(package)
    yield _license(package)
    yield _python(package)
    yield _coinmux(package)
    yield _points(package)
    yield _readme(package)
    if package.folder is not None:
        yield _tests(package.folder)


def _told(package: Package, field: str) -> str:
    """A field of the metadata; "" where it is missing."""
    return str(next(iter(package.distribution.metadata.get_all(field) or ()), ""))


def _name(package: Package) -> Finding:
    name = canonicalize_name(package.name)
    if name.startswith(f"{PROJECT}-"):
        return Finding("name", "ok", package.name)
    return Finding(
        "name", "warning", f"{package.name} does not say what it is for",
        f"plugins are found by names as {PROJECT}-{name}",
    )  # fmt: skip


def _version(package: Package) -> Finding:
    if "version" in package.built:
        return Finding("version", "ok", "set when it is built")
    text = package.distribution.version
    try:
        return Finding("version", "ok", str(Version(text)))
    except InvalidVersion:
        detail = f"{text!r} is no version that pip takes"
        return Finding("version", "failed", detail, "write one as 0.1.0")


def _summary(package: Package) -> Finding:
    said = _told(package, "Summary")
    if said or "description" in package.built:
        return Finding("description", "ok", said or "set when it is built")
    remedy = "[project] description: one line on what it adds"
    return Finding("description", "warning", "there is none", remedy)


def _license(package: Package) -> Finding:
    classifiers = package.distribution.metadata.get_all("Classifier") or ()
    by_class = next((one for one in classifiers if one.startswith("License ::")), "")
    stated = _told(package, "License-Expression") or _told(package, "License") or by_class
    if stated:
        return Finding("license", "ok", stated.splitlines()[0][:80])
    return Finding(
        "license", "failed", "none is stated, so nobody may use it",
        '[project] license = "MIT", or another SPDX expression, and a file LICENSE',
    )  # fmt: skip


def _python(package: Package) -> Finding:
    stated = _told(package, "Requires-Python")
    if not stated:
        remedy = '[project] requires-python = ">=3.11", as coinmux itself'
        return Finding("requires-python", "warning", "not stated", remedy)
    here = ".".join(map(str, sys.version_info[:3]))
    try:
        fits = SpecifierSet(stated).contains(here)
    except InvalidSpecifier:
        return Finding("requires-python", "failed", f"{stated!r} is no range", "write >=3.11")
    if fits:
        return Finding("requires-python", "ok", stated)
    return Finding(
        "requires-python", "failed", f"{stated} leaves out the Python {here} that runs this",
        "widen the range, or check it with a Python it takes",
    )  # fmt: skip


def _coinmux(package: Package) -> Finding:
    """Whether the range of coinmux is stated, has an end, and takes the one that is installed."""
    if "dependencies" in package.built:
        return Finding("coinmux", "ok", "set when it is built")
    for text in package.distribution.metadata.get_all("Requires-Dist") or ():
        try:
            needed = Requirement(text)
        except InvalidRequirement:
            return Finding("coinmux", "failed", f"{text!r} is no requirement", "write NAME>=1,<2")
        if canonicalize_name(needed.name) == PROJECT and needed.marker is None:
            return _range(needed.specifier)
    remedy = f'[project] dependencies = ["{PROJECT}>=…,<…"]'
    return Finding("coinmux", "failed", "is not among its dependencies", remedy)


def _range(stated: SpecifierSet) -> Finding:
    here = installed_version()
    if not stated.contains(here, prereleases=True):
        remedy = f"widen the range once it works with {here}"
        return Finding("coinmux", "failed", f"{stated} leaves out {here}, the one here", remedy)
    if not any(one.operator in _BOUNDS for one in stated):
        said = f"{stated} has no end" if str(stated) else "takes any version"
        remedy = "docs/reference/stability.md: until 1.0 a minor version may break it"
        return Finding("coinmux", "warning", said, remedy)
    return Finding("coinmux", "ok", str(stated))


def _points(package: Package) -> Finding:
    points = package.points
    if points:
        shown = ", ".join(f"{one.name} = {one.value}" for one in points)
        return Finding("entry point", "ok", shown)
    remedy = f'[project.entry-points.{PROJECT}], a line as acme = "coinmux_acme"'
    return Finding("entry point", "failed", f"none in the group {PROJECT}", remedy)


def _readme(package: Package) -> Finding:
    text = _told(package, "Description").strip()
    if text or "readme" in package.built:
        return Finding("README", "ok", text.partition("\n")[0].strip("# ")[:80])
    remedy = '[project] readme = "README.md": what it adds, and how it is asked'
    return Finding("README", "warning", "there is none", remedy)


def _tests(folder: Path) -> Finding:
    """Tests, one of which runs coinmux's own kit."""
    files = [
        path
        for path in sorted(folder.rglob("test*/**/*.py"))
        if path.name.startswith("test_") and ".venv" not in path.parts
    ]
    if not files:
        remedy = "docs/conformance.md: coinmux's kit is a test of one line"
        return Finding("tests", "warning", "there are none in tests/", remedy)
    if not any(part in path.read_text(errors="replace") for path in files for part in _KIT):
        remedy = "docs/conformance.md: it is a test of one line"
        return Finding("tests", "warning", "none of them runs coinmux's kit", remedy)
    return Finding("tests", "ok", f"{len(files)} file{'s' if len(files) > 1 else ''}, with the kit")
