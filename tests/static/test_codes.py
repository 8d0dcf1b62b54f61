"""The words of the pages for codes: one for each that a source's failure may have."""

import re
from pathlib import Path

from coinmux.framework.errors import ProviderError, UnknownSymbol

CODES = Path(__file__).resolve().parents[2] / "static/shared/js/codes.js"


def below(kind):
    """A class and all of its subclasses."""
    return {kind}.union(*(below(one) for one in kind.__subclasses__()))


def test_each_code_of_a_failure_has_words():
    """A new error of sources cannot be shown as its bare code; the words come in two forms."""
    table = CODES.read_text().partition("const FAILURES = {")[2].partition("};")[0]
    words = dict(re.findall(r'^  (\w+): \["([^"]+)", "[^"]+"\],$', table, re.MULTILINE))
    ours = {one for one in below(ProviderError) if one.__module__.startswith("coinmux.")}
    # Its words are the status that came.
    codes = {one.code for one in (*ours, UnknownSymbol)} - {"upstream_status"}
    assert "broken_feed" in codes
    assert codes - set(words) == set()
