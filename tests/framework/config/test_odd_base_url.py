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


@pytest.mark.parametrize(
    ("variable", "path", "masked"),
    [
        ("EVM_RPC_BASE_URL_ETHEREUM_PUBLICNODE", "evm_rpc:ethereum_publicnode", False),
        ("EVM_RPC_BASE_URL_ETHEREUM_PUBLICNODE", "~evm_rpc%3Aethereum_publicnode", False),
        ("EVM_RPC_BASE_URL", "coinbase_exchange", False),
        ("EVM_RPC_BASE_URL_ETHEREUM_PUBLICNODE", "ethereum_publicnode", False),
        ("EVM_RPC_BASE_URL_ETHEREUM_PUBLICNODE", "v3/0123456789abcdefSECRET", True),
    ],
)
async def test_names_of_our_sources_are_never_masked(variable, path, masked):
    found = PluginLoader().discover(allow=["evm_rpc", "coinbase_exchange"])
    environ = {variable: f"http://127.0.0.1:1/{path}", "CHECKER": "off"}
    gateway = Gateway.from_env(None, environ=environ, found=found)
    await gateway.wait_loaded()
    text = f"{path.rpartition('/')[2]} went from UNKNOWN to HEALTHY"
    assert (gateway.redactor.clean(text) != text) is masked
    await gateway.close()
