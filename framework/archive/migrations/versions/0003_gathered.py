"""Candles that were gathered from shorter ones are dropped: parts of them may be missing.

Rows do not say whether they were gathered, so what a provider has itself is listed here, as it
stood when gathered candles became whole; of a provider that is not listed, only intervals that are
never gathered stay. What is dropped can be asked for again.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_GATHERED = ("3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "8h", "12h", "1d")
_OWN = {
    "binance": _GATHERED,
    "bitfinex": ("5m", "15m", "30m", "1h", "6h", "12h", "1d"),
    "bitstamp": ("3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"),
    "bybit": ("3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"),
    "coinbase_exchange": ("5m", "15m", "1h", "6h", "1d"),
    "coingecko": ("30m", "4h"),
    "coinmarketcap": ("1h", "1d"),
    "cryptocompare": ("1h", "1d"),
    "gateio": ("5m", "15m", "30m", "1h", "4h", "8h", "1d"),
    "gemini": ("5m", "15m", "30m", "1h"),
    "htx": ("5m", "15m", "30m", "1h", "4h"),
    "kraken": ("5m", "15m", "30m", "1h", "4h", "1d"),
    "kucoin": _GATHERED,
    "lunarcrush": ("1h", "1d"),
    "mexc": ("5m", "15m", "30m", "1h", "4h", "8h", "1d"),
    "okx": ("3m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "12h", "1d"),
}


def upgrade() -> None:
    """Drop candles of intervals that their provider does not have itself."""
    candles = sa.table("candles", sa.column("interval"), sa.column("provider"))
    own = [
        sa.and_(candles.c.provider == provider, candles.c.interval.in_(intervals))
        for provider, intervals in _OWN.items()
    ]
    op.execute(sa.delete(candles).where(candles.c.interval.in_(_GATHERED), sa.not_(sa.or_(*own))))
