"""Every built-in provider keeps what plugins promise, and its grade is the one measured now."""

import asyncio
import json
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from coinmux.framework.plugins.grades import FILE, GRADES, KIT_VERSION, digest
from coinmux.framework.testing.conformance import Subject, conformance, examine
from coinmux.framework.testing.conformance.fields_doc import fields_table

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(
    {
        point.name
        for point in entry_points(group="coinmux")
        if point.dist is not None
        and point.dist.name == "coinmux"
        and point.value.startswith("coinmux.plugins.providers.")
    }
)

# As a stranger's tests use the kit; below it runs over every built-in source, once each.
test_conformance = conformance("binance", "nomics", "rss_news")


def kept(name):
    path = ROOT / "plugins" / "providers" / name / FILE
    assert path.exists(), "run `make docs`"
    return json.loads(path.read_text())


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_of_these_files(name):
    """The grade that is shown was measured with this kit, of this source and these samples."""
    held = kept(name)
    assert held["digest"] == digest(f"coinmux.plugins.providers.{name}"), "run `make docs`"
    assert held["kit"] == KIT_VERSION, "run `make docs`"


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_what_is_measured(name):
    """The kit finds nothing broken, and comes to the same checks and the same grade."""
    report = asyncio.run(examine(Subject.of(name)))
    assert report.is_sound, [one for one in report.verdicts if one.status == "failed"]
    assert report.public() == kept(name), "run `make docs`"


async def test_grades_are_shown():
    """Where providers are listed, of those that have one."""
    from coinmux import Gateway

    gateway = Gateway.from_env(None, environ={"PLUGINS_BLOCK": "acme"})
    assert await gateway.wait_loaded() == []
    shown = {line.name: line.grade for line in gateway.provider_list().providers}
    assert shown == {name: kept(name)["grade"] for name in shown}
    assert set(shown.values()) <= {*GRADES, None}


def test_the_cross_check_table_is_what_the_samples_say():
    """`docs/fields.md` is generated."""
    made = fields_table([Subject.of(name) for name in NAMES])
    assert (ROOT / "docs" / "fields.md").read_text() == made, "run `make docs`"
