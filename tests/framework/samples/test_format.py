"""Sample files: read, or refused with file and field."""

import importlib
import json
import pkgutil
from pathlib import Path

import pytest

from coinmux.framework.samples.format import BadSample, load_samples, read_sample
from coinmux.framework.simulator.simulator import SimulatedProvider, Simulator, simulated_providers
from coinmux.plugins import providers

PROVIDERS = sorted(module.name for module in pkgutil.iter_modules(providers.__path__))
FILES = sorted(path for root in providers.__path__ for path in Path(root).glob("*/samples/*.json"))


def held(**changes):
    sample = {
        "capability": "ticker",
        "query": {"symbol": "BTC/USDT"},
        "source": "documentation",
        "recorded_at": 1_764_000_000_000,
        "exchanges": [
            {
                "request": {"path": "/t", "params": {"pair": "BTCUSDT", "depth": 20}},
                "response": {"body": {"last": "1.5", "time": 1_764_000_000, "word": "x"}},
                "times": ["time"],
                "prices": ["last"],
            }
        ],
    }
    return {**sample, **changes}


def one_exchange(**changes):
    return held(exchanges=[{**held()["exchanges"][0], **changes}])


PAIR = {"symbol": "BTC/USDT"}


def an_input(**changes):
    return held(inputs=[{"capability": "ticker", "query": PAIR, **changes}])


def rows(**changes):
    series = {
        "path": "rows",
        "time": "0",
        "step": {"param": "interval", "values": {"1h": 3600}},
        **changes,
    }
    body = {"rows": [[1_764_000_000, 1, 2, 3, 4]]}
    return one_exchange(response={"body": body}, times=[], prices=[], series=series)


def read(sample, file="acme/ticker.json"):
    return read_sample(json.dumps(sample), file)


def test_a_sample_is_read():
    """Numbers among the parameters are taken as text; the outcome is ok unless told."""
    sample = read(held())
    assert sample.outcome == "ok"
    assert sample.exchanges[0].request.params == {"pair": "BTCUSDT", "depth": "20"}
    assert sample.exchanges[0].response.status == 200
    assert sample.file == "acme/ticker.json"


@pytest.mark.parametrize(
    ("sample", "field"),
    [
        (held(capability="Ticker!"), "capability"),
        (held(recorded_at=1_764_000_000), "recorded_at"),
        (held(source=""), "source"),
        (held(outcome="no_such_code"), "takes ok or the code"),
        (held(query={"symbol": "BTC"}), "query: 'BTC' is not a pair"),
        (held(query={"coin": "BTC"}), "query: symbol"),
        (held(exchanges=[]), "exchanges"),
        (held(inputs=[{"capability": "ticker", "query": PAIR}]), "inputs.0: takes data or error"),
        (an_input(error="upstream_timeout"), "inputs.0.error"),
        (an_input(data={"symbol": "BTC/USDT", "last": 1.0}, error="unknown_symbol"), "inputs.0"),
        (an_input(query={"symbol": "BTC"}, error="unknown_symbol"), "'BTC' is not a pair"),
        (an_input(data={"symbol": "BTC/USDT", "last": "dear"}), "inputs.0: last"),
        (held(note="x"), "note"),
        (one_exchange(request={"path": "t"}), "exchanges.0.request.path"),
        (one_exchange(request={"path": "/t?a=b"}), "exchanges.0.request.path"),
        (one_exchange(request={"path": "/t", "method": "PUT"}), "exchanges.0.request.method"),
        (one_exchange(request={"path": "/t", "params": {"a": None}}), "request.params.a"),
        (one_exchange(response={"body": {}, "text": "x", "status": 7}), "response.status"),
        (one_exchange(times=["tme"]), "times.0: 'tme' leads to nothing"),
        (one_exchange(times=["time", "word"]), "times.1: 'word' leads to 'x', no time"),
        (one_exchange(prices=["word"]), "prices.0: 'word' leads to 'x'"),
        (one_exchange(prices=["last", "lst"]), "prices.1: 'lst' leads to nothing"),
        (one_exchange(response={"text": "<a>1</a>"}, prices=[]), "times.0"),
        (rows(path="row"), "series.path"),
        (rows(time="9"), "series.time"),
        (rows(order="up"), "series.order"),
        (rows(step={"param": "interval", "values": {}}), "series.step.values"),
        (rows(step={"segment": 3, "values": {"1h": 3600}}), "series.step.segment"),
    ],
)
def test_errors_name_file_and_field(sample, field):
    """Whoever wrote the file is told where to look."""
    with pytest.raises(BadSample) as caught:
        read(sample)
    assert str(caught.value).startswith("acme/ticker.json: ")
    assert field in str(caught.value)


def test_a_source_made_of_others_has_inputs_in_place_of_exchanges():
    """What others are asked, and what they answer or how they fail."""
    told = {"capability": "ticker", "query": PAIR, "data": {**PAIR, "last": 2.5}}
    missing = {**told, "provider": "north", "data": None, "error": "inputs_missing"}
    sample = read(held(exchanges=[], inputs=[told, missing]))
    assert sample.exchanges == ()
    assert [one.provider for one in sample.inputs] == [None, "north"]
    assert sample.inputs[0].data == {**PAIR, "last": 2.5}


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_what_is_no_object_is_refused(text):
    """Broken JSON is named as such."""
    with pytest.raises(BadSample, match=r"acme/ticker.json: "):
        read_sample(text.encode("latin-1"), "acme/ticker.json")


def test_the_file_is_named_after_its_capability():
    """`ticker.json` or `ticker_<case>.json`."""
    assert read(held(), "acme/ticker_second.json").capability == "ticker"
    with pytest.raises(BadSample, match="capability"):
        read(held(), "acme/candles.json")


def test_null_is_a_body_and_none_is_none():
    """`"body": null` is the JSON null; without body and text the answer is empty."""
    bare = {"times": [], "prices": []}
    null, none = (one_exchange(response=r, **bare) for r in ({"body": None}, {"status": 204}))
    assert read(null).exchanges[0].response.has_body
    assert not read(none).exchanges[0].response.has_body


def test_the_plain_file_comes_first(tmp_path):
    """Of each capability, whatever the alphabet says; a folder that is missing holds none."""
    for name in ("ticker_a", "ticker", "ticker_b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(held()))
    (tmp_path / "notes.txt").write_text("not a sample")
    files = [sample.file for sample in load_samples(tmp_path, "acme")]
    assert files == ["acme/ticker.json", "acme/ticker_a.json", "acme/ticker_b.json"]
    assert load_samples(tmp_path / "none", "acme") == []


def test_hosts_channels_and_rows_are_held_against_the_provider(acme):
    """A sample for a host or channel that is not declared names its file."""
    for place in ("host", "channel"):
        sample = read(one_exchange(request={"path": "/t", place: "nowhere"}))
        with pytest.raises(BadSample, match=rf"acme/ticker.json: request.{place}: .*'nowhere'"):
            Simulator([SimulatedProvider(acme.info, [sample])])
    with pytest.raises(BadSample, match=r"acme/ticker.json: series.columns"):
        Simulator([SimulatedProvider(acme.info, [read(rows())])])


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parts[-3]}/{path.stem}")
def test_every_sample_file_keeps_the_format(path):
    """What ships beside the providers can be read."""
    read_sample(path.read_bytes(), f"{path.parts[-3]}/{path.name}")


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_provider_can_be_simulated(name):
    """Its samples fit its declaration."""
    providers = simulated_providers([importlib.import_module(f"coinmux.plugins.providers.{name}")])
    assert len(Simulator(providers).providers) == len(providers)
