"""Bans that cannot be stored show in the list of services, whatever CHECKER is."""

import pytest

from coinmux import AllProvidersFailed, Gateway, ProviderInfo, QuotaExhausted, hookimpl
from coinmux.framework.plugins.discovery import in_process
from tests.framework.cluster.support import until


class Spent:
    """A source whose quota is used up."""

    @hookimpl
    def provider_info(self):
        return ProviderInfo(name="a", title="A", category="market", base_url="https://a.example")

    @hookimpl
    async def fetch_ticker(self, query, http):
        raise QuotaExhausted("used up", retry_after_s=86_400)


async def test_it_is_shown_until_it_can_be_stored_again(tmp_path):
    place = tmp_path / "place"
    place.write_text("a file where a folder must be")
    environ = {"CHECKER": "off", "HOLDS_FILE": str(place / "holds.json")}
    async with Gateway.from_env(None, environ=environ, found=[in_process("a", Spent())]) as gateway:

        def shown():
            return [one.detail for one in gateway.status().services if one.name == "housekeeping"]

        assert shown() == []
        with pytest.raises(AllProvidersFailed):
            await gateway.ticker("BTC/USDT")
        await until(shown)
        assert shown()[0].startswith("bans and used-up quotas are not stored: ")
        place.unlink()
        await until(lambda: not shown())
        assert (place / "holds.json").stat().st_mode & 0o077 == 0
