"""A price in another currency, and a page that shows it: `/plugins/<plugin>/rate`."""

from collections.abc import Sequence
from html import escape

from coinmux import InvalidRequest, Route, RouteRequest, TickerQuery, hookimpl


async def rate(request: RouteRequest) -> dict[str, object]:
    if (symbol := request.query.get("symbol")) is None:
        raise InvalidRequest("symbol is missing")
    answer = await request.gateway.fetch(TickerQuery(symbol=symbol))
    return {"symbol": symbol, "rate": answer.data.last, "provider": answer.provider}


async def page(request: RouteRequest) -> str:
    answer = await request.gateway.fetch(TickerQuery(symbol="EUR/USDT"))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>The euro</title>'
        '<link rel="stylesheet" href="../../static/site.css">'
        f"<main><h1>The euro</h1><p>{answer.data.last} USDT, by {escape(answer.provider)}</p>"
        '<p><a href="../../providers">Providers</a></p></main></html>'
    )


@hookimpl
def register_routes() -> Sequence[Route]:
    return [
        Route("/rate", rate, "The last price of a pair."),
        Route(
            "/euro", page, "The euro's price.", media_type="text/html; charset=utf-8",
            page="The euro", is_open=True,
        ),
    ]  # fmt: skip
