"""Merge news of several sources: find the coins an item names, and list each story once."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
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
#: Names that are common words too: they are names only where they are written as one.
_COMMON_NAMES = _words(
    """
    arkham avalanche bonk cosmos curve gala golem hedera injective kusama moonbeam moonriver
    ontology polygon ripple ronin sui tether theta
    """
) | {
    "the graph", "the sandbox", "internet computer", "reserve rights", "trust wallet",
    "rocket pool", "world liberty financial", "near protocol", "official trump", "gemini dollar",
    "first digital usd", "cat in a dogs world", "cosmos hub",
}  # fmt: skip
#: Names that texts use and nobody searches for -> the ticker; "" for coins outside the table whose
#: names begin with the name of another.
_OTHER_NAMES = {
    "xbt": "BTC", "bitcoin satoshi s vision": "BSV", "binance smart chain": "BNB",
    "curve finance": "CRV", "sonic labs": "S", "wrapped ether": "WETH",
    "bitcoin gold": "", "bitcoin diamond": "", "bitcoin private": "", "bitcoin atom": "",
    "bitcoin god": "", "ethereum pow": "", "ethereum fair": "", "ethereum gold": "",
    "litecoin cash": "",
}  # fmt: skip
#: Words beside a name or ticker with which it means something else: the Ripple effect, a lawsuit
#: under the ADA Act, the APT group Lazarus, the agency DOGE.
_OTHER_SENSES: Mapping[str, frozenset[str]] = {
    "ada": _words("act compliance compliant disabilities lawsuit lawsuits lovelace"),
    "apt": _words("attack attacks actor actors group groups hackers malware"),
    "cro": _words("at of resigns"),
    "doge": _words("agency cuts department efficiency employees officials staff staffers"),
    "dot": _words("secretary transportation"),
    "gala": _words("charity dinner event"),
    "injective": _words("function functions"),
    "leo": _words("orbit satellite satellites"),
    "mana": _words("from"),
    "near": _words("the"),
    "ripple": _words("effect effects"),
    "sui": _words("generis"),
    "tao": _words("of"),
    "ton": _words("of"),
    "tron": _words("ares legacy"),
}
_WORD = re.compile(r"[^\W_]+")
#: What may stand between the words of one name: `Bitcoin, cash and gold` has no Bitcoin Cash.
_WITHIN_NAMES = re.compile(r"[\s.'\u2010-\u2019_-]*")
_CASHTAG = re.compile(r"\$([A-Za-z][A-Za-z0-9]{1,9})\b")
_ARTICLES = frozenset({"a", "an", "the", "this", "that", "another", "no", "every", "any"})
#: Query parameters that track where a reader came from; they do not change the target.
_TRACKING = re.compile(
    r"utm_\w+|at_(?:medium|campaign)|\w{1,3}clid|igshid|mc_[ce]id|ns_\w+|_ga|ref|source|cmp(?:id)?"
    r"|guccounter|amp|outputtype"
)
#: How publishers mark a page's short form for phones.
_AMP_HOST = re.compile(r"^(?:(?:www|m|amp|mobile)\.)+(?=[^.]+\.)")
_AMP_PATH = re.compile(r"^/amp(?=/)|/amp$|\.amp(?=\.html?$|$)")
#: Reports of two publishers under one title are one story if they are so close; a title that comes
#: back the next day is another.
WINDOW_MS = 12 * 3_600_000
#: Stories of one title that a report is compared with, latest first.
_COMPARED = 10


@functools.cache
def _names() -> tuple[Mapping[str, list[tuple[list[str], str]]], frozenset[str]]:
    """Names in lower case by their first word, longest first, and the tickers found by capitals."""
    table = AssetTable.shipped()
    by_first: dict[str, list[tuple[list[str], str]]] = {}
    for ticker in sorted(table.symbols):
        name = " ".join(_WORD.findall((table.name(ticker) or "").lower()))
        names = {name, *_NICKNAMES.get(ticker, ())} - _EVERYDAY_NAMES - {""}
        for one in names:
            words = one.split()
            by_first.setdefault(words[0], []).append((words, ticker))
    for one, ticker in _OTHER_NAMES.items():
        by_first.setdefault(one.split()[0], []).append((one.split(), ticker))
    for named in by_first.values():
        named.sort(key=lambda one: -len(one[0]))
    return by_first, frozenset(table.symbols - _EVERYDAY_TICKERS)


def symbols_in(*texts: str) -> tuple[str, ...]:
    """Tickers of the shipped table that the texts mention, in alphabetical order.

    A coin is found by its name, by its cashtag (`$LINK`), and by its ticker in capitals, unless the
    whole text is in capitals or the ticker is an everyday word. Of names that begin at one word the
    longest counts: Bitcoin Cash is not Bitcoin, and Bitcoin Gold, which the table lacks, is no coin
    of it. A name that is a common word (Avalanche) counts where it is written as a name.
    """
    known = AssetTable.shipped().symbols
    found: set[str] = set()
    for text in texts:
        found.update(_mentioned(text))
        found.update(tag for tag in map(str.upper, _CASHTAG.findall(text)) if tag in known)
    return tuple(sorted(found))


def _mentioned(text: str) -> Iterator[str]:
    """Tickers by name and by capitals; no word counts for two."""
    by_first, tickers = _names()
    is_shouted = text.isupper()
    found = list(_WORD.finditer(text))
    words = [one[0] for one in found]
    lower = [word.lower() for word in words]
    # Whether a word and the one before it may be of one name.
    goes_on = [
        at > 0 and _WITHIN_NAMES.fullmatch(text, found[at - 1].end(), one.start()) is not None
        for at, one in enumerate(found)
    ]
    has_tickers = not is_shouted or len(words) < 3
    at = 0
    while at < len(words):
        name, ticker = next(
            (
                one
                for one in by_first.get(lower[at], ())
                if lower[at : at + len(one[0])] == one[0]
                and all(goes_on[at + 1 : at + len(one[0])])
                and _is_name(words, at, one[0], is_shouted=is_shouted)
            ),
            ([], ""),
        )
        if not name and has_tickers and words[at] in tickers:
            name, ticker = lower[at : at + 1], words[at]
        if ticker and not _has_other_sense(lower, at, name):
            yield ticker
        at += len(name) or 1


def _has_other_sense(words: list[str], at: int, name: list[str]) -> bool:
    others = _OTHER_SENSES.get(" ".join(name), frozenset())
    after = at + len(name)
    return not others.isdisjoint((*words[max(at - 1, 0) : at], *words[after : after + 1]))


def _is_name(words: list[str], at: int, name: list[str], *, is_shouted: bool) -> bool:
    """Whether words that spell a name are meant as one: `Avalanche`, not `an avalanche of`."""
    if " ".join(name) not in _COMMON_NAMES:
        return True
    written = words[at : at + len(name)]
    if is_shouted or not all(word[0].isupper() for word in written):
        return False
    if len(name) > 1 and all(word.isupper() for word in written):
        return False  # THE GRAPH is stressed
    before = words[at - 1].lower() if at else ""
    after = words[at + len(name)].lower() if at + len(name) < len(words) else ""
    return before not in _ARTICLES and after != "of"


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

    Items of one link are one story, told by the newest of them. Items of different publishers with
    the same words in their titles are one story if they appeared within `WINDOW_MS`, told by the
    earliest. It has the tickers of all its items; an item without tickers gets those its title
    mentions. Items without a date come last.
    """
    kept: list[_Story] = []
    by_title: dict[str, list[_Story]] = {}
    for item in sorted(_by_link(items), key=_order):
        told = by_title.setdefault(_headline(item.title), [])
        story = next((one for one in reversed(told[-_COMPARED:]) if one.is_told_by(item)), None)
        if story is None:
            story = _Story(item)
            told.append(story)
            kept.append(story)
        else:
            story.add(item)
    found = [story.item for story in kept]
    wanted = [item for item in found if query.asset is None or _about(item, query.asset)]
    wanted.sort(key=lambda item: -(item.published_at or 0))
    return tuple(wanted[: query.limit])


