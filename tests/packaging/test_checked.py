"""What a registry looks at before it takes a distribution."""

import sys

from tests.packaging.conftest import ROOT, run


def test_twine_has_nothing_to_say_against_wheel_and_sdist(distributions, tmp_path):
    """Metadata is complete, and the README can be shown."""
    files = (distributions.wheel, distributions.sdist, distributions.of_sdist)
    done = run(sys.executable, "-m", "twine", "check", "--strict", *files, cwd=tmp_path)
    assert done.stdout.count("PASSED") == len(files)


def test_make_dist_builds_both_and_checks_them():
    """The target says what these tests do."""
    told = run("make", "--dry-run", "dist", cwd=ROOT).stdout
    assert "hatchling build -d dist" in told
    assert "twine check --strict dist/*" in told
