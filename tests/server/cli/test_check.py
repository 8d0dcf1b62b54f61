"""`coinmux check`: what it finds of a package, in a folder and installed."""

import json
import shutil
import subprocess
import sys
import textwrap
from importlib import resources
from pathlib import Path

import pytest

from coinmux.server.cli.authors import inspection, template
from coinmux.server.cli.authors.names import NewPlugin
from coinmux.server.cli.authors.package import opened
from coinmux.server.cli.authors.plugin_checks import _secrets
from coinmux.server.cli.findings import Finding
from tests.server.cli.in_process import run_here

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
OK, WARNING, FAILED = "ok", "warning", "failed"


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """A provider as `coinmux new` makes it."""
    folder = tmp_path_factory.mktemp("fresh") / "coinmux-checked"
    template.make(NewPlugin("provider", "checked"), folder)
    return folder


@pytest.fixture
def project(fresh, tmp_path):
    """A copy of it, to be spoilt."""
    return shutil.copytree(fresh, tmp_path / "coinmux-checked")


def module_of(project):
    return project / "src/coinmux_checked/__init__.py"


def spoil(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def check(what, cwd=None):
    """The exit code, and status, detail and remedy by what was checked."""
    done = run_here(("check", str(what), "--json"), {}, cwd)
    assert not done.stderr, done.stderr
    found = {one["subject"]: one for one in json.loads(done.stdout)}
    return done.returncode, {
        subject: (one["status"], one["detail"], one["remedy"]) for subject, one in found.items()
    }


def test_what_is_made_has_no_failure_and_says_what_is_left_to_decide(fresh):
    code, found = check(fresh)
    assert code == 0
    left = {subject for subject, (status, *_) in found.items() if status != OK}
    assert left == {
        "checked: TODO", "checked: addresses", "checked: recorded", "checked: stored grade",
    }  # fmt: skip
    assert found["checked: conformance"][1] == "grade silver"
    assert found["checked: hooks"][1] == "fetch_candles, fetch_ticker, provider_info"
    assert found["checked: addresses"][1] == "nobody has api.checked.example or checked.example"
    assert found["tests"][1] == "1 file, with the kit"


@pytest.mark.parametrize(
    ("name", "left"),
    [
        # An invented exchange has neither terms nor an address of its own, and nobody recorded it.
        ("acme", {"acme: terms", "acme: addresses", "acme: recorded"}),
        ("choppiness", set()),
        ("venues", set()),
    ],
)
def test_every_example_has_none_either(name, left):
    code, found = check(EXAMPLES / f"coinmux-{name}")
    assert code == 0
    assert {subject for subject, (status, *_) in found.items() if status != OK} == left


@pytest.mark.parametrize("kind", ["indicator", "capability"])
def test_the_other_kinds_have_none_either(tmp_path, kind):
    template.make(NewPlugin(kind, "checked"), tmp_path / "made")
    code, found = check(tmp_path / "made")
    assert code == 0
    assert found["checked: conformance"][0] == OK


def test_the_table_names_the_package_and_counts(fresh):
    done = run_here(("check", str(fresh)), {"COLUMNS": "200"})
    assert done.stdout.startswith("check coinmux-checked")
    assert "0 failed, 4 warnings" in done.stdout


def test_the_folder_one_stands_in_is_checked_without_a_name(fresh):
    done = run_here(("check", "--json"), {}, fresh)
    assert json.loads(done.stdout)[0]["detail"] == "coinmux-checked"


def test_nothing_is_written_into_the_folder(project):
    before = sorted(project.rglob("*"))
    check(project)
    assert sorted(project.rglob("*")) == before


@pytest.mark.parametrize(
    ("old", "new", "subject", "status", "detail"),
    [
        ('name = "coinmux-checked"', 'name = "mine"', "name", WARNING, "does not say what it is"),
        ('version = "0.1.0"', 'version = "one"', "version", FAILED, "'one' is no version"),
        ('version = "0.1.0"', 'dynamic = ["version"]', "version", OK, "set when it is built"),
        ('license = "MIT"\n', "", "license", FAILED, "nobody may use it"),
        ('license = "MIT"', 'license = { text = "MIT" }', "license", OK, "MIT"),
        ('requires-python = ">=3.11"\n', "", "requires-python", WARNING, "not stated"),
        ('">=3.11"', '">=9"', "requires-python", FAILED, "leaves out the Python 3."),
        ('">=3.11"', '"three"', "requires-python", FAILED, "'three' is no range"),
        ('"coinmux>=0.1,<0.2",', "", "coinmux", FAILED, "not among its dependencies"),
        ("coinmux>=0.1,<0.2", "coinmux", "coinmux", WARNING, "takes any version"),
        ("coinmux>=0.1,<0.2", "coinmux>=0.1", "coinmux", WARNING, ">=0.1 has no end"),
        ("coinmux>=0.1,<0.2", "coinmux>=0.9,<1", "coinmux", FAILED, "leaves out 0.1.0"),
        ("coinmux>=0.1,<0.2", "coinmux ! 1", "coinmux", FAILED, "is no requirement"),
        ('readme = "README.md"\n', "", "README", WARNING, "there is none"),
        ("description = ", "# ", "description", WARNING, "there is none"),
        ("entry-points.coinmux", "entry-points.other", "entry point", FAILED, "none in the group"),
    ],
)  # fmt: skip
def test_metadata_that_will_not_do(project, monkeypatch, old, new, subject, status, detail):
    """Each has a line of its own, and says what to write."""
    monkeypatch.setattr("coinmux.server.cli.check.inspect", lambda package: [])
    monkeypatch.setattr(
        "coinmux.server.cli.authors.metadata_checks.installed_version", lambda: "0.1.0"
    )
    spoil(project / "pyproject.toml", old, new)
    code, found = check(project)
    assert found[subject][0] == status
    assert detail in found[subject][1]
    assert bool(found[subject][2]) is (status != OK)
    assert code == (1 if status == FAILED else 0)


def test_tests_that_are_missing_or_run_no_kit(project, monkeypatch):
    monkeypatch.setattr("coinmux.server.cli.check.inspect", lambda package: [])
    (project / "tests/test_checked.py").write_text("def test_one():\n    assert True\n")
    assert check(project)[1]["tests"][:2] == (WARNING, "none of them runs coinmux's kit")
    (project / "tests/test_checked.py").unlink()
    assert check(project)[1]["tests"][:2] == (WARNING, "there are none in tests/")


@pytest.mark.parametrize(
    ("lines", "subject", "status", "detail"),
    [
        ("import nowhere_at_all", "load", FAILED, "ModuleNotFoundError"),
        ("raise SystemExit(3)", "load", FAILED, "SystemExit"),
        ("COINMUX_API = 99", "hooks", FAILED, "is for plugin API 99"),
        ("del COINMUX_API", "plugin API", WARNING, "no version declared"),
        ("import warnings; warnings.warn('old', DeprecationWarning)", "warning", WARNING, "old"),
        (
            "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9), 1)\n"
            "except OSError:\n    pass",
            "I/O at load", FAILED, "looks up 127.0.0.1; socket connect ('127.0.0.1', 9)",
        ),
        (
            "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
            "I/O at load", WARNING, "starts ",
        ),
        ("open('left', 'w').close()", "I/O at load", WARNING, "writes left"),
        (
            "@hookimpl\nasync def fetch_tickre(query, http):\n    ...",
            "hooks", FAILED, "did you mean fetch_ticker?",
        ),
        (
            "@hookimpl\nasync def fetch_trades(query, http):\n    ...",
            "hooks", WARNING, "fetch_trades says no type of query, http, return",
        ),
        (
            "@hookimpl\nasync def fetch_trades(query: TickerQuery, http: HTTP) -> Ticker:\n    ...",
            "hooks", WARNING,
            "fetch_trades: query is TickerQuery, not TradesQuery; "
            "fetch_trades: return is Ticker, not Trades",
        ),
        ("print('hello')", "load", OK, "in "),
    ],
)  # fmt: skip
def test_what_loading_shows(project, lines, subject, status, detail):
    """The plugin's own code is run in a process of its own."""
    module = module_of(project)
    module.write_text(f"{module.read_text()}\n\n{lines}\n")
    code, found = check(project)
    assert found[f"checked: {subject}"][0] == status
    assert detail in found[f"checked: {subject}"][1]
    if status == FAILED:
        assert code == 1


def test_a_name_that_is_taken_is_the_packages_fault(project):
    """Though a stranger's plugin may be found before the one that had the name."""
    spoil(module_of(project), 'name="checked"', 'name="kraken"')
    code, found = check(project)
    assert code == 1
    status, detail, remedy = found["checked: hooks"]
    assert (status, detail) == (FAILED, "ValueError: another provider is already named kraken")
    assert remedy.startswith("take another name")


def test_a_package_without_the_mark_of_types(project):
    (project / "src/coinmux_checked/py.typed").unlink()
    assert check(project)[1]["checked: types"][0] == WARNING


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"content-type": "application/json"', '"x-api-key": "9f8e7d6c5b4a"'),
        ('"pair": "BTC-USDT"', '"pair": "eyJhbGciOiJIUzI1NiJ9.e30aaaaaaaaa.bbbbbbbbbbb"'),
    ],
    ids=["a header", "a web token"],
)
def test_a_key_in_a_sample_fails(project, old, new):
    spoil(project / "src/coinmux_checked/samples/candles.json", old, new)
    code, found = check(project)
    assert code == 1
    assert found["checked: samples"][:2] == (FAILED, "a key stands in candles.json")


