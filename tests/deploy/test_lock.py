"""The locks: the versions that are tested, each with hashes, and nothing about where from."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("requirements.lock", "build.lock")


def pinned(text):
    """Name to version, marker and number of hashes."""
    found = {}
    for block in re.split(r"\n(?=\S)", text.strip()):
        first, *rest = block.replace("\\\n", "\n").splitlines()
        name, _, left = first.partition("==")
        version, _, marker = left.partition(";")
        hashes = [line.strip() for line in rest]
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), block
        found[canonicalize_name(name)] = (version.strip(), marker.strip(), len(hashes))
    return found


@pytest.fixture(params=LOCKS)
def lock(request):
    return (ROOT / "deploy" / request.param).read_text()


@pytest.fixture(scope="module")
def constraints():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {
        canonicalize_name(name): version
        for name, _, version in (one.partition("==") for one in lines)
    }


def test_what_is_deployed_is_what_is_tested(lock, constraints):
    """`make lock` writes both; a package of another platform is in no environment of ours."""
    for name, (version, marker, hashes) in pinned(lock).items():
        assert hashes, name
        if marker and not Marker(marker).evaluate():
            continue
        assert constraints.get(name) == version, f"{name}: make lock"


def test_every_dependency_is_locked(constraints):
    """Those that pyproject.toml asks for, and those of the extras `make lock` names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = pinned((ROOT / "deploy/requirements.lock").read_text())
    extras = re.findall(r"--extra (\S+)", (ROOT / "Makefile").read_text())
    assert extras
    wanted = [
        *project["project"]["dependencies"],
        *(one for extra in extras for one in project["project"]["optional-dependencies"][extra]),
    ]
    for one in map(Requirement, wanted):
        version = locked[canonicalize_name(one.name)][0]
        assert one.specifier.contains(version), one
    build = pinned((ROOT / "deploy/build.lock").read_text())
    for one in map(Requirement, project["build-system"]["requires"]):
        assert one.specifier.contains(build[canonicalize_name(one.name)][0])


def test_no_host_stands_in_a_lock(lock):
    """Whoever installs chooses the registry; the hashes say that it served the right files."""
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock)
