"""What the documents promise of samples and the simulator."""

import json
import re
from pathlib import Path

import pytest

from coinmux.framework.samples.format import (
    Exchange,
    Sample,
    SampleInput,
    SampleRequest,
    SampleResponse,
    SampleSeries,
    read_sample,
)
from coinmux.framework.simulator.faults import ARGUMENTS, KINDS

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_fault_is_documented(kind):
    """With each argument it takes, and no other."""
    row = re.search(
        rf"^\| `{kind}` \| (.*?) ?\|", (DOCS / "simulator.md").read_text(), re.MULTILINE
    )
    assert row is not None
    assert set(re.findall(r"`(\w+)`", row[1])) == ARGUMENTS.get(kind, set())


@pytest.mark.parametrize(
    "name",
    [
        *(name for name in Sample.model_fields if name != "file"),
        *(f"request.{field.alias or name}" for name, field in SampleRequest.model_fields.items()),
        *(f"response.{name}" for name in SampleResponse.model_fields),
        *(name for name in Exchange.model_fields if name not in ("request", "response")),
        *SampleSeries.model_fields,
        *SampleInput.model_fields,
    ],
)
def test_every_field_of_a_sample_is_documented(name):
    """In a table, by its name."""
    assert f"`{name}`" in (DOCS / "samples.md").read_text()


def test_the_documented_sample_is_one():
    """The example can be copied."""
    blocks = re.findall(r"```json\n(.*?)```", (DOCS / "samples.md").read_text(), re.DOTALL)
    sample, derived, series = blocks
    assert read_sample(sample, "acme/ticker.json").outcome == "ok"
    assert len(read_sample(derived, "venues/portfolio.json").inputs) == 2
    assert SampleSeries.model_validate(json.loads("{" + series + "}")["series"]).order == "desc"
