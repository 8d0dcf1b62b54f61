"""Merge news of several sources: find the coins an item names, and list each story once."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from coinmux.framework.models.news import NewsItem, NewsQuery
from coinmux.framework.reference.assets import AssetTable

#: Names that headlines use in addition to those of the table, in lower case.
_NICKNAMES: Mapping[str, tuple[str, ...]] = {
    "ADA": ("cardano",),
    "ATOM": ("cosmos hub",),
    "BCH": ("bitcoin cash",),
    "BNB": ("bnb", "bnb chain", "binance coin"),
    "BTC": ("btc",),
    "DOGE": ("doge",),
    "ETH": ("ether", "eth"),
    "LTC": ("ltc",),
    "LUNC": ("terra classic",),
    "POL": ("polygon",),
    "SUI": ("sui network",),
    "TRX": ("tron", "trx"),
    "USDC": ("usd coin",),
    "USDT": ("tether",),
    "XLM": ("stellar lumens", "xlm"),
    "XMR": ("monero", "xmr"),
    "XRP": ("ripple",),
}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Names of the table that are everyday words; headlines use them in their usual sense.
_EVERYDAY_NAMES = _words(
    """
    astar balancer band blur celestia compound conflux dash dogs flare flow flux gate harmony helium
    holo immutable jupiter just kava maker mantle maple nano oasis optimism orca osmosis quant
    render ronin secret sky sonic stacks stellar sushi terra verge waves wormhole
    """
)
#: Tickers that, in capitals, often mean something else (a time zone, an agency, a stressed word).
_EVERYDAY_TICKERS = _words(
    """
    APE AR AUDIO BAL BAND BAT CAKE COMP CORE DASH DOGS FLOW FLUX GMT GT HOT JUP MASK NEO NOT OCEAN
    ONE OP ORCA PUMP RAY RON ROSE S SAND SC SKY SPX SUN TEL TRUMP VIRTUAL W WAVES WIN
    """
)
_WORD = re.compile(r"[^\W_]+")
_CASHTAG = re.compile(r"\$([A-Za-z][A-Za-z0-9]{1,9})\b")
#: Query parameters that track where a reader came from; they do not change the target.
_TRACKING = re.compile(r"utm_\w+|fbclid|gclid|mc_cid|mc_eid|ref|source|cmpid|guccounter")


@functools.cache
def _names() -> tuple[Mapping[str, list[tuple[list[str], str]]], frozenset[str]]:
    """Names in lower case by their first word, and the tickers found by capitals."""
    table = AssetTable.shipped()
    by_first: dict[str, list[tuple[list[str], str]]] = {}
    for ticker in sorted(table.symbols):
        name = " ".join(_WORD.findall((table.name(ticker) or "").lower()))
        names = {name, *_NICKNAMES.get(ticker, ())} - _EVERYDAY_NAMES - {""}
        for one in names:
            words = one.split()
            by_first.setdefault(words[0], []).append((words, ticker))
    return by_first, frozenset(table.symbols - _EVERYDAY_TICKERS)


def symbols_in(*texts: str) -> tuple[str, ...]:
    """Tickers of the shipped table that the texts mention, in alphabetical order.

    A coin is found by its name in any case, by its cashtag (`$LINK`), and by its ticker in
    capitals, unless the whole text is in capitals or the ticker is an everyday word.
    """
    by_first, tickers = _names()
    known = AssetTable.shipped().symbols
    found: set[str] = set()
    for text in texts:
        words = _WORD.findall(text)
        if not text.isupper() or len(words) < 3:
            found.update(word for word in words if word in tickers)
        found.update(tag for tag in map(str.upper, _CASHTAG.findall(text)) if tag in known)
        lower = [word.lower() for word in words]
        for at, word in enumerate(lower):
            for name, ticker in by_first.get(word, ()):
                if lower[at : at + len(name)] == name:
                    found.add(ticker)
    return tuple(sorted(found))


def names_of(asset: str) -> tuple[str, ...]:
    """The names of an asset in texts: name, ticker and nicknames, for sources that search words.

    Each is listed once, whatever its case. An asset outside the table has only its ticker.
    """
    name = " ".join(_WORD.findall(AssetTable.shipped().name(asset) or ""))
    names: dict[str, str] = {}
    for one in (name, asset, *_NICKNAMES.get(asset, ())):
        names.setdefault(one.lower(), one)
    return tuple(one for one in names.values() if one)


def stories(items: Iterable[NewsItem], query: NewsQuery) -> tuple[NewsItem, ...]:
    """The items that `query` asks for: each story once, newest first.

    Two items are one story if their links lead to the same place or their titles have the same
    words. The earliest item stands for the story, with the tickers of all its items; an item
    without tickers gets those its title mentions. Items without a date come last.
    """
    kept: list[NewsItem] = []
    place_of: dict[str, int] = {}
    for item in sorted(items, key=lambda item: (item.published_at is None, item.published_at or 0)):
        keys = (_place(item.url), _headline(item.title))
        at = next((place_of[key] for key in keys if key in place_of), None)
        symbols = item.symbols or symbols_in(item.title)
        if at is None:
            at = len(kept)
            kept.append(item.model_copy(update={"symbols": symbols}))
        else:
            both = tuple(sorted({*kept[at].symbols, *symbols}))
            kept[at] = kept[at].model_copy(update={"symbols": both})
        for key in keys:
            place_of.setdefault(key, at)
    wanted = [item for item in kept if query.asset is None or _about(item, query.asset)]
    wanted.sort(key=lambda item: -(item.published_at or 0))
    return tuple(wanted[: query.limit])


def _about(item: NewsItem, asset: str) -> bool:
    """Whether an item lists the asset, or its title has the ticker in capitals."""
    return asset in item.symbols or asset in _WORD.findall(item.title)


def _place(url: str) -> str:
    """A link without the parts that do not change its target."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    query = [(k, v) for k, v in parse_qsl(parts.query) if not _TRACKING.fullmatch(k.lower())]
    return f"{host}{parts.path.rstrip('/')}?{urlencode(sorted(query))}"


def _headline(title: str) -> str:
    return " ".join(_WORD.findall(title.casefold()))
