"""What the distributions contain: `coinmux`, all of it, and nothing else."""

import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("framework", "plugins", "server", "static")
#: Files of the sdist that are no part of the package.
METADATA = {
    ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "PKG-INFO", "README.md",
    "SECURITY.md", "pyproject.toml",
}  # fmt: skip


def of_checkout():
    """Every file of the package as it lies in the checkout, by its name below `coinmux/`."""
    package = ROOT / "src/coinmux"
    found = {path.name for path in package.iterdir() if path.is_file()}
    for folder in FOLDERS:
        found |= {
            path.relative_to(ROOT).as_posix()
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.name[0] != "."
        }
    return found


def of_wheel(path):
    with zipfile.ZipFile(path) as wheel:
        return set(wheel.namelist())


@pytest.mark.parametrize("which", ["wheel", "of_sdist"])
def test_a_wheel_contains_the_package_and_nothing_else(distributions, which):
    """The wheel of the checkout and the wheel of the sdist contain each file of the package."""
    names = of_wheel(getattr(distributions, which))
    inside = {name.removeprefix("coinmux/") for name in names if name.startswith("coinmux/")}
    assert inside == of_checkout()
    rest = {name.split("/")[0] for name in names if not name.startswith("coinmux/")}
    assert len(rest) == 1
    assert rest.pop().endswith(".dist-info")
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)


def test_the_sdist_contains_files_and_no_links(distributions):
    """The folders stand in the sdist as they are: an unpacked link would lead nowhere."""
    with tarfile.open(distributions.sdist) as sdist:
        members = sdist.getmembers()
    assert all(member.isfile() for member in members)
    names = {member.name.split("/", 1)[1] for member in members}
    inside = {name for name in names if name.startswith("src/coinmux/")}
    assert {name.removeprefix("src/coinmux/") for name in inside} == of_checkout()
    assert names - inside == METADATA


@pytest.mark.parametrize(
    "name",
    [
        "py.typed",
        "framework/archive/migrations/env.py",
        "framework/archive/migrations/script.py.mako",
        "framework/reference/assets.json",
        "plugins/providers/binance/conformance.json",
        "plugins/providers/binance/samples/ticker.json",
        "plugins/providers/lexicon/words.txt",
        "static/index.html",
        "static/vendor/manifest.json",
    ],
)
def test_data_files_are_in_both(distributions, name):
    """What is read at run time, and is not Python, is installed."""
    for wheel in (distributions.wheel, distributions.of_sdist):
        assert f"coinmux/{name}" in of_wheel(wheel)


def test_migrations_are_installed(distributions):
    """Every version of the archive's schema is in the wheel."""
    versions = (ROOT / "framework/archive/migrations/versions").glob("*.py")
    names = {f"coinmux/framework/archive/migrations/versions/{path.name}" for path in versions}
    assert names
    assert names <= of_wheel(distributions.wheel)
