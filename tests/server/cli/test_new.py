"""`coinmux new`: what it makes, which names it takes, and what it leaves alone."""

import ast
import subprocess
import sys
import tomllib

import pytest
import yaml

from coinmux.framework.errors import InvalidRequest
from coinmux.framework.plugins.discovery import PluginLoader, in_process
from coinmux.framework.testing.conformance import check_provider
from coinmux.framework.testing.indicators import check_indicator
from coinmux.server.cli.authors import template
from coinmux.server.cli.authors.names import NewPlugin
from coinmux.server.cli.authors.taken import Taken
from tests.server.cli.in_process import run_here

#: A plugin of each kind, and one of each whose names are as long as they may be.
PLUGINS = (
    NewPlugin("provider", "tutorial_one"),
    NewPlugin("indicator", "tutorial-two"),
    NewPlugin("capability", "tutorial_three"),
    NewPlugin(
        "provider", "p" * 40, "T" * 40, author="a" * 80, license="none",
        base_url=f"https://{'b' * 54}.example", docs_url=f"https://{'d' * 54}.example",
    ),
    NewPlugin("indicator", "i" * 40, "T" * 40),
    NewPlugin(
        "capability", "c" * 30, "T" * 40, "s" * 40,
        base_url=f"https://{'b' * 54}.example", docs_url=f"https://{'d' * 54}.example",
    ),
)  # fmt: skip
IDS = ("provider", "indicator", "capability", "long-provider", "long-indicator", "long-capability")


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The folder of each plugin, by its name; made once."""
    base = tmp_path_factory.mktemp("made")
    folders = {}
    for plugin in PLUGINS:
        folders[plugin.name] = base / plugin.project
        template.make(plugin, folders[plugin.name])
    return folders


@pytest.fixture
def imported(made, monkeypatch):
    """`imported(plugin)`: the name of its package, which can be imported until the test ends."""
    packages = []

    def make(plugin):
        monkeypatch.syspath_prepend(made[plugin.name] / "src")
        packages.append(f"coinmux_{plugin.module}")
        return packages[-1]

    yield make
    for package in packages:
        sys.modules.pop(package, None)


@pytest.mark.parametrize("plugin", PLUGINS, ids=IDS)
def test_the_linter_has_nothing_to_say(made, plugin):
    """By the rules the package itself declares."""
    folder = made[plugin.name]
    for arguments in (("check",), ("format", "--check")):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *arguments, "--no-cache", "."],
            cwd=folder, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "plugin", [PLUGINS[0], PLUGINS[2], PLUGINS[5]], ids=[IDS[0], IDS[2], IDS[5]]
)
def test_a_provider_has_the_grade_of_one_that_is_finished_but_for_recordings(imported, plugin):
    """Only that real answers were replayed cannot be said of a source that is made up."""
    report = check_provider(imported(plugin))
    assert [one.check.name for one in report.verdicts if one.status == "failed"] == ["recorded"]
    assert report.grade == "silver"
    assert report.name == plugin.source


def test_an_indicator_keeps_what_indicators_promise(imported):
    check_indicator(imported(PLUGINS[1]))


def test_a_capability_is_a_row_that_the_provider_answers(imported):
    loader = PluginLoader()
    package = __import__(imported(PLUGINS[2]))
    loader.load([in_process("mine", package)], wait_s=10, limit_s=10)
    assert loader.broken == []
    row = loader.capabilities["tutorial_three"]
    assert (row.query.__name__, row.result.__name__) == ("TutorialThreeQuery", "TutorialThree")
    assert "tutorial_three" in loader.providers["tutorial_three_source"].fetch


@pytest.mark.parametrize("plugin", PLUGINS, ids=IDS)
def test_metadata_and_entry_point_lead_to_the_code(made, plugin):
    folder = made[plugin.name]
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == plugin.project
    ((name, package),) = project["entry-points"]["coinmux"].items()
    assert name == plugin.name
    tree = ast.parse((folder / "src" / package / "__init__.py").read_text())
    assert any(
        isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "COINMUX_API"
        for node in tree.body
    )
    assert (folder / "src" / package / "py.typed").exists()
    assert (folder / "LICENSE").exists() is (plugin.license == "MIT")
    assert ("license" in project) is (plugin.license == "MIT")
    assert (folder / ".gitignore").exists()
    assert (folder / project["readme"]).read_text().startswith(f"# {plugin.project}\n")


@pytest.mark.parametrize("plugin", PLUGINS[:3], ids=IDS[:3])
def test_nothing_of_the_template_is_left_in_the_files(made, plugin):
    """But for the expression GitHub itself fills in."""
    for path in made[plugin.name].rglob("*"):
        if path.is_file() and path.suffix != ".pyc":
            text = path.read_text().replace("${{ matrix.python }}", "")
            assert not any(mark in text for mark in ("{{", "{%", "jinja")), path
            assert text.endswith("\n") or not text, path
            assert not text.endswith("\n\n"), path


def test_the_workflow_runs_what_the_readme_says(made):
    workflow = yaml.safe_load((made["tutorial_one"] / ".github/workflows/test.yml").read_text())
    # YAML 1.1 reads the key `on` as true.
    assert set(workflow[True]) == {"push", "pull_request"}
    (job,) = workflow["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert runs[0] == "python -m pip install -e '.[dev]'"
    assert {"pytest", "mypy", "ruff check .", "coinmux check ."} <= set(runs)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("provider", "BitMart"), "bit_mart would do"),
        (("provider", "bit-mart"), "bit_mart would do"),
        (("provider", "1inch"), "inch would do"),
        (("provider", ""), "name takes lower case letters"),
        (("provider", "p" * 41), "at most 40 characters"),
        (("provider", "class"), "class is a word of Python; class_data would do"),
        (("provider", "binance"), "binance is taken: coinmux has a provider of that name"),
        (("provider", "log"), "its settings would begin as LOG_"),
        (("provider", "mine", "--provider", "x"), "provider is for a capability only"),
        (("provider", "mine", "--base-url", "http://mine.example"), "base_url takes an https"),
        (("provider", "mine", "--title", 'a "b"'), "title takes at most 40 characters, none"),
        (("indicator", "price_place"), "price-place would do"),
        (("indicator", "rsi"), "rsi is taken: coinmux has an indicator of that name"),
        (("indicator", "adx"), "adx is taken: coinmux has an indicator of that name"),
        (("capability", "ticker"), "ticker is taken: coinmux has a capability of that name"),
        (("capability", "query"), "coinmux has a model Query; query_figure would do"),
        (("capability", "symbol"), "coinmux has a model Symbol; symbol_figure would do"),
        (("capability", "orders", "--provider", "kraken"), "provider kraken is taken"),
    ],
)  # fmt: skip
def test_a_name_that_will_not_do_is_refused_with_what_would(tmp_path, arguments, said):
    """The message names the field, and nothing is made."""
    done = run_here(("new", *arguments), {}, tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_another_stranger_is_taken():
    """Also where the plugin's provider is called otherwise than the plugin."""
    taken = Taken({"alpha": "coinmux-alpha"}, {"beta": "coinmux-alpha"}, {}, {})
    for name in ("alpha", "beta"):
        with pytest.raises(InvalidRequest, match=f"{name} is taken: coinmux-alpha has a provider"):
            taken.refuse(NewPlugin("provider", name))
    taken.refuse(NewPlugin("provider", "gamma"))


