"""What ships beside the providers, served back: as recorded, but of now."""

import importlib
import json
import pkgutil
from urllib.parse import quote, urlencode

import pytest

from coinmux.framework.samples import json_paths
from coinmux.framework.samples.format import ANY, element
from coinmux.framework.simulator.http_server import Request
from coinmux.framework.simulator.simulator import Simulator, simulated_providers
from coinmux.framework.simulator.time_shift import read_time
from coinmux.framework.testing.clock import FakeClock
from coinmux.plugins import providers

NOW = 1_795_000_000_000
DAY_S = 86_400

PROVIDERS = simulated_providers(
    importlib.import_module(f"coinmux.plugins.providers.{module.name}")
    for module in pkgutil.iter_modules(providers.__path__)
)
SIMULATOR = Simulator(PROVIDERS, FakeClock(wall_ms=NOW))


def first_of_each_request():
    """Of samples of one request the simulator plays the first; the others show further cases."""
    seen = set()
    for provider in PROVIDERS:
        for sample in provider.samples:
            for at, exchange in enumerate(sample.exchanges):
                key = (provider.info.name, exchange.request.model_dump_json())
                if sample.outcome == "ok" and key not in seen:
                    seen.add(key)
                    name = f"{sample.file}-{at}"
                    yield pytest.param(provider.info.name, sample, exchange, id=name)


def request_for(provider, exchange):
    """The request the hook sends; a moment in time is left out."""
    told = exchange.request
    place = f"@{told.host}" if told.host else f":{told.channel}" if told.channel else ""
    params = {name: value for name, value in told.params.items() if value != ANY}
    if exchange.series is None:
        params |= {name: str(NOW) for name in told.params if name not in params}
    path = "/".join(quote(part, safe="%:") for part in told.path.split("/"))
    target = f"/{provider}{place}{path}" + (f"?{urlencode(params)}" if params else "")
    body = b"" if told.json_body is None else json.dumps(told.json_body).encode()
    return Request(told.method, target, {}, body)


def times_in(exchange, body):
    for path in exchange.times:
        if exchange.response.text is not None:
            yield from (match[2].strip() for match in element(path).finditer(body))
        else:
            yield from json_paths.values(body, json_paths.parse(path))


@pytest.mark.parametrize(("provider", "sample", "exchange"), list(first_of_each_request()))
def test_a_good_sample_is_served_of_now(provider, sample, exchange):
    """Its own request finds it; every time in it is as old as when it was recorded, or a day off
    where it names a day; candles end with the one that is open."""
    response = SIMULATOR._handle(request_for(provider, exchange)).data
    head, _, content = response.partition(b"\r\n\r\n")
    assert int(head.split()[1]) == exchange.response.status
    if exchange.response.text is not None:
        recorded, served = exchange.response.text, content.decode()
    else:
        recorded, served = exchange.response.body, json.loads(content)
    now_s, recorded_s = NOW / 1000, sample.recorded_at / 1000
    if exchange.series is not None:
        rows = next(json_paths.values(served, json_paths.parse(exchange.series.path)))
        times = [
            next(json_paths.values(row, json_paths.parse(exchange.series.time))) for row in rows
        ]
        newest = max(read_time(time).ns / 1e9 for time in times)
        assert now_s - max(exchange.series.step.values.values()) <= newest <= now_s
        return
    pairs = zip(times_in(exchange, recorded), times_in(exchange, served), strict=True)
    for before, after in pairs:
        was, now = read_time(before), read_time(after)
        if was is None:
            assert after == before
            continue
        assert type(after) is type(before)
        age_before, age_now = recorded_s - was.ns / 1e9, now_s - now.ns / 1e9
        assert abs(age_now - age_before) <= (DAY_S if was.ns % (DAY_S * 10**9) == 0 else 1)
