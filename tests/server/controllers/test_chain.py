"""Pages of chains over REST."""

import pytest

from coinmux import ProviderInfo, Transactions, hookimpl
from coinmux.framework.plugins.discovery import in_process

PATH = "/api/chain/ethereum/transactions/0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"


class Pages:
    """A source of two pages."""

    @hookimpl
    def provider_info(self):
        return ProviderInfo(
            name="pages", title="Pages", category="blockchain", base_url="https://pages.example"
        )

    @hookimpl
    async def fetch_transactions(self, query, http):
        row = {"hash": query.cursor or "first", "asset": "ETH", "raw": "1", "amount": 1e-18}
        following = None if query.cursor else "second&=/+"
        return Transactions(
            chain=query.chain, address=query.address, transactions=[row], cursor=following
        )


async def test_a_cursor_leads_to_page_two(app_of):
    """As it was given out, in a query string."""
    async with app_of(a=[1.0], _found=[in_process("pages", Pages())]) as world:
        one = (await world.client.get(f"{PATH}?provider=pages")).json()
        cursor = one["data"]["cursor"]
        assert cursor.replace("-", "").replace("_", "").isalnum(), "it needs no encoding"
        two = (await world.client.get(f"{PATH}?cursor={cursor}")).json()
        assert two["data"]["transactions"][0]["hash"] == "second&=/+"
        assert two["meta"]["provider"] == "pages"
        assert two["data"]["cursor"] is None


@pytest.mark.parametrize("cursor", ["zzz", "1", "%F0%9F%98%80", "eyJhbGciOiJ", "a" * 1_999])
async def test_a_foreign_cursor_is_400(app_of, cursor):
    """And names the parameter."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get(f"{PATH}?cursor={cursor}")
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["name"] == "cursor"
