"""Tickers and pairs as people write them: what a ticker is, and where a joined pair may be cut.

A ticker is one to twenty letters or digits of any script, upper case; `$` and, inside, `.` too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Sequence
from functools import lru_cache
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from coinmux.framework.errors import InvalidSymbol

MOST_CHARS = 20
#: For JSON Schema, in the words that Python, ECMAScript and Rust have in common.
TICKER_PATTERN = r"[^\s/_:,\-]{1,20}"

#: Quote currencies. They decide where a joined spelling may be cut.
QUOTES = frozenset({
    "USDT", "USDC", "USD", "EUR", "GBP", "BTC", "ETH", "BNB", "DAI", "FDUSD", "TUSD", "BUSD",
    "PYUSD", "USDE", "USD1", "TRY", "JPY", "KRW", "AUD", "CAD", "CHF", "BRL", "MXN", "ZAR",
    "IDR", "INR", "NGN", "PLN", "RUB", "UAH", "SGD", "HKD", "VND", "EURC", "EURI",
})  # fmt: skip

#: Names that mean the same coin wherever they are used: ISO style, and Kraken's own spelling.
SAME_COIN = {
    "XBT": "BTC", "XXBT": "BTC", "XDG": "DOGE", "XXDG": "DOGE", "XXRP": "XRP", "XXLM": "XLM",
    "XXMR": "XMR", "BCHABC": "BCH", "BCHSV": "BSV",
}  # fmt: skip

_PLAIN = re.compile(r"[A-Z0-9]{1,20}", re.ASCII)
_PLAIN_PAIR = re.compile(r"([A-Z0-9]{1,20})[/_-]([A-Z0-9]{1,20})", re.ASCII)
_SEPARATOR = re.compile(r"[/_-]")
_OTHER_SEPARATORS = re.compile(
    r"(?:%(?:25)?(?:2F|20|3A|2D|5F)|[\s/_:|,;+\\>&~\u2010-\u2015\u2212\u2192\xb7-])+"
)
#: What follows the pair in the name of a contract: `BTC-PERP`, `BTC-USDT-SWAP`, `BTC-27DEC24`.
_CONTRACT = re.compile(
    r"PERP(ETUAL)?|SWAP|FUTURES?|CFD|P|\d{6,8}"
    r"|\d{1,2}(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)(\d{2}|\d{4})?",
    re.ASCII,
)
_PERPETUAL = ("PERP", ".P")
#: Kraken's oldest spelling, which marks coins with X and money with Z.
_MARKED = re.compile(r"X(XBT|XDG|ETH|ETC|LTC|MLN|REP|XLM|XMR|XRP|ZEC)([XZ])([A-Z]{3})", re.ASCII)
#: Cyrillic and Greek capitals that look like Latin ones, for what may have been meant.
_LOOKALIKES = str.maketrans(
    "\u0410\u0412\u0415\u0405\u0406\u0408\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7",
    "ABESIJKMHOPCTYXABEZHIKMNOPTYX",
)


def is_ticker(text: str) -> bool:
    """Whether `text` is a ticker in upper case."""
    if _PLAIN.fullmatch(text):
        return True
    if not 1 <= len(text) <= MOST_CHARS or text != text.upper():
        return False
    kinds = [unicodedata.category(char)[0] for char in text]
    return (
        (kinds[0] in "LN" or (text[0] == "$" and kinds[1:2] != ["S"] and len(text) > 1))
        and text[-1] != "."
        and all(kind in "LNM" or char in ".$" for kind, char in zip(kinds, text, strict=True))
    )


def split_pair(text: str) -> tuple[str, str] | None:
    """Base and quote of two tickers with `/`, `_` or `-` between them; None if it is no pair."""
    match = _PLAIN_PAIR.fullmatch(text)
    if match is not None:
        return None if match[1] == match[2] else (match[1], match[2])
    parts = _SEPARATOR.split(text)
    if len(parts) != 2 or parts[0] == parts[1] or not all(map(is_ticker, parts)):
        return None
    return parts[0], parts[1]


def spelled(text: str) -> str:
    """Text as it is compared: composed letters, upper case, no spaces around."""
    text = unicodedata.normalize("NFC", text)
    wide = unicodedata.normalize("NFKC", text)
    return (wide if wide.isascii() else text).strip().upper()


def looks_like(ticker: str) -> str:
    """The ticker with Latin letters in place of Cyrillic and Greek ones that look so."""
    return ticker.translate(_LOOKALIKES)


def one_name(ticker: str) -> str:
    """The name we use of a coin that has several: `XBT` is BTC."""
    return SAME_COIN.get(ticker, ticker)


def read_asset(text: str) -> str:
    """A ticker as we name it, from a ticker in any case.

    Raises:
        ValueError: it is no ticker.
    """
    ticker = spelled(text)
    if not is_ticker(ticker):
        raise ValueError("takes a ticker such as BTC")
    return one_name(ticker)


#: A field of a query that takes a ticker.
Asset = Annotated[
    str,
    AfterValidator(read_asset),
    WithJsonSchema({"type": "string", "pattern": f"^{TICKER_PATTERN}$", "examples": ["BTC"]}),
]


def read_pair(
    text: str, default_quote: str, assets: Container[str], markets: Container[str]
) -> tuple[str, str]:
    """Base and quote of a pair as a person writes it.

    A joined spelling is cut only where the base is a known asset, or a source lists the pair.

    Args:
        default_quote: the quote of a bare asset.
        assets: known assets.
        markets: pairs that some source lists, as `BASE/QUOTE`.

    Raises:
        InvalidSymbol: it is no pair, or has several readings; `did_you_mean` has them.
    """
    raw = spelled(text[:200])
    pair = split_pair(raw)
    if pair is not None:
        base, quote = map(one_name, pair)
        if _CONTRACT.fullmatch(quote) and f"{base}/{quote}" not in markets:
            raise _derivative(raw, _first_reading(base, default_quote, assets, markets))
        if base == quote:
            raise InvalidSymbol(f"{raw} needs a quote other than itself, such as {base}/USD")
        return base, quote
    if not is_ticker(raw):
        raise _no_pair(text, raw, default_quote, assets, markets)
    return _bare(raw, default_quote, assets, markets)


def _bare(
    raw: str, default_quote: str, assets: Container[str], markets: Container[str]
) -> tuple[str, str]:
    """A bare asset, or a pair without a separator."""
    if (marked := _MARKED.fullmatch(raw)) is not None and one_name(marked[3]) in QUOTES:
        return one_name(marked[1]), one_name(marked[3])
    asset = one_name(raw)
    alone = (asset, default_quote)
    if asset not in assets and asset not in QUOTES:
        for ending in _PERPETUAL:
            rest = raw.removesuffix(ending)
            if rest != raw and (pair := _first_reading(rest, default_quote, assets, markets)):
                raise _derivative(raw, pair)
        cuts = [(one_name(base), quote) for base, quote in cuts_of(raw)]
        known = [cut for cut in cuts if is_known(cut[0], assets) or "/".join(cut) in markets]
        if "/".join(alone) in markets:
            known.append(alone)
        readings = known or ([*cuts, alone] if cuts else [])
        if len(readings) > 1:
            ways = ["/".join(reading) for reading in readings]
            raise InvalidSymbol(
                f"{raw} could be {' or '.join(ways)}: write it with a slash",
                known=ways,
                did_you_mean=ways,
            )
        if readings:
            return readings[0]
    if asset == default_quote:
        raise InvalidSymbol(f"{raw} needs a quote other than itself, such as {raw}/USD")
    return alone


@lru_cache(maxsize=4_096)
def cuts_of(joined: str) -> tuple[tuple[str, str], ...]:
    """Every cut of a joined spelling into a base and a known quote."""
    return tuple(
        (joined[:cut].rstrip("."), joined[cut:])
        for cut in range(1, len(joined))
        if joined[cut:] in QUOTES and joined[:cut].rstrip(".") not in ("", joined[cut:])
    )


def is_known(base: str, assets: Container[str]) -> bool:
    """Whether the base of a cut is an asset for sure.

    A single letter is not: `SUSDE` is a coin of its own, though S is one as well.
    """
    return len(base) > 1 and (base in assets or base in QUOTES)


def _first_reading(
    text: str, default_quote: str, assets: Container[str], markets: Container[str]
) -> tuple[str, str] | None:
    """The only sure reading of a part of a name; None if there is none."""
    if not is_ticker(text):
        return None
    asset = one_name(text)
    if is_known(asset, assets):
        return None if asset == default_quote else (asset, default_quote)
    cuts = [(one_name(base), quote) for base, quote in cuts_of(text)]
    known = [cut for cut in cuts if is_known(cut[0], assets) or "/".join(cut) in markets]
    return known[0] if len(known) == 1 else None


def _derivative(raw: str, pair: tuple[str, str] | None) -> InvalidSymbol:
    means = [] if pair is None else ["/".join(pair)]
    spot = f": {means[0]}" if means else ""
    return InvalidSymbol(
        f"{raw[:40]!r} names a derivative (a contract); prices here are of spot markets{spot}",
        did_you_mean=means,
    )


def _no_pair(
    text: str, raw: str, default_quote: str, assets: Container[str], markets: Container[str]
) -> InvalidSymbol:
    """The error for a text that is no pair, with what it may mean."""
    seen = "".join(char for char in raw if unicodedata.category(char) != "Cf")
    parts = [part for part in _OTHER_SEPARATORS.split(seen) if part]
    settled = re.fullmatch(r"([^:]+):([^:]+)", raw)
    if settled is not None and (pair := split_pair(settled[1])) is not None:
        return _derivative(raw, pair)
    if len(parts) > 1 and _CONTRACT.fullmatch(parts[-1]):
        pair = split_pair("/".join(parts[:2])) if len(parts) > 2 else None
        if pair is not None and _CONTRACT.fullmatch(pair[1]):
            pair = None
        return _derivative(raw, pair or _first_reading(parts[0], default_quote, assets, markets))
    means = _means(parts, default_quote, assets, markets)
    return InvalidSymbol(
        f"{text[:40]!r} is not a pair such as BTC/USDT", known=["BASE/QUOTE"], did_you_mean=means
    )


def _means(
    parts: Sequence[str], default_quote: str, assets: Container[str], markets: Container[str]
) -> list[str]:
    """What two or three words may mean: `BTC USDT`, or an exchange and its pair."""
    words = [one_name(part.rstrip(".")) for part in parts]
    if len(words) == 2 and all(map(is_ticker, words)) and words[0] != words[1]:
        if words[1] not in QUOTES and not any(is_known(word, assets) for word in words):
            last = _first_reading(words[1], default_quote, assets, markets)
            return [] if last is None else ["/".join(last)]
        return [f"{words[0]}/{words[1]}"]
    if len(words) == 3 and (pair := split_pair(f"{words[1]}/{words[2]}")) is not None:
        return ["/".join(pair)] if not is_known(words[0], assets) else []
    if len(words) == 1 and "." in words[0]:
        base, _, quote = words[0].rpartition(".")
        return [f"{base}/{quote}"] if quote in QUOTES and is_ticker(base) else []
    return []
