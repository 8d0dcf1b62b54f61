"""How the routes of TradingView's UDF stand in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from coinmux.server.openapi.document import RouteDoc
from coinmux.server.openapi.parameters import parameter


def _object(*required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": properties}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


_TEXT, _WHOLE, _NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}
_FAILED = _object(
    "s",
    "errmsg",
    s={"const": "error"},
    errmsg={"type": "string", "description": "The code, what is wrong, and the request's id"},
)
_SYMBOL = parameter(
    "symbol",
    "string",
    "`BTC/USDT` of whichever source can answer best, or `KRAKEN:BTC/USD` of that one.",
    required=True,
    examples=["BTC/USDT"],
)


def _or_failed(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, _FAILED]}


CONFIG = RouteDoc(
    schema=_object(
        "supports_search",
        "supports_time",
        "supported_resolutions",
        "exchanges",
        supports_search={"type": "boolean"},
        supports_group_request={"type": "boolean"},
        supports_marks={"type": "boolean"},
        supports_timescale_marks={"type": "boolean"},
        supports_time={"type": "boolean"},
        supported_resolutions=_list(_TEXT),
        exchanges=_list(_object("value", "name", value=_TEXT, name=_TEXT, desc=_TEXT)),
        symbols_types=_list(_object("name", "value", name=_TEXT, value=_TEXT)),
    )
)
TIME = RouteDoc(schema={"type": "string", "pattern": "^[0-9]+$"}, media_type="text/plain")
SEARCH = RouteDoc(
    parameters=(
        parameter(
            "query", "string", "A part of the name; the best known without.", examples=["BTC"]
        ),
        parameter("exchange", "string", "A source of `config`; any without."),
        parameter("type", "string", "`crypto`, or nothing."),
        parameter("limit", "integer", "At most so many.", minimum=1, maximum=1000, default=30),
    ),
    schema=_or_failed(
        _list(
            _object(
                "symbol",
                "ticker",
                symbol=_TEXT,
                full_name=_TEXT,
                ticker=_TEXT,
                description=_TEXT,
                exchange=_TEXT,
                type=_TEXT,
            )
        )
    ),
)
SYMBOLS = RouteDoc(
    parameters=(_SYMBOL,),
    schema=_or_failed(
        _object(
            "name",
            "ticker",
            "pricescale",
            "supported_resolutions",
            name=_TEXT,
            ticker=_TEXT,
            full_name=_TEXT,
            description=_TEXT,
            type=_TEXT,
            session=_TEXT,
            timezone=_TEXT,
            exchange=_TEXT,
            listed_exchange=_TEXT,
            currency_code=_TEXT,
            minmov=_WHOLE,
            pricescale={"type": "integer", "description": "10 to the number of decimals"},
            format=_TEXT,
            has_intraday={"type": "boolean"},
            has_daily={"type": "boolean"},
            has_weekly_and_monthly={"type": "boolean"},
            intraday_multipliers=_list(_TEXT),
            supported_resolutions=_list(_TEXT),
            volume_precision=_WHOLE,
            data_status=_TEXT,
            visible_plots_set=_TEXT,
        )
    ),
    asks="candles",
)
HISTORY = RouteDoc(
    parameters=(
        _SYMBOL,
        parameter(
            "resolution",
            "string",
            "Length of a bar: minutes as digits, `1D`, `1W`, `1M`.",
            required=True,
            examples=["60"],
        ),
        parameter("from", "integer", "First opening time, Unix seconds."),
        parameter("to", "integer", "Bars open before it, Unix seconds; now without."),
        parameter(
            "countback",
            "integer",
            "So many bars before `to`, whatever `from` says; 5,000 at most are given.",
            minimum=0,
            examples=[300],
        ),
    ),
    schema=_or_failed(
        {
            "anyOf": [
                _object(
                    "s",
                    "t",
                    "o",
                    "h",
                    "l",
                    "c",
                    s={"const": "ok"},
                    t={**_list(_WHOLE), "description": "Opening times, Unix seconds, ascending"},
                    o=_list(_NUMBER),
                    h=_list(_NUMBER),
                    l=_list(_NUMBER),
                    c=_list(_NUMBER),
                    v={**_list(_NUMBER), "description": "Missing where the source has none"},
                    meta=_object(
                        "providers",
                        "fetched_at",
                        providers=_list(_TEXT),
                        fetched_at=_WHOLE,
                        stale={"type": "boolean"},
                        simulated={"type": "boolean"},
                        notes=_list(_TEXT),
                    ),
                ),
                _object(
                    "s",
                    s={"const": "no_data"},
                    nextTime={
                        "type": "integer",
                        "description": "Opening time of the nearest earlier bar, Unix seconds",
                    },
                ),
            ]
        }
    ),
    asks="candles",
)
QUOTES = RouteDoc(
    parameters=(
        parameter(
            "symbols",
            "string",
            "Up to 50 markets, comma between.",
            required=True,
            examples=["BTC/USDT,ETH/USDT"],
        ),
    ),
    schema=_or_failed(
        _object(
            "s",
            "d",
            s={"const": "ok"},
            d=_list(
                _object(
                    "s",
                    "n",
                    "v",
                    s={"enum": ["ok", "error"]},
                    n=_TEXT,
                    v={"type": "object", "description": "lp, ch, chp, bid, ask, volume and more"},
                    errmsg=_TEXT,
                )
            ),
        )
    ),
    asks="ticker",
)
