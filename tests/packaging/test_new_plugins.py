"""`coinmux new` of the installed wheel: what it makes is typed, and its tests pass."""

import sys

import pytest

from tests.packaging.conftest import install, run

MADE = (("provider", "made_here"), ("indicator", "made-here-too"), ("capability", "made_of_it"))


@pytest.fixture(scope="module")
def project(distributions, tmp_path_factory):
    """A fresh environment with the wheel, and three packages made and installed in it."""
    folder = tmp_path_factory.mktemp("authors")
    install(folder / "env", distributions.wheel)
    command = folder / "env/bin/coinmux"
    for kind, name in MADE:
        run(command, "new", kind, name, "--into", folder / name, cwd=folder)
    pip = (sys.executable, "-m", "pip", "--python", folder / "env/bin/python", "install")
    run(
        *pip, "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--no-compile",
        *(folder / name for _, name in MADE), cwd=folder,
    )  # fmt: skip
    return folder


@pytest.mark.parametrize("name", [name for _, name in MADE])
def test_its_own_tests_pass(project, name):
    """Under its own configuration, and none of them is skipped."""
    done = run(project / "env/bin/python", "-m", "pytest", "-q", cwd=project / name)
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_its_types_are_whole(project):
    """mypy in its strict mode, as each package configures it, over all three."""
    run(
        project / "env/bin/python", "-m", "mypy", "--strict", "--no-incremental",
        *(project / name / part for _, name in MADE for part in ("src", "tests")),
        cwd=project,
    )  # fmt: skip
