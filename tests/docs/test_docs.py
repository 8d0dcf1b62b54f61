"""What the documents say is so: generated ones are current, code in them is the code that runs."""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import pytest

from coinmux.framework.config.env_example import env_example
from tools.docs.__main__ import whole_gateway
from tools.docs.indicator_reference import PICTURES, reference
from tools.docs.metric_reference import metric_reference, scraped
from tools.docs.plots import plot
from tools.docs.provider_docs import provider_docs
from tools.docs.source_pages import source_pages

ROOT = Path(__file__).resolve().parents[2]
#: Of a price of some hundred these have no value.
UNDEFINED = {"acos", "asin"}


@pytest.fixture(scope="module")
def gateway():
    # The built-in plugins only: another test may have installed the example beside them.
    return whole_gateway(PLUGINS_BLOCK="acme,choppiness")


def test_the_env_example_is_what_the_plugins_say(gateway):
    made = env_example(source.info for source in gateway.sources.values())
    assert (ROOT / ".env.example").read_text() == made, "run `make docs`"


def test_the_provider_table_is_what_the_plugins_say(gateway):
    assert (ROOT / "docs/providers.md").read_text() == provider_docs(gateway), "run `make docs`"


def test_the_page_of_each_source_is_what_its_plugin_says(gateway):
    """And there is no page of a source that is gone."""
    pages = source_pages(gateway)
    assert {file.name for file in (ROOT / "docs/sources").glob("*.md")} == pages.keys()
    for name, text in pages.items():
        assert (ROOT / "docs/sources" / name).read_text() == text, f"{name}: run make docs"


def test_the_example_in_the_docs_is_the_example_that_runs():
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/plugins.md").read_text(), re.DOTALL)
    example = ROOT / "examples/coinmux-acme/coinmux_acme/__init__.py"
    assert blocks[0] == example.read_text()
    assert len(example.read_text().splitlines()) < 40
    indicator = ROOT / "examples/coinmux-choppiness/coinmux_choppiness/__init__.py"
    assert indicator.read_text() in blocks


def test_the_indicator_reference_is_what_the_plugins_say(gateway):
    page = (ROOT / "docs/indicators.md").read_text()
    assert page == reference(gateway.indicators.catalogue), "run `make docs`"


def test_every_indicator_has_its_picture(gateway):
    """A well-formed one, with something drawn in it, and none of what is gone."""
    names = {one.info.name for one in gateway.indicators.catalogue}
    pictures = {path.stem: path for path in (ROOT / "docs" / PICTURES).glob("*.svg")}
    assert set(pictures) == names
    for name, path in pictures.items():
        root = ElementTree.parse(path).getroot()
        drawn = [one.get("d") for one in root.iter("{http://www.w3.org/2000/svg}path")]
        if name in UNDEFINED:
            continue
        assert any(path and path.count("L") + path.count("V") > 10 for path in drawn), name


def test_a_picture_is_drawn_anew_as_it_lies_there(gateway):
    """But for the last digit, which another processor may round otherwise."""
    for name in ("rsi", "macd", "cdlhammer", "heikin-ashi", "pivot-points"):
        kept = (ROOT / "docs" / PICTURES / f"{name}.svg").read_text()
        drawn = plot(gateway.indicators.catalogue.plan(name))
        assert re.sub(r"[0-9.]+", "", drawn) == re.sub(r"[0-9.]+", "", kept)


PAGES = sorted(
    path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    path = ROOT / page
    for link in re.findall(r"\]\(([^)#]+)", path.read_text()):
        if not link.startswith("http"):
            assert (path.parent / link).exists(), link


def test_the_index_of_the_docs_links_every_page():
    linked = {
        (Path(folder) / link).as_posix()
        for folder in ("docs", "docs/sources")
        for link in re.findall(r"\]\(([^)#]+)", (ROOT / folder / "README.md").read_text())
    }
    assert {page for page in PAGES if page.startswith("docs/")} - {"docs/README.md"} <= linked


def test_every_capability_has_its_hook_and_a_line_on_freshness(gateway):
    from coinmux import CAPABILITIES
    from coinmux.framework.plugins import hookspecs

    for row in CAPABILITIES.values():
        assert hasattr(hookspecs, row.hook)
        assert getattr(hookspecs, row.hook).__doc__
        assert row.description


def test_every_setting_has_a_sentence():
    from coinmux.framework.config.settings import SETTINGS

    for setting in SETTINGS.values():
        assert setting.description.endswith(".")


def test_the_public_names_are_those_listed():
    import coinmux

    for name in coinmux.__all__:
        assert hasattr(coinmux, name)


def test_reasons_of_candidates_are_documented():
    text = (ROOT / "docs/architecture.md").read_text()
    source = "".join(
        (ROOT / "framework" / name).read_text()
        for name in ("routing/options.py", "routing/router.py", "sources/source.py")
    )
    codes = set(re.findall(r'Refusal\(\s*"([a-z_]+)"', source))
    codes |= set(re.findall(r'return "([a-z_]+)", f?"', source))
    assert len(codes) > 6
    for code in codes:
        assert f"`{code}`" in text, code


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    done = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=30
    )
    listed = dict(re.findall(r"^make ([\w-]+) +(\S.*)$", done.stdout, re.MULTILINE))
    assert set(listed) == set(phony.split())
    assert all(sentence.endswith(".") for sentence in listed.values())


def test_the_architecture_lists_every_package():
    """Each package of the framework and the server has a row that says its job."""
    text = (ROOT / "docs/architecture.md").read_text()
    for folder in ("framework", "server"):
        packages = {path.parent.name for path in (ROOT / folder).glob("*/__init__.py")}
        assert {name for name in packages if f"`{name}/`" not in text} == set()


def test_the_modules_named_in_where_to_look_exist():
    """Ten behaviours and more, each with the path of its module."""
    text = (ROOT / "docs/architecture.md").read_text()
    section = text.split("## Where to look")[1].split("\n## ")[0]
    paths = re.findall(r"\| `([a-z_/]+\.py)` \|", section)
    assert len(paths) >= 10
    for path in paths:
        assert (ROOT / path).is_file(), path


def test_the_metrics_are_those_a_running_server_tells():
    """Every family, with its labels, in its order."""
    page = (ROOT / "docs/reference/metrics.md").read_text()
    assert page == metric_reference(scraped()), "run `make docs`"
