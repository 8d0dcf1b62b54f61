"""The package that `coinmux check` looks at: one that is installed, or a folder that is not."""

from __future__ import annotations

import tomllib
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from importlib.metadata import (
    Distribution,
    EntryPoint,
    PackageNotFoundError,
    PathDistribution,
    distribution,
    entry_points,
)
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import InvalidRequest, NotFound
from coinmux.framework.plugins.hookspecs import PROJECT
from coinmux.framework.suggest import near

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PROJECT_FILE = "pyproject.toml"


@dataclass(frozen=True, slots=True)
class Package:
    """A distribution with plugins of coinmux, or one that should have some.

    Attributes:
        distribution: its metadata and entry points.
        folder: the checkout; None for one that is installed.
        paths: where the distribution and its code are found, in front of everything else.
        built: fields of the metadata that are known only once it is built.
    """

    distribution: Distribution
    folder: Path | None = None
    paths: tuple[Path, ...] = ()
    built: frozenset[str] = frozenset()

    @property
    def name(self) -> str:
        return self.distribution.name

    @property
    def points(self) -> Sequence[EntryPoint]:
        """What coinmux finds it by."""
        return [one for one in self.distribution.entry_points if one.group == PROJECT]


@contextmanager
def opened(what: str) -> Iterator[Package]:
    """The package that a folder has, or that is installed by that name or with such a plugin.

    Raises:
        InvalidRequest: the `pyproject.toml` cannot be used, or the plugin is coinmux's own.
        NotFound: there is neither.
    """
    folder = Path(what)
    if (folder / _PROJECT_FILE).is_file():
        with TemporaryDirectory() as made:
            yield _of_folder(folder.resolve(), Path(made))
        return
    found = _installed(what)
    if found is None:
        known = sorted({one.name for one in entry_points(group=PROJECT) if not _is_ours(one)})
        raise NotFound(
            f"there is no {_PROJECT_FILE} in {what!r}, and no plugin of that name is installed",
            did_you_mean=near(what, known),
        )
    if found.name == PROJECT:
        raise InvalidRequest(f"{what} is coinmux's own: coinmux conformance {what} checks it")
    yield Package(found)


def _is_ours(point: EntryPoint) -> bool:
    return point.dist is not None and point.dist.name == PROJECT


def _installed(name: str) -> Distribution | None:
    """The distribution of that name, else the one with a plugin of that name."""
    try:
        return distribution(name) if name else None
    except (PackageNotFoundError, ValueError):
        points = [one for one in entry_points(group=PROJECT) if one.name == name]
        return points[0].dist if points else None


def _of_folder(folder: Path, made: Path) -> Package:
    """A checkout as if it were installed: what its project declares, written as metadata.

    Args:
        made: an empty folder, for the metadata.
    """
    where = folder / _PROJECT_FILE
    try:
        project = tomllib.loads(where.read_text()).get("project")
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{where} cannot be read: {error}") from error
    if not isinstance(project, dict) or not isinstance(project.get("name"), str):
        raise InvalidRequest(f"{where} has no [project] with a name")
    points = project.get("entry-points", {}).get(PROJECT, {})
    info = made / f"{project['name'].replace('-', '_')}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(str(_metadata(project, folder)))
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (info / "entry_points.txt").write_text(f"[{PROJECT}]\n{lines}")
    code = tuple(dict.fromkeys(_code_of(folder, str(value)) for value in points.values()))
    return Package(
        PathDistribution(info), folder, (made, *code), frozenset(project.get("dynamic", ()))
    )


def _code_of(folder: Path, value: str) -> Path:
    """The folder a module is imported from: `src`, where that has it, else the checkout."""
    top = value.partition(":")[0].partition(".")[0]
    source = folder / "src"
    return source if (source / top).exists() or (source / f"{top}.py").exists() else folder


def _metadata(project: Mapping[str, Any], folder: Path) -> Message:
    """The core metadata that a build would write, as far as a check reads it."""
    made = Message()
    made["Metadata-Version"] = "2.4"
    made["Name"] = project["name"]
    made["Version"] = str(project.get("version", "0"))
    stated = project.get("license")
    fields = {
        "Summary": project.get("description"),
        "Requires-Python": project.get("requires-python"),
        "License-Expression": stated if isinstance(stated, str) else None,
        "License": next(iter(stated.values()), None) if isinstance(stated, dict) else None,
    }
    for name, value in fields.items():
        if value:
            made[name] = " ".join(str(value).split())
    for text in project.get("classifiers", ()):
        made["Classifier"] = str(text)
    for text in project.get("dependencies", ()):
        made["Requires-Dist"] = str(text)
    made.set_payload(_readme(project.get("readme"), folder))
    return made


def _readme(stated: object, folder: Path) -> str:
    """The text a page of the package would show; "" where there is none."""
    if isinstance(stated, dict):
        if "text" in stated:
            return str(stated["text"])
        stated = stated.get("file")
    if not isinstance(stated, str):
        return ""
    try:
        return (folder / stated).read_text(errors="replace")
    except OSError:
        return ""
