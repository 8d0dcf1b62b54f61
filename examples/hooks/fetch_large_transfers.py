"""An empty list is a valid answer."""

from coinmux import HTTP, LargeTransfer, LargeTransfers, LargeTransfersQuery, hookimpl


@hookimpl
async def fetch_large_transfers(query: LargeTransfersQuery, http: HTTP) -> LargeTransfers:
    rows = await http.get_json("/whales", {"min": query.min_usd, "limit": query.limit})
    transfers = [
        LargeTransfer(
            chain=row["chain"],
            timestamp=row["time"] * 1000,
            asset=row["coin"],
            amount=row["amount"],
            amount_usd=row["usd"],
        )
        for row in rows
    ]
    return LargeTransfers(transfers=tuple(transfers))
