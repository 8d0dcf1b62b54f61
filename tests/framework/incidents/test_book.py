"""Incidents open, close, come back as the same ones, and are taken over from a former run."""

from coinmux.framework.incidents.book import REOPEN_MS, IncidentBook
from coinmux.framework.incidents.record import Sample, id_of, record_of

AT = 1_764_000_000_000
MINUTE = 60_000


def down(book, at, name="kraken", code="upstream_timeout", severity="minor"):
    return book.begin(
        at, "source", name, title=name.title(), severity=severity, code=code,
        message="no answer in time", capabilities=("ticker",),
    )  # fmt: skip


def test_an_incident_lasts_from_its_begin_to_its_end():
    book = IncidentBook()
    record = down(book, AT)
    assert (book.open, record.ended_at) == ([record], None)
    book.end(AT + MINUTE, "source", "kraken", "it answers again")
    assert (record.ended_at, record.down_ms, book.open) == (AT + MINUTE, MINUTE, [])
    assert [one.what for one in record.timeline] == ["began", "ended"]


def test_a_source_that_flaps_has_one_incident_with_a_count():
    """The time it answered in between is not time it was down."""
    book = IncidentBook()
    first = down(book, AT)
    for n in range(1, 4):
        book.end(AT + (2 * n - 1) * MINUTE, "source", "kraken")
        assert down(book, AT + 2 * n * MINUTE) is first
    book.end(AT + 7 * MINUTE, "source", "kraken")
    assert (first.times, first.down_ms, first.started_at) == (4, 4 * MINUTE, AT)
    assert len(book.every()) == 1


def test_one_that_comes_back_later_is_another_incident():
    book = IncidentBook()
    first = down(book, AT)
    book.end(AT + MINUTE, "source", "kraken")
    second = down(book, AT + MINUTE + REOPEN_MS + 1)
    assert second is not first
    assert [one.id for one in book.every()] == [second.id, first.id]


def test_a_new_cause_of_an_open_incident_is_a_moment_of_it_and_the_worst_severity_stays():
    book = IncidentBook()
    record = down(book, AT, severity="major")
    down(book, AT + 1, code="upstream_status")
    down(book, AT + 2, code="upstream_status")
    assert [one.what for one in record.timeline] == ["began", "changed"]
    assert (record.code, record.severity) == ("upstream_status", "major")


def test_what_is_kept_in_memory_is_bounded():
    """Incidents that ended, moments of one, and requests remembered of one."""
    book = IncidentBook(keep=5)
    for n in range(20):
        down(book, AT + n, name=f"s{n}")
        book.end(AT + n, "source", f"s{n}")
    assert len(book.every()) == 5
    assert len(book.changed) <= 10
    record = down(book, AT)
    for n in range(200):
        record.add(AT + n, "changed", "x" * 1000)
        sample = Sample(f"r{n}", AT + n, "ticker", "a", None if n else "all_providers_failed")
        record.count(f"p{n}", sample, at=AT + n)
    assert (len(record.timeline), record.left_out) == (60, 141)
    assert record.timeline[0].what == "began"
    assert max(len(one.text) for one in record.timeline) == 300
    assert len(record.answered) == 64
    assert record.samples[0].request_id == "r0"
    assert len(record.samples) == 8


def test_ids_sort_by_time_and_tell_names_apart():
    assert id_of("source", "a", AT) < id_of("source", "a", AT + 1)
    assert id_of("source", "a", AT) != id_of("source", "b", AT)
    assert len(id_of("capability", "x" * 500, AT)) == 22


def test_a_row_holds_the_whole_incident():
    book = IncidentBook()
    record = down(book, AT)
    record.count("okx", Sample("r", AT, "ticker", "okx", None), at=AT)
    assert record_of(record.row()) == record
    assert record_of({"told": '{"of": "another version"}'}) is None


def test_what_was_open_when_the_process_ended_is_closed_as_far_as_is_known():
    former = IncidentBook()
    record = down(former, AT)
    book = IncidentBook()
    book.take_up([record_of(record.row())], AT + 10 * MINUTE, AT + MINUTE)
    (taken,) = book.every()
    assert (taken.ended_at, taken.unknown_until) == (AT + MINUTE, AT + 10 * MINUTE)
    assert taken.timeline[-1].what == "lost"
    assert book.changed == [taken]


def test_one_that_goes_on_after_the_restart_is_the_same_incident():
    """The minutes in which the process did not run do not count as down."""
    former = IncidentBook()
    record = down(former, AT)
    book = IncidentBook()
    book.take_up([record_of(record.row())], AT + 60 * MINUTE, AT + MINUTE)
    again = down(book, AT + 61 * MINUTE)
    book.end(AT + 62 * MINUTE, "source", "kraken")
    assert (again.id, again.times, again.unknown_until) == (record.id, 2, None)
    assert again.down_ms == 2 * MINUTE


def test_an_archive_that_opens_late_changes_nothing_of_that():
    """What began here before the stored ones were read goes on as the stored one."""
    former = IncidentBook()
    record = down(former, AT)
    book = IncidentBook()
    own = down(book, AT + 6 * MINUTE)
    own.count("okx", Sample("r", AT, "ticker", "okx", None), at=AT)
    book.take_up([record_of(record.row())], AT + 5 * MINUTE, AT + MINUTE)
    (merged,) = book.open
    assert (merged.id, merged.times, merged.answered) == (record.id, 2, {"okx": 1})
    assert own.id not in {one.id for one in book.changed}


def test_a_worker_that_takes_the_lead_goes_on_with_what_the_other_recorded():
    """Nothing was lost: the incident is open at both."""
    leader = IncidentBook()
    record = down(leader, AT)
    record.failed = 3
    book = IncidentBook()
    own = down(book, AT + 400)
    own.failed = 2
    book.take_up([record_of(record.row())], AT + MINUTE)
    (merged,) = book.open
    assert (merged.id, merged.times, merged.failed) == (record.id, 1, 5)
    assert [one.what for one in merged.timeline] == ["began"]
