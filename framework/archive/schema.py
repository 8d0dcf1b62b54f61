"""The tables of the archive. A change here comes with a migration."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
)

METADATA = MetaData()
#: The newest migration: what these tables are.
NEWEST = "0006"

#: 64 bits everywhere; SQLite numbers rows by itself only where the type is INTEGER.
_ID = BigInteger().with_variant(Integer, "sqlite")

#: Closed candles. The first source to report a candle wins: history does not change.
CANDLES = Table(
    "candles",
    METADATA,
    Column("symbol", String(41), primary_key=True),
    Column("interval", String(3), primary_key=True),
    Column("timestamp", BigInteger, primary_key=True, autoincrement=False),
    Column("open", Float(53), nullable=False),
    Column("high", Float(53), nullable=False),
    Column("low", Float(53), nullable=False),
    Column("close", Float(53), nullable=False),
    Column("volume", Float(53)),
    Column("provider", String(40), nullable=False),
)

#: State changes of sources, for history bars and uptime.
CHANGES = Table(
    "changes",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("source", String(80), nullable=False),
    Column("before", String(10), nullable=False),
    Column("after", String(10), nullable=False),
    Column("reason", Text),
    Index("changes_at", "at"),
)

#: Events, as the activity log shows them; the oldest are deleted first.
EVENTS = Table(
    "events",
    METADATA,
    Column("id", _ID, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("level", String(10), nullable=False),
    Column("source", String(80)),
    Column("message", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Index("events_at", "at"),
)

#: What is used of each source's quotas: one row for each window, its uses as JSON.
QUOTA = Table(
    "quota",
    METADATA,
    Column("source", String(80), primary_key=True),
    Column("window_s", BigInteger, primary_key=True, autoincrement=False),
    Column("uses", Text, nullable=False),
)

#: Incidents, the newest first by their ids. `told` holds as JSON what is never searched for.
INCIDENTS = Table(
    "incidents",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("name", String(120), nullable=False),
    Column("severity", String(10), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("updated_at", BigInteger, nullable=False),
    Column("capabilities", Text, nullable=False),
    Column("told", Text, nullable=False),
    Index("incidents_ended_at", "ended_at"),
)

#: What each consumer used, by day (UTC, as 2026-11-28).
USAGE = Table(
    "usage",
    METADATA,
    Column("consumer", String(40), primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("what", String(90), primary_key=True),
    Column("total", Float(53), nullable=False),
    Index("usage_day", "day"),
)

#: When the process was last known to run, and whether it said that it ends.
PRESENCE = Table(
    "presence",
    METADATA,
    Column("name", String(20), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("word", String(10), nullable=False),
)

#: What the operator said: maintenance windows by source, notes by incident.
SAYINGS = Table(
    "sayings",
    METADATA,
    Column("id", String(40), primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("about", String(120), nullable=False),
    Column("from_at", BigInteger, nullable=False),
    Column("to_at", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Index("sayings_about", "about"),
)

#: The newest migration that has run, as alembic keeps it.
VERSION = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
