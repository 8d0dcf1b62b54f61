"""`widgets.json` and `apps.json`: what OpenBB Workspace finds when it is given this server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from coinmux.server.asgi.live_socket import GRID_PATH
from coinmux.server.asgi.query_params import QueryReader
from coinmux.server.openapi.parameters import own_parameters
from coinmux.server.openbb.params import widget_params

if TYPE_CHECKING:
    from collections.abc import Mapping

    from coinmux.framework.gateway import Gateway
    from coinmux.framework.models.capability import Capability

#: Where rows, prices and bars are asked for, and the socket of prices that move.
DATA, INDICATOR, PRICES, CHARTS = "openbb/data", "openbb/indicators", "openbb/market", "udf"
GRID = GRID_PATH.removeprefix("/")
#: The widgets that are no capability's own.
_PRICES_ID, _CHART_ID, _INDICATOR_ID = "coinmux_prices", "coinmux_chart", "coinmux_indicator"
_SYMBOLS = "BTC/USDT,ETH/USDT,SOL/USDT"
#: What a person sees first; without a value a table would be empty until something is written.
_FIRST: Mapping[str, str] = {
    "symbol": "BTC/USDT",
    "asset": "BTC",
    "chain": "ethereum",
    "metric": "hash_rate",
    "protocol": "aave",
    "address": "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae",
    "texts": "Bitcoin holds above support",
}
_SHORTEST_MS = 5_000
_CELLS = 40


def widgets(gateway: Gateway) -> dict[str, dict[str, Any]]:
    """Every widget by its id: one for each capability, and those of prices, bars and indicators."""
    return {
        _PRICES_ID: _prices(),
        _CHART_ID: _chart(),
        **({_INDICATOR_ID: _indicator(gateway)} if len(gateway.indicators.catalogue) else {}),
        **{f"coinmux_{row.name}": _table(gateway, row) for row in gateway.capabilities.values()},
    }


def _table(gateway: Gateway, row: Capability) -> dict[str, Any]:
    parameters = list(own_parameters(QueryReader(row.name, row.query)))
    made = _widget(row.label, row.description or row.label, row.group.capitalize())
    sources = [
        {"label": one.info.title, "value": one.name}
        for one in gateway.sources.values()
        if row.name in one.fetch and one.feature.enabled
    ]
    choice = {
        "paramName": "provider",
        "label": "Source",
        "description": "The only source asked; whichever can answer best without",
        "type": "text",
        "value": "",
        "optional": True,
        "options": [{"label": "The best", "value": ""}, *sources],
    }
    return {
        **made,
        "endpoint": f"{DATA}/{row.name}",
        "type": "table",
        "params": [*widget_params(parameters, _FIRST), choice],
        "staleTime": max(round(row.freshness.fresh_s * 1000), _SHORTEST_MS),
        "refetchInterval": max(round(row.freshness.fresh_s * 1000), _SHORTEST_MS),
        "data": {"table": {"showAll": True, "enableCharts": True}},
    }


def _widget(name: str, description: str, category: str) -> dict[str, Any]:
    return {
        "name": name,
        "description": description,
        "category": "coinmux",
        "subCategory": category,
        "source": ["coinmux"],
        "gridData": {"w": 20, "h": 12},
    }


def _prices() -> dict[str, Any]:
    return {
        **_widget("Prices", "Markets as they move, each with who tells its price", "Market"),
        "endpoint": PRICES,
        "wsEndpoint": GRID,
        "type": "live_grid",
        "params": [
            {
                "paramName": "symbol",
                "label": "Markets",
                "description": "Pairs with commas between",
                "type": "text",
                "value": _SYMBOLS,
                "multiSelect": True,
            }
        ],
        "data": {
            "wsRowIdColumn": "symbol",
            "table": {
                "showAll": True,
                "columnsDefs": [
                    {
                        "field": "symbol",
                        "headerName": "Market",
                        "cellDataType": "text",
                        "pinned": "left",
                    },
                    {
                        "field": "price",
                        "headerName": "Price",
                        "cellDataType": "number",
                        "renderFn": "showCellChange",
                        "renderFnParams": {"colorValueKey": "change_percent"},
                    },
                    {
                        "field": "change_percent",
                        "headerName": "24 h, %",
                        "cellDataType": "number",
                        "renderFn": "greenRed",
                        "decimalPlaces": 2,
                    },
                    {"field": "source", "headerName": "Source", "cellDataType": "text"},
                    {"field": "at", "headerName": "At", "cellDataType": "dateString"},
                    {"field": "note", "headerName": "Note", "cellDataType": "text"},
                ],
            },
        },
    }


def _chart() -> dict[str, Any]:
    return {
        **_widget("Chart", "Candles of any market, by whoever can answer best", "Market"),
        "endpoint": CHARTS,
        "type": "advanced_charting",
        "data": {"defaultSymbol": "BTC/USDT", "updateFrequency": 60_000},
    }


def _indicator(gateway: Gateway) -> dict[str, Any]:
    names = [one.info.name for one in gateway.indicators.catalogue]
    parameters = own_parameters(QueryReader("candles", gateway.capabilities["candles"].query))
    own = [one for one in parameters if one["name"] in ("symbol", "interval", "limit")]
    choice = {
        "paramName": "indicator",
        "label": "Indicator",
        "description": "What is computed",
        "type": "text",
        "value": "rsi" if "rsi" in names else names[0],
        "options": [{"label": one, "value": one} for one in names],
    }
    return {
        **_widget("Indicator", "Values of an indicator over the candles of a market", "Indicators"),
        "endpoint": INDICATOR,
        "type": "table",
        "params": [choice, *widget_params(own, _FIRST)],
        "staleTime": 60_000,
        "refetchInterval": 60_000,
        "data": {"table": {"showAll": True, "enableCharts": True}},
    }


def apps(gateway: Gateway) -> list[dict[str, Any]]:
    """One app: prices, a chart and headlines, and a tab with all the rest."""
    shown = [
        one
        for one in ("coinmux_news", "coinmux_fear_greed", "coinmux_global_stats")
        if one.removeprefix("coinmux_") in gateway.capabilities
    ]
    market = [_PRICES_ID, _CHART_ID, *shown]
    rest = [one for one in widgets(gateway) if one not in market]
    return [
        {
            "name": "coinmux",
            "description": "Markets, chains, news and sentiment by whoever can answer best",
            "img": "",
            "allowCustomization": True,
            "tabs": {
                "market": {"id": "market", "name": "Market", "layout": _layout(market)},
                "all": {
                    "id": "all",
                    "name": "Everything",
                    "layout": _layout(rest),
                },
            },
            "groups": [],
        }
    ]


def _layout(ids: list[str]) -> list[dict[str, Any]]:
    """Two in each row."""
    width, height = _CELLS // 2, 12
    return [
        {"i": one, "x": at % 2 * width, "y": at // 2 * height, "w": width, "h": height}
        for at, one in enumerate(ids)
    ]
