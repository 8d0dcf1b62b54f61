"""CoinDesk Data, which was CryptoCompare: an index of each pair, the coin list, news, communities.

Takes a key with a subscription: the free plan ended on 21 May 2026, and nothing is answered without
a key. The older host (min-api.cryptocompare.com), which hides errors in a 200, is not asked.

How its ticker compares with an exchange's: `last`, `open`, `high` and `low` are of CADLI, an index
over all markets of the coin whose trades in other quotes are converted; there is no bid or ask. Its
volumes, and those of candles, are what was traded in this very quote (the "direct" figures).

Pairs are spelled BTC-USD and the answer names them; a pair in USDT is asked for as such. Candles of
a minute, an hour and a day are its own; it aggregates others, from bounds it does not document.

Source: https://developers.coindesk.com/documentation/data-api/index_cc_v1_latest_tick,
/index_cc_v1_historical_days, /asset_v1_top_list, /asset_v2_metadata, /news_v1_article_list,
read 2026-11-23.
"""

from typing import Any

from coinmux import HTTP, EnvVar, ProviderInfo, RateLimit, Reply, hookimpl
from coinmux import errors as e
from coinmux import models as m
from coinmux.plugins.providers.cryptocompare import answers

#: Ours -> theirs.
UNITS = {"1m": "minutes", "1h": "hours", "1d": "days"}
#: The index of every pair; the others are of a few.
MARKET = "cadli"
#: What a ticker is made of, in place of some 150 figures.
GROUPS = "ID,VALUE,MOVING_24_HOUR"
COIN_GROUPS = "ID,BASIC,SUPPLY,PRICE,MKT_CAP,VOLUME,CHANGE,TOPLIST_RANK"
#: Coins of a page there, always asked for; any page of ours lies in four of them at most.
PAGE = 100
#: Most headlines of one request.
HEADLINES = 100
#: Parameters that name what is asked about: an error about one of them means it is not listed.
SUBJECTS = frozenset({"instrument", "instruments", "asset", "assets", "asset_symbol"})
#: Windows of a limit that do not end within the hour.
LONG = ("day", "month")


@hookimpl
def provider_info() -> ProviderInfo:
    """CoinDesk Data, with a key."""
    return ProviderInfo(
        name="cryptocompare",
        title="CryptoCompare (CoinDesk Data)",
        category="market",
        base_url="https://data-api.coindesk.com",
        env=(
            EnvVar(
                "CRYPTOCOMPARE_API_KEY",
                send_as="header:Authorization=Apikey {}",
                aliases=("COINDESK_API_KEY",),
                description="Switches CoinDesk Data on; it takes a paid subscription.",
                signup_url="https://developers.coindesk.com/settings/api-keys",
            ),
        ),
        # The smallest ceilings seen (a key's own standing, in an answer of the older host); plans
        # differ, and none is free.
        rate_limits=(RateLimit(20, 1), RateLimit(300, 60), RateLimit(3_000, 3_600)),
        timeout_s=6.0,
        priority=70,
        symbols=answers.STYLE,
        intervals=UNITS,
        homepage="https://data.coindesk.com",
        terms_url="https://data.coindesk.com/terms",
        docs_url="https://developers.coindesk.com/documentation/data-api/introduction",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Indices over exchanges. No free plan since 21 May 2026.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """`Err` is empty where all is well; `Response` is of the older host."""
    body = reply.body
    if not isinstance(body, dict):
        return None
    error = body.get("Err")
    if body.get("Response") == "Error":
        error = {"type": body.get("Type"), "message": body.get("Message")}
    if not isinstance(error, dict) or not error:
        return None
    said = str(error.get("message"))[:300]
    status = error.get("http_status_code", reply.status)
    if error.get("type") == 99 or status == 429 or "rate limit" in said.lower():
        is_long = _is_used_up(body.get("RateLimit"))
        return e.QuotaExhausted(said) if is_long else e.RateLimited(said)
    if status == 401:
        return e.AuthRefused(said)
    if status == 403 or "subscription" in said.lower():
        return e.PlanRestricted(said)
    detail = error.get("other_info")
    parameter = str(detail.get("param")) if isinstance(detail, dict) else ""
    subject = getattr(query, "symbol", None) or getattr(query, "asset", None)
    if subject and (parameter in SUBJECTS or said.startswith("There is no data for")):
        return e.UnknownSymbol(subject, f"CoinDesk Data: {said}")
    if parameter == "to_ts":
        return e.NotOffered("no candles as old as that")
    if parameter == "categories":
        return e.NotOffered("no news of that coin")
    return e.BadStatus(said, status=reply.status) if reply.status == 200 else None


def _is_used_up(limits: Any) -> bool:
    """Whether the day's or the month's calls are spent."""
    known = limits if isinstance(limits, dict) else {}
    made, most = known.get("calls_made"), known.get("max_calls")
    if not isinstance(made, dict) or not isinstance(most, dict):
        return False
    pairs = [(made.get(window), most.get(window)) for window in LONG]
    return any(type(a) is int and type(b) is int and a >= b for a, b in pairs)


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request."""
    params = {"market": MARKET, "instruments": answers.STYLE.native(query.symbol), "groups": GROUPS}
    return answers.parse_ticker(await http.get_json("/index/cc/v1/latest/tick", params), query)


@hookimpl
async def fetch_candles(query: m.CandlesQuery, http: HTTP) -> m.Candles:
    """One request, for 1,001 candles at most."""
    instrument = answers.STYLE.native(query.symbol)
    window = answers.window(query, http.now_ms())
    params: dict[str, str | int] = {"market": MARKET, "instrument": instrument, **window}
    body = await http.get_json(f"/index/cc/v1/historical/{UNITS[query.interval]}", params)
    return answers.parse_candles(body, query)


@hookimpl
async def fetch_coins(query: m.CoinsQuery, http: HTTP) -> m.Coins:
    """As many requests as pages of 100 it takes, four at most; in US dollars only."""
    if query.quote != "USD":
        raise e.NotOffered("coins in US dollars only")
    first = (query.page - 1) * query.per_page
    rows: list[Any] = []
    for page in range(first // PAGE, (first + query.per_page - 1) // PAGE + 1):
        body = await http.get_json(
            "/asset/v1/top/list",
            {
                "page": page + 1,
                "page_size": PAGE,
                "sort_by": answers.RANKED_BY,
                "sort_direction": "DESC",
                "groups": COIN_GROUPS,
                "toplist_quote_asset": "USD",
            },
        )
        rows += body["Data"]["LIST"]
        if len(body["Data"]["LIST"]) < PAGE:
            break
    start = first % PAGE
    return answers.parse_coins(rows[start : start + query.per_page], query)


@hookimpl
async def fetch_news(query: m.NewsQuery, http: HTTP) -> m.News:
    """One request, for the latest 100 at most."""
    body = await http.get_json(
        "/news/v1/article/list",
        {"lang": "EN", "limit": min(query.limit, HEADLINES), "categories": query.asset},
    )
    return answers.parse_news(body, query)


@hookimpl
async def fetch_social(query: m.SocialQuery, http: HTTP) -> m.Social:
    """One request."""
    params = {"assets": query.asset, "asset_lookup_priority": "SYMBOL"}
    return answers.parse_social(await http.get_json("/asset/v2/metadata", params), query)
