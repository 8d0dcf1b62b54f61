"""Incidents outlive the process in both engines, and are found by what they are about."""

from sqlalchemy import text

AT = 1_764_000_000_000


def row(n, *, kind="source", name="kraken", ended_at=None, capabilities=",ticker,", **more):
    return {
        "id": f"{AT + n:013d}-0123abcd", "kind": kind, "name": name, "severity": "minor",
        "started_at": AT + n, "ended_at": ended_at, "updated_at": AT + n,
        "capabilities": capabilities, "told": "{}", **more,
    }  # fmt: skip


async def names(archive, **wanted):
    found = await archive.incidents.find(**{"limit": 10, **wanted})
    return [one["name"] for one in found]


async def test_the_newest_state_of_an_incident_outlives_the_process(archive_at, address):
    """One row for each, however often it was handed over."""
    async with archive_at(address) as archive:
        archive.incidents.keep(row(1))
        assert await archive.flush()
        archive.incidents.keep(row(1, severity="major"))
        archive.incidents.keep(row(1, ended_at=AT + 60))
        assert await archive.flush()
    async with archive_at(address) as archive:
        assert await archive.incidents.find(limit=10) == [row(1, ended_at=AT + 60)]


async def test_incidents_are_found_by_each_of_their_columns(archive_at, address):
    """The newest first; a name with a wildcard in it is that name and no other."""
    async with archive_at(address) as archive:
        for one in (
            row(1, name="rss_news", ended_at=AT + 10, capabilities=",news,"),
            row(2, name="rss_news:coindesk", capabilities=",news,"),
            row(3, name="rss-news", capabilities=",fear_greed,news,"),
            row(4, name="fear_greed", kind="capability", capabilities=",fear_greed,"),
            row(5, name="database", kind="service", capabilities=",,", severity="major"),
        ):
            archive.incidents.keep(one)
        assert await archive.flush()
        every = ["database", "fear_greed", "rss-news", "rss_news:coindesk", "rss_news"]
        assert await names(archive) == every
        assert await names(archive, limit=2) == every[:2]
        assert await names(archive, below=row(4)["id"]) == every[2:]
        assert await names(archive, source="rss_news") == every[3:]
        assert await names(archive, kind="service") == ["database"]
        assert await names(archive, severity="major") == ["database"]
        assert await names(archive, capability="fear_greed") == ["fear_greed", "rss-news"]
        assert await names(archive, capability="fear") == []
        assert await names(archive, ended=True) == ["rss_news"]
        assert await names(archive, ended=False) == every[:4]
        assert await names(archive, from_ms=AT + 11) == every[:4]
        assert await names(archive, to_ms=AT + 2) == every[3:]
        assert await names(archive, id_=row(3)["id"]) == ["rss-news"]


async def test_old_incidents_are_forgotten_a_year_after_events(archive_at, address, clock):
    """One that lasts is kept, however old it is."""
    async with archive_at(address, events_days=1) as archive:
        archive.incidents.keep(row(1, name="ended", ended_at=AT + 1))
        archive.incidents.keep(row(2, name="open"))
        assert await archive.flush()
        clock.advance(365 * 86_400)
        await archive._prune()
        assert await names(archive) == ["open", "ended"]
        clock.advance(2 * 86_400)
        await archive._prune()
        assert await names(archive) == ["open"]


async def test_presence_is_the_newest_word(archive_at, address):
    async with archive_at(address) as archive:
        assert await archive.incidents.presence() == (0, "")
        archive.incidents.keep_presence(AT, "running")
        archive.incidents.keep_presence(AT + 5, "stopped")
    async with archive_at(address) as archive:
        assert await archive.incidents.presence() == (AT + 5, "stopped")


async def test_a_read_that_fails_is_shown_in_the_status_and_raises_nothing(archive_at, address):
    async with archive_at(address) as archive:
        async with archive._database.writing() as connection:
            for table in ("incidents", "presence"):
                await connection.execute(text(f"DROP TABLE {table}"))
        assert await archive.incidents.find(limit=1) is None
        assert await archive.incidents.presence() is None
        assert archive.status()[0] == "DEGRADED"
