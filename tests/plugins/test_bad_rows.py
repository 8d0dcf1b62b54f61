"""One bad row in a list of coins, news or days costs itself alone, whatever the source."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from coinmux import ProviderError, Result
from coinmux.framework.reference.rows import Damage, collecting
from tests.plugins.sample_replay import ROOT, ask

#: Provider, sample, and where its rows stand in the body.
LISTS = [
    ("coingecko", "coins", ()),
    ("coinpaprika", "coins", ()),
    ("coinmarketcap", "coins", ("data",)),
    ("coinmarketcap", "news", ("data",)),
    ("coinmarketcap", "fear_greed", ("data",)),
    ("cryptocompare", "coins", ("Data", "LIST")),
    ("cryptocompare", "news", ("Data",)),
    ("coincap", "coins", ("data",)),
    ("lunarcrush", "coins", ("data",)),
    ("lunarcrush", "news", ("data",)),
    ("newsapi", "news", ("articles",)),
    ("cryptopanic", "news", ("results",)),
    ("gdelt", "news", ("articles",)),
    ("alternative_me", "fear_greed", ("data",)),
    ("thetie", "social", ("data",)),
]
#: Members that say what a row is about: another value there refuses the whole answer.
SUBJECTS = {("thetie", "ticker")}
ROWS = [pytest.param(*one, id=f"{one[0]}-{one[1]}") for one in LISTS]


async def played(
    name: str, sample: str, path: tuple[str, ...], bad: Any = None, times: int = 0
) -> tuple[Result, Damage]:
    """The sample's result with `times` rows `bad` after its own, and what was left out."""
    text = (ROOT / "plugins" / "providers" / name / "samples" / f"{sample}.json").read_text()
    case = copy.deepcopy(json.loads(text))
    rows = case["exchanges"][-1]["response"]["body"]
    for step in path:
        rows = rows[step]
    if times < 0:
        times = len(rows) + 1
    rows.extend([bad(rows[-1]) if callable(bad) else bad] * times)
    with collecting() as damage:
        result, _ = await ask(name, case["capability"], case["query"], case["exchanges"])
    return result, damage


@pytest.mark.parametrize("bad", [None, {}, "row", [], 7], ids=repr)
@pytest.mark.parametrize(("name", "sample", "path"), ROWS)
async def test_a_bad_row_costs_itself_alone(name, sample, path, bad):
    """The answer is the one without it, and says so."""
    whole, before = await played(name, sample, path)
    result, damage = await played(name, sample, path, bad, times=1)
    assert result.encode() == whole.encode()
    assert damage.rows_left_out == before.rows_left_out + 1
    assert damage.notes()


@pytest.mark.parametrize("value", [None, "", [], {}, -1, "x\u202e"], ids=repr)
@pytest.mark.parametrize(("name", "sample", "path"), ROWS)
async def test_no_member_of_a_row_costs_the_answer(name, sample, path, value):
    """Each member in turn is null, empty, or of another kind: the member goes, or its row."""
    _, before = await played(name, sample, path)
    last: list[dict[str, Any]] = []
    await played(name, sample, path, lambda row: last.append(row) or row, times=1)
    for member in last[0]:
        if (name, member) in SUBJECTS:
            continue
        result, damage = await played(
            name, sample, path, lambda row, member=member: {**row, member: value}, times=1
        )
        assert result.data_length()
        assert damage.rows_left_out <= before.rows_left_out + 1


@pytest.mark.parametrize(("name", "sample", "path"), ROWS)
async def test_an_answer_of_bad_rows_is_refused(name, sample, path):
    """Where most rows make no sense, the rest may not either."""
    with pytest.raises((ProviderError, KeyError, TypeError, ValueError, AttributeError)):
        await played(name, sample, path, {"made": "up"}, times=-1)