def test_samples_of_our_own_providers_hold_none():
    """What looks for keys takes nothing for one that is none."""
    package = resources.files("coinmux.plugins.providers")
    for provider in package.iterdir():
        if provider.joinpath("samples").is_dir():
            assert [one.status for one in _secrets(provider.name, provider)] == [OK], provider.name


def test_each_failure_of_the_kit_is_a_line(project):
    spoil(module_of(project), 'last=body["last"]', 'last=body["bid"]')
    code, found = check(project)
    assert code == 1
    assert found["checked: conformance"][:2] == (FAILED, "no grade")
    assert found["checked: ok_samples"][0] == FAILED
    assert found["checked: ok_samples"][2] == "coinmux conformance checked"


def test_an_indicator_that_breaks_a_promise(tmp_path):
    folder = tmp_path / "made"
    template.make(NewPlugin("indicator", "checked"), folder)
    spoil(folder / "src/coinmux_checked/__init__.py", 'values["period"])', 'values["period"]) + 1')
    spoil(folder / "src/coinmux_checked/__init__.py", "return values\n", "return values[1:]\n")
    code, found = check(folder)
    assert code == 1
    assert found["checked: conformance"][0] == FAILED


def test_a_plugin_that_never_finishes_loading_is_ended(project):
    module_of(project).write_text("import time\ntime.sleep(600)\n")
    with opened(str(project)) as package:
        (only,) = inspection.inspect(package, limit_s=1.5)
    assert only == Finding(
        "plugins", FAILED, "not done after 1.5 s", "see what it does while it is imported"
    )


