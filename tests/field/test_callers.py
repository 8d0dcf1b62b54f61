"""No caller moves the health of a real source, and a broken one is found by what all ask."""

import random

import pytest

from tests.field.harness import Reply, coinmux_over

#: What callers send by mistake, on purpose or from another exchange's documents.
PAIRS = (
    "NOPE/USDT", "btc-ustd", "WBETH", "SUSD", "USDCUSDT", "BUSD", "EUR", "BTC-25DEC",
    "BTCUSD_PERP", "BTC%2FUSDT", "BTC\u200b/USDT", "\u0412\u0422\u0421/USDT", "🚀/USDT", "/",
    "币安人生/USDT", "BTCU/SDT", "A" * 10_000,
    "tBTCUSD", "BTC/XYZ", "USD/BTC", "' OR 1=1--/USDT", "usdc.e/usdt",
)  # fmt: skip
PATHS = (
    "/api/market/ticker?symbol={pair}",
    "/api/market/order-book?symbol={pair}&depth=99999",
    "/api/market/order-book?symbol={pair}&depth=7",
    "/api/market/trades?symbol={pair}&limit=5000",
    "/api/market/candles?symbol={pair}&interval=7m",
    "/api/market/candles?symbol={pair}&interval=1M&limit=5000",
    "/api/market/candles?symbol={pair}&start=1230940800000&end=1230944400000",
    "/api/market/candles?symbol={pair}&start=99999999999999",
    "/api/indicators/rsi?symbol={pair}&interval=1s",
)
#: How each refuses what it does not know, by its documents and recordings.
REFUSALS = {
    "binance": (400, {"code": -1121, "msg": "Invalid symbol."}),
    "mexc": (400, {"msg": "Invalid symbol.", "code": -1121, "_extend": None}),
    "bybit": (200, {"retCode": 10001, "retMsg": "Not supported symbols", "result": {}}),
    "okx": (200, {"code": "51001", "msg": "Instrument ID does not exist", "data": []}),
    "kraken": (200, {"error": ["EQuery:Unknown asset pair"]}),
    "kucoin": (200, {"code": "400100", "msg": "symbol not exists"}),
    "gateio": (400, {"label": "INVALID_CURRENCY_PAIR", "message": "Invalid currency pair NOPE"}),
    "htx": (200, {"status": "error", "err-code": "invalid-parameter", "err-msg": "invalid symbol"}),
    "bitfinex": (200, []),
    "bitstamp": (404, {"code": "404.002", "reason": "Not found."}),
    "coinbase_exchange": (404, {"message": "NotFound"}),
    "gemini": (400, {"result": "error", "reason": "InvalidSymbol", "message": "no symbol"}),
}
#: What the same may send one day instead: nothing of a caller's choosing counts, whatever it is.
ODD = (
    (200, {}),
    (200, []),
    (200, "null"),
    (200, "Invalid symbol"),
    (404, "<html><head><title>404 Not Found</title></head></html>"),
    (200, "<html><body>Not found</body></html>"),
    (403, "<html><body><h1>403 Forbidden</h1></body></html>"),
    (400, {"error": {"code": "bad_request", "message": "check your parameters"}}),
    (422, {"detail": [{"loc": ["query", "limit"], "msg": "ensure this value is less"}]}),
    (414, "<html><h1>414 Request-URI Too Large</h1></html>"),
)


def states(gateway, name):
    found = gateway.health.snapshot(name)
    return {str(found.state), *(str(one.state) for one in found.capabilities)}, found.failures


@pytest.mark.parametrize("name", REFUSALS)
async def test_no_odd_request_moves_the_health_of_a_source(name):
    """It refuses in its own words, then in any others."""
    chance = random.Random(name)
    for status, body in (REFUSALS[name], chance.choice(ODD)):
        async with coinmux_over(name, [Reply("", body, status=status)]) as world:
            for pair in chance.sample(PAIRS, 9):
                path, _, query = chance.choice(PATHS).partition("?")
                params = dict(part.split("=", 1) for part in query.split("&"))
                params["symbol"] = pair
                answer = await world.client.get(path, params={**params, "max_age_s": "0"})
                assert answer.status_code in (200, 400, 404, 502, 503), answer.text
                found, failures = states(world.gateway, name)
                # No trades, or no candles in a range, can be an answer.
                assert (found <= {"UNKNOWN", "HEALTHY"}, failures) == (True, 0), (
                    body,
                    path,
                    params,
                )


#: What nobody's question can be the reason of, as it is the answer to everybody's.
BROKEN = (
    Reply("", "oops", status=500),
    Reply("", "<html><body>We will be back</body></html>", status=503),
    Reply("", {"unheard": "of"}, status=404),
    Reply("", "back soon"),
    Reply("", '{"cut": [1, 2'),
)


@pytest.mark.parametrize(
    ("name", "reply"),
    [(name, BROKEN[at % len(BROKEN)]) for at, name in enumerate(REFUSALS)],
    ids=list(REFUSALS),
)
async def test_a_source_that_fails_what_everybody_asks_is_offline_after_three(name, reply):
    async with coinmux_over(name, [reply]) as world:
        quotes = world.gateway.sources[name].info.quotes
        quote = "USDT" if quotes is None or "USDT" in quotes else "USD"
        for _ in range(3):
            answer = await world.client.get(
                "/api/market/ticker", params={"symbol": f"BTC/{quote}", "max_age_s": "0"}
            )
            assert answer.status_code == 502
        assert str(world.gateway.health.snapshot(name).state) == "OFFLINE"
