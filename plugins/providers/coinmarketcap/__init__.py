"""CoinMarketCap: prices averaged over exchanges, the coin list, a fear and greed index, headlines.

Works without a key (shared by address, no candles, no headlines), with a free one (30 requests a
minute, 15,000 credits a month) or with a paid one; a key moves requests to the keyed paths. Candles
take the Startup plan or better, headlines the Growth plan.

How its ticker compares with an exchange's: `last` and the change are of a price weighted over all
markets of the coin, converted into the quote; there is no bid, ask, open, high or low, and its
volume is of all those markets together, converted, so a ticker from here has none. The same holds
for the volume of its candles. Candles come finished only, five minutes after their end.

Tickers are not unique here: the id is looked up first, once a day for a coin, at no credit's cost.
Of its fear and greed index, another than Alternative.me's, the values at midnight UTC are read.

Source: https://coinmarketcap.com/api/documentation/pro-api-reference (quotes, listings, OHLCV,
global metrics, fear and greed, content, map, keyless public API, errors), read 2026-11-23.
"""

from coinmux import HTTP, EnvVar, ErrorTable, ProviderInfo, RateLimit, Reply, When, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux.plugins.providers.coinmarketcap import answers

#: Currencies of `convert`; it takes coins too, of which only those whose id is known are asked.
QUOTES = """
    USD EUR GBP JPY CHF AUD CAD NZD CNY HKD SGD KRW INR IDR THB TWD VND PHP MYR PKR BDT LKR AED ILS
    KWD SAR TRY RUB UAH PLN CZK HUF DKK NOK SEK ISK GEL BRL MXN ARS CLP COP PEN NGN ZAR
"""
#: Ours -> theirs. Its longer intervals are samples of daily candles, no longer candles.
PERIODS = {"1h": "hourly", "1d": "daily"}
#: What one credit pays for.
COINS_A_CREDIT, CANDLES_A_CREDIT = 200, 100
#: The window of a limit by the minute, where no `Retry-After` says better.
WINDOW_S = 60.0


@hookimpl
def provider_info() -> ProviderInfo:
    """CoinMarketCap, keyless or with a key of any plan."""
    return ProviderInfo(
        name="coinmarketcap",
        title="CoinMarketCap",
        category="market",
        base_url="https://pro-api.coinmarketcap.com/public-api",
        env=(
            EnvVar(
                "COINMARKETCAP_API_KEY",
                required=False,
                send_as="header:X-CMC_PRO_API_KEY",
                aliases=("CMC_PRO_API_KEY", "CMC_API_KEY"),
                description="A limit of your own; with a paid plan candles and headlines.",
                signup_url="https://pro.coinmarketcap.com/signup",
                base_url="https://pro-api.coinmarketcap.com",
            ),
        ),
        rate_limits=(RateLimit(30, 60), RateLimit(15_000, 30 * 86_400)),
        timeout_s=6.0,
        priority=105,
        quotes=frozenset(QUOTES.split()) | answers.QUOTE_IDS.keys(),
        intervals=PERIODS,
        errors=ErrorTable(
            code="status.error_code",
            message="status.error_message",
            ok=(0,),
            # Of the minute's limit by key and by address.
            rate_limited=(1008, 1011),
            retry_after=_wait_s,
            # Of the day's and the month's credits.
            quota=(1009, 1010),
            # Of a path that takes a key, and of one the plan leaves out.
            plan=(1005, 1006),
            auth=(1001, 1002, 1003, 1004, 1007),
            not_offered=(When(codes=(400,), says=("convert",)),),
        ),
        homepage="https://coinmarketcap.com",
        terms_url="https://pro.coinmarketcap.com/user-agreement-commercial/",
        docs_url="https://coinmarketcap.com/api/documentation",
        docs_read="2026-11-23",
        notes="Averages over exchanges. Keyless limits are by address and not documented.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """A subject it does not know is a 400 in words."""
    status = reply.body.get("status") if isinstance(reply.body, dict) else None
    said = str(status.get("error_message"))[:200] if isinstance(status, dict) else ""
    subject = getattr(query, "symbol", None) or getattr(query, "asset", None)
    is_about_it = said.startswith("Invalid") and ('"id"' in said or "symbol" in said)
    if subject and (is_about_it or said == "Cryptocurrency not found"):
        return e.UnknownSymbol(subject, f"CoinMarketCap: {said}")
    return None


def _wait_s(reply: Reply) -> float | None:
    return None if "retry-after" in reply.headers else WINDOW_S


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request, and a look-up of the id now and then; a minute old at most."""
    asset = await _asset(query.symbol.base, http)
    params = {"id": asset.id, "convert": query.symbol.quote}
    body = await http.get_json("/v3/cryptocurrency/quotes/latest", params)
    return answers.parse_ticker(body, query, asset)


@hookimpl
async def fetch_coins(query: m.CoinsQuery, http: HTTP) -> m.Coins:
    """One request, of one credit for 200 coins."""
    params: dict[str, str | int] = {
        "start": (query.page - 1) * query.per_page + 1,
        "limit": query.per_page,
        "sort": "market_cap",
        "sort_dir": "desc",
        "convert": query.quote,
    }
    weight = -(-query.per_page // COINS_A_CREDIT)
    body = await http.get_json("/v3/cryptocurrency/listings/latest", params, weight=weight)
    return answers.parse_coins(body, query)


@hookimpl
async def fetch_global_stats(query: m.GlobalStatsQuery, http: HTTP) -> m.GlobalStats:
    """One request."""
    return answers.parse_global_stats(await http.get_json("/v1/global-metrics/quotes/latest"))


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request of a credit for 100 candles, and a look-up of the id now and then.

    Not on the free plan.
    """
    asset = await _asset(query.symbol.base, http)
    period = PERIODS[query.interval]
    params: dict[str, str | int] = {"id": asset.id, "time_period": period, "interval": period}
    params |= {"convert": query.symbol.quote, **answers.window(query, http.now_ms())}
    weight = -(-int(params["count"]) // CANDLES_A_CREDIT)
    body = await http.get_json("/v2/cryptocurrency/ohlcv/historical", params, weight=weight)
    return answers.parse_candles(body, query, asset)


@hookimpl
async def fetch_fear_greed(query: m.FearGreedQuery, http: HTTP) -> m.FearGreed:
    """One request."""
    return answers.parse_fear_greed(
        await http.get_json("/v3/fear-and-greed/historical", {"limit": query.limit})
    )


@hookimpl
async def fetch_news(query: m.NewsQuery, http: HTTP) -> m.News:
    """One request; not below the Growth plan."""
    params: dict[str, str | int | None] = {
        "limit": query.limit,
        "language": "en",
        "symbol": query.asset,
    }
    body = await http.get_json("/v1/content/latest", params)
    return answers.parse_news(body, query)


async def _asset(ticker: str, http: HTTP) -> m.AssetId:
    async def search(asset: str) -> list[m.AssetCandidate]:
        return answers.parse_map(await http.get_json("/v1/cryptocurrency/map", {"symbol": asset}))

    return await http.assets.resolve(ticker, search)