def test_a_plugin_that_ends_the_process_is_reported(project):
    module_of(project).write_text("import os\nos._exit(7)\n")
    code, found = check(project)
    assert code == 1
    assert found["plugins"][1] == "the process ended with 7: it said nothing"


def test_an_installed_package_is_found_by_its_name_and_its_plugins(fresh, tmp_path, monkeypatch):
    """Its README and entry points come from what was installed; tests are not."""
    site = tmp_path / "site"
    subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation",
            "--no-index", "--no-compile", "--target", str(site), str(fresh),
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    monkeypatch.syspath_prepend(str(site))
    for name in ("coinmux-checked", "coinmux_checked", "checked"):
        code, found = check(name, tmp_path)
        assert code == 0
        assert found["name"] == (OK, "coinmux-checked", "")
        assert found["README"][:2] == (OK, "coinmux-checked")
        assert found["checked: conformance"][1] == "grade silver"
        assert "tests" not in found


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("binance", "binance is coinmux's own: coinmux conformance binance checks it"),
        ("coinmux", "coinmux is coinmux's own"),
        ("nobody", "there is no pyproject.toml in 'nobody', and no plugin of that name"),
        (".", "there is no pyproject.toml in '.'"),
        ("", "there is no pyproject.toml in ''"),
    ],
)
def test_what_is_no_package(tmp_path, what, said):
    done = run_here(("check", what), {}, tmp_path)
    assert done.returncode == 2
    assert said in done.stderr


@pytest.mark.parametrize(
    "text",
    ["[project", "[tool]", "[project]\nversion = '1'"],
    ids=["no toml", "no project", "no name"],
)
def test_a_project_file_that_cannot_be_used(tmp_path, text):
    (tmp_path / "pyproject.toml").write_text(text)
    done = run_here(("check", "."), {}, tmp_path)
    assert done.returncode == 2
    assert "pyproject.toml" in done.stderr


def test_without_the_extra_it_says_what_to_install(fresh, monkeypatch):
    monkeypatch.setattr("coinmux.server.cli.authors.find_spec", lambda name: None)
    done = run_here(("check", str(fresh)), {})
    assert done.returncode == 2
    assert "coinmux check needs packaging: pip install 'coinmux[authors]'" in done.stderr


def test_a_flat_checkout_is_found_as_well(tmp_path):
    """The package beside its pyproject.toml, without `src`."""
    (tmp_path / "coinmux_flat").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        textwrap.dedent(
            """
            [project]
            name = "coinmux-flat"
            [project.entry-points.coinmux]
            flat = "coinmux_flat"
            """
        )
    )
    (tmp_path / "coinmux_flat/__init__.py").write_text("")
    _, found = check(tmp_path)
    assert found["flat: load"][0] == OK
    assert found["flat: hooks"][:2] == (FAILED, "TypeError: has no hook of coinmux")