def test_what_is_made_is_listed_with_what_comes_next(tmp_path):
    done = run_here(("new", "provider", "tutorial_one", "--into", "here"), {}, tmp_path)
    assert done.returncode == 0, done.stderr
    listed = {line for line in done.stdout.splitlines() if line.startswith("here/")}
    assert listed == {
        path.relative_to(tmp_path).as_posix()
        for path in (tmp_path / "here").rglob("*")
        if path.is_file()
    }
    assert "  cd here\n" in done.stdout


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path):
    (tmp_path / "coinmux-mine").mkdir()
    (tmp_path / "coinmux-mine/README.md").write_text("mine\n")
    done = run_here(("new", "provider", "mine"), {}, tmp_path)
    assert done.returncode == 2
    assert "coinmux-mine is there already and is not empty; --into takes another" in done.stderr
    assert [path.name for path in (tmp_path / "coinmux-mine").iterdir()] == ["README.md"]
    assert (tmp_path / "coinmux-mine/README.md").read_text() == "mine\n"


def test_a_file_of_the_folders_name_is_left_alone(tmp_path):
    (tmp_path / "coinmux-mine").write_text("mine\n")
    done = run_here(("new", "provider", "mine"), {}, tmp_path)
    assert done.returncode == 2
    assert (tmp_path / "coinmux-mine").read_text() == "mine\n"


def test_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "coinmux-mine").mkdir()
    assert run_here(("new", "indicator", "mine"), {}, tmp_path).returncode == 0
    assert (tmp_path / "coinmux-mine/pyproject.toml").exists()


def test_without_the_extra_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr("coinmux.server.cli.authors.find_spec", lambda name: None)
    done = run_here(("new", "provider", "mine"), {}, tmp_path)
    assert done.returncode == 2
    assert "coinmux new needs copier: pip install 'coinmux[authors]'" in done.stderr


def test_the_range_of_versions_is_that_of_the_promise(monkeypatch):
    """Until 1.0 a minor version may break something, from then on a major one."""
    for version, expected in (("0.1.0", ">=0.1,<0.2"), ("1.4.2", ">=1.4,<2")):
        monkeypatch.setattr(
            "coinmux.server.cli.authors.names.installed_version", lambda told=version: told
        )
        words = NewPlugin("provider", "mine").words()
        assert words["coinmux_range"] == f"coinmux{expected}"
