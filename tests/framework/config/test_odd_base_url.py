"""An address of one source that cannot be used switches off that source and no other."""

import pytest

from coinmux import Gateway
from coinmux.framework.plugins.discovery import PluginLoader


@pytest.mark.parametrize(
    "address",
    ["https://[oops", "https://[::1", "https://host:port", "https://h:99999999", "https://a b/c",
     "https://[oops/averyveryverysecretkey0123"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["kraken", "binance"])
async def test_only_this_source_is_off(name, address):
    found = PluginLoader().discover(allow=["kraken", "binance"])
    environ = {f"{name.upper()}_BASE_URL": address, "CHECKER": "off"}
    gateway = Gateway.from_env(None, environ=environ, found=found)
    await gateway.wait_loaded()
    off = {one for one, source in gateway.sources.items() if not source.feature.enabled}
    assert off == {name}
    told = [event.message for event in gateway.events.recent() if event.source == name]
    assert any("off" in message for message in told)
    assert "averyveryverysecretkey0123" not in "".join(told)
    await gateway.close()
