"""The fragments of `docs/plugins.md` that are no whole files run as they stand there."""

import ast
import re
import textwrap
from pathlib import Path

import pytest

import coinmux
from coinmux import CandlesQuery, EnvVar, ProviderInfo, SymbolStyle, Ticker, hookimpl

PAGE = (Path(__file__).resolve().parents[2] / "docs/plugins.md").read_text()


def fragment(words):
    """The one fragment with these words, without its indent."""
    found = re.findall(r"```text\n(.*?)```", PAGE, re.DOTALL)
    (text,) = (one for one in found if words in one)
    return textwrap.dedent(text)


def names(**more):
    return {**{name: getattr(coinmux, name) for name in coinmux.__all__}, **more}


class Canned:
    """Answers with rows, and remembers what it was asked."""

    def now_ms(self):
        return 1_764_003_600_000

    async def get_json(self, path, params, *, weight):
        self.asked = (path, params, weight)
        return {"rows": [[1_764_000_000_000, 1, 3, 4, 1, "ignored", 9]]}


async def test_the_candles_of_the_page():
    """The columns go where the page says, and the range of the question is asked."""
    info = ProviderInfo(
        name="acme", title="A", category="market", base_url="https://acme.example",
        intervals={"1h": "60"}, max_candles=500,
    )  # fmt: skip
    scope = names(INFO=info, STYLE=SymbolStyle(separator="-"))
    exec(fragment("async def fetch_candles"), scope)
    http = Canned()
    made = await scope["fetch_candles"](CandlesQuery(symbol="BTC/USDT", interval="1h"), http)
    assert (made.open[0], made.close[0], made.high[0], made.low[0]) == (1, 3, 4, 1)
    assert made.volume[0] == 9
    path, params, weight = http.asked
    assert (path, params["pair"], params["step"], weight) == ("/v1/candles", "BTC-USDT", "60", 2)


def test_the_key_of_the_page():
    """It is required, and goes into a header."""
    made = eval(fragment('EnvVar("ACME_API_KEY", required=True'), names())
    assert isinstance(made, EnvVar)
    assert made.required


async def test_the_notebook_of_the_page(monkeypatch, capsys):
    """An object of this process is asked like any other source."""

    class MyExchange:
        @hookimpl
        def provider_info(self):
            return ProviderInfo(
                name="mine", title="M", category="market", base_url="https://m.example"
            )

        @hookimpl
        async def fetch_ticker(self, query, http):
            return Ticker(symbol=query.symbol, last=1.0)

    monkeypatch.setenv("CHECKER", "off")
    scope = names(MyExchange=MyExchange)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    await eval(compile(fragment("in_process("), "plugins.md", "exec", flags=flags), scope)
    assert "ticker from mine" in capsys.readouterr().out


@pytest.mark.parametrize("field", [*ProviderInfo.__dataclass_fields__])
def test_every_field_of_provider_info_is_in_the_table(field):
    """The table of the page has a row for each."""
    table = PAGE.partition("## What `ProviderInfo` takes")[2].partition("\n## ")[0]
    assert f"`{field}`" in table
