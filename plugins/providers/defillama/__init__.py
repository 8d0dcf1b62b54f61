"""DefiLlama: value locked in DeFi, and prices of coins in US dollars.

No key; limits are not published (some hundreds of requests a minute by address work). The paid
host takes its key as a piece of the path and is not used.

Prices are looked up by CoinGecko's ids and come alone: no high, low, change or volume. USD is the
only quote. There is no list to look a ticker up in, so only coins of the shipped table are known.

Value locked: of all chains and of one chain with its days, without liquid staking and what is
counted twice; of a protocol the figure of now alone, because the endpoint with its days answers
megabytes (a history by token and chain), and none of one protocol on one chain.

Source: https://api-docs.defillama.com (tvl, coins) and its OpenAPI document, read 2026-11-23.
"""

from collections.abc import Sequence
from typing import Any

from coinmux import HTTP, ProviderInfo, RateLimit, Reply, hookimpl, segment
from coinmux import errors as e
from coinmux import models as m

#: A price whose `confidence` (0 to 1) is below comes with a note.
CONFIDENT = 0.9
#: Most days of an answer, the latest.
DAYS = 400
#: Its own names of chains, where they are not ours with a capital letter.
CHAINS = {"bsc": "BSC", "optimism": "OP Mainnet"}
#: What it says, as text or as `message`, of a name it does not know.
UNKNOWN = ("not in our database", "no chain with that name", "protocol not found")


@hookimpl
def provider_info() -> ProviderInfo:
    """DefiLlama, keyless."""
    return ProviderInfo(
        name="defillama",
        title="DefiLlama",
        category="defi",
        base_url="https://api.llama.fi",
        hosts={"coins": "https://coins.llama.fi"},
        rate_limits=(RateLimit(200, 60),),
        priority=130,
        quotes=frozenset({"USD"}),
        homepage="https://defillama.com",
        terms_url="https://defillama.com/terms",
        docs_url="https://api-docs.defillama.com",
        docs_read="2026-11-23",
        seen="recorded",
        notes="Tickers have a price and its time only. Value locked was seen documented only.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """An unknown name is a 400 or 404, or an error of that text wrapped in a 200."""
    if not isinstance(query, m.TvlQuery):
        return None
    name = query.protocol or query.chain
    if reply.status == 200 and query.protocol is not None and reply.body == 0:
        return e.NotOffered(f"{name} has nothing locked, or is not measured any more")
    body = reply.body
    if isinstance(body, dict):
        body = body.get("message") or body.get("body") or body.get("error")
    said = body.lower() if isinstance(body, str) else ""
    is_unknown = any(text in said for text in UNKNOWN)
    if is_unknown or (reply.status == 404 and said.strip() == "not found"):
        return e.UnknownSymbol(name, f"DefiLlama lists no {name}")
    return None


@hookimpl
async def fetch_ticker(query: m.TickerQuery, http: HTTP) -> m.Ticker:
    """One request; the price is that of the last hours, its time says of when."""
    asset = await http.assets.resolve(query.symbol.base, _no_list)
    coin = f"coingecko:{asset.id}"
    path = f"/prices/current/coingecko:{segment(asset.id)}"
    return parse_ticker(await http.get_json(path, host="coins"), query, coin, asset)


@hookimpl
async def fetch_tvl(query: m.TvlQuery, http: HTTP) -> m.Tvl:
    """One request."""
    if query.protocol is not None:
        if query.chain is not None:
            raise e.NotOffered("has no figure of one protocol on one chain")
        return parse_protocol(await http.get_json(f"/tvl/{segment(query.protocol)}"), query)
    path = "/v2/historicalChainTvl"
    if query.chain is not None:
        path += f"/{segment(chain_name(query.chain))}"
    return parse_chain(await http.get_json(path, empty_ok=True), query)


def chain_name(chain: str) -> str:
    """Its name of a chain; a name in one case alone is written with capital letters."""
    is_plain = chain in (chain.lower(), chain.upper())
    return CHAINS.get(chain) or (chain.title() if is_plain else chain)


async def _no_list(ticker: str) -> Sequence[m.AssetCandidate]:
    return ()


def parse_ticker(body: Any, query: m.TickerQuery, coin: str, asset: m.AssetId) -> m.Ticker:
    """The price of one coin; its time is in seconds.

    Raises:
        UnknownSymbol: the coin is absent from the answer, or has no price.
    """
    row = body["coins"].get(coin)
    if row is None:
        raise e.UnknownSymbol(query.symbol, f"DefiLlama has no price of {coin}")
    notes = list(asset.notes)
    confidence = m.read_field("confidence", m.number, row.get("confidence"))
    if confidence is not None and confidence < CONFIDENT:
        notes.append(f"DefiLlama gives this price a confidence of {confidence:g} of 1")
    return m.Ticker.of(
        query,
        timestamp_s=m.optional(row, "timestamp"),
        last=row["price"],
        notes=tuple(notes),
    )


def parse_chain(body: Any, query: m.TvlQuery) -> m.Tvl:
    """Days of one chain or of all, oldest first, in seconds; the last is today's, unfinished.

    Raises:
        UnknownSymbol: no day: the chain is not measured.
    """
    if not body:
        raise e.UnknownSymbol(query.chain or "tvl", f"DefiLlama has no days of {query.chain}")
    points = m.read_points(body[-DAYS:], _day, kind="days")
    if not points:
        raise e.Empty("no day with a figure")
    return m.Tvl(
        name="All chains" if query.chain is None else chain_name(query.chain),
        chain=query.chain,
        timestamp=points[-1][0],
        tvl_usd=points[-1][1],
        points=points,
    )


def _day(row: Any) -> tuple[int, float | None]:
    value = m.figure_or_none(row.get("tvl"))
    if value is not None and value < 0:
        raise e.Implausible(f"a locked value of {value:g}")
    return m.seconds_ms(row["date"]), value


def parse_protocol(body: Any, query: m.TvlQuery) -> m.Tvl:
    """A bare number."""
    return m.Tvl(name=str(query.protocol), tvl_usd=m.number(body))
