"""Where in a plugin's code a defect was raised is in its event, for the log, free of secrets."""

import io
import json

import pytest

from coinmux import ProviderError, TickerQuery
from coinmux.server.process import event_log

QUERY = TickerQuery(symbol="BTC/USDT")
SECRET = "s3cr3t-value-of-a-key-9876"


class Panic(BaseException):
    pass


@pytest.mark.parametrize(
    "error", [ZeroDivisionError(SECRET), Panic(SECRET), RecursionError(SECRET)], ids=repr
)
async def test_a_defect_has_its_file_and_line_in_the_log(gateway_of, error):
    """One line at warning with the traceback down to the raising line, masked; not in the API."""
    out = io.StringIO()
    async with gateway_of(odd=[error], good=[1.0]) as world:
        world.gateway.redactor.add(SECRET)
        restore = event_log.configure(world.gateway, stream=out)
        try:
            await world.gateway.fetch(QUERY)
        finally:
            restore()
        event = next(one for one in world.gateway.events.recent() if one.trace is not None)
    (line,) = (one for one in map(json.loads, out.getvalue().splitlines()) if "exception" in one)
    assert line["level"] == "warning"
    assert (line["source"], line["code"]) == ("odd", "plugin_error")
    assert "in fetch_ticker" in line["exception"]
    assert 'conftest.py", line ' in line["exception"]
    assert SECRET not in out.getvalue()
    assert "exception" not in event.detail


@pytest.mark.parametrize("error", [ProviderError("gone"), KeyError("field")], ids=repr)
async def test_a_failure_of_the_source_has_no_trace(gateway_of, error):
    """What the source did is told in words; the plugin's code is not to blame."""
    async with gateway_of(odd=[error], good=[1.0]) as world:
        await world.gateway.fetch(QUERY)
        assert all(one.trace is None for one in world.gateway.events.recent())


async def test_a_probe_tells_the_place_too(gateway_of):
    """A plugin that fails its first probe is heard of before anybody asks it."""
    async with gateway_of(odd=[ZeroDivisionError("x")]) as world:
        out = io.StringIO()
        restore = event_log.configure(world.gateway, stream=out)
        try:
            with pytest.raises(ProviderError):
                await world.gateway.probe(world.gateway.sources["odd"], "ticker", QUERY)
        finally:
            restore()
    assert "in fetch_ticker" in out.getvalue()