def _order(item: NewsItem) -> tuple[bool, int]:
    return item.published_at is None, item.published_at or 0


def _by_link(items: Iterable[NewsItem]) -> list[NewsItem]:
    """One item for each link, the newest, with the tickers of all; live blogs keep their link."""
    by_place: dict[str, NewsItem] = {}
    for item in items:
        place = _place(item.url)
        symbols = item.symbols or symbols_in(item.title)
        known = by_place.get(place)
        newest = item
        if known is not None:
            symbols = tuple(sorted({*known.symbols, *symbols}))
            newest = item if (item.published_at or 0) > (known.published_at or 0) else known
        by_place[place] = newest.model_copy(update={"symbols": symbols})
    return list(by_place.values())


class _Story:
    """One story, and who has told it."""

    def __init__(self, item: NewsItem) -> None:
        self.item = item
        self._publishers = {item.source, _host(item.url)}

    def is_told_by(self, item: NewsItem) -> bool:
        """Whether an item of the same title is of another publisher and close enough in time."""
        first, then = self.item.published_at, item.published_at
        if first is None or then is None or abs(then - first) > WINDOW_MS:
            return False
        return self._publishers.isdisjoint({item.source, _host(item.url)})

    def add(self, item: NewsItem) -> None:
        """Take up the tickers of another report, and its publisher."""
        both = tuple(sorted({*self.item.symbols, *item.symbols}))
        self.item = self.item.model_copy(update={"symbols": both})
        self._publishers |= {item.source, _host(item.url)}


def _about(item: NewsItem, asset: str) -> bool:
    """Whether an item lists the asset, or its title has the ticker in capitals, meant as one."""
    if asset in item.symbols:
        return True
    words = _WORD.findall(item.title)
    lower = [word.lower() for word in words]
    return any(
        word == asset and not _has_other_sense(lower, at, lower[at : at + 1])
        for at, word in enumerate(words)
    )


def _place(url: str) -> str:
    """A link without the parts that do not change the story, such as a place in its page."""
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query) if not _TRACKING.fullmatch(k.lower())]
    path = _AMP_PATH.sub("", parts.path.rstrip("/"))
    return f"{_host(url)}{path.rstrip('/')}?{urlencode(sorted(query))}"


def _host(url: str) -> str:
    return _AMP_HOST.sub("", urlsplit(url).hostname or "")


def _headline(title: str) -> str:
    return " ".join(_WORD.findall(title.casefold()))
