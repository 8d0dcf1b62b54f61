"""Times read off, moved and written back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinmux.framework.simulator.time_shift import DAY_NS, SECOND_NS, moved, read_time, shifted

RECORDED = 1_764_000_000_000
#: Seconds from 2009 to 2098, so that a shift of a year stays readable.
SECONDS = st.integers(1_230_940_800, 4_039_372_800)
YEAR_NS = 365 * DAY_NS
SHIFTS = st.integers(-YEAR_NS // SECOND_NS, YEAR_NS // SECOND_NS).map(lambda s: s * SECOND_NS)


def moment(seconds):
    return datetime.fromtimestamp(seconds, UTC)


FORMS = {
    "s": lambda s: s,
    "s text": str,
    "s fraction": lambda s: s + 0.25,
    "s fraction text": lambda s: f"{s}.250000",
    "ms": lambda s: s * 1000 + 250,
    "ms text": lambda s: str(s * 1000 + 250),
    "us": lambda s: s * 1_000_000 + 250_001,
    "ns": lambda s: s * SECOND_NS + 250_000_001,
    "ns text": lambda s: str(s * SECOND_NS + 1),
    "hex": lambda s: hex(s),
    "hex padded": lambda s: f"0x{s:016x}",
    "iso z": lambda s: moment(s).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "iso ms": lambda s: moment(s).strftime("%Y-%m-%dT%H:%M:%S.123Z"),
    "iso ns": lambda s: moment(s).strftime("%Y-%m-%dT%H:%M:%S.123456789Z"),
    "iso offset": lambda s: moment(s).strftime("%Y-%m-%dT%H:%M:%S+02:00"),
    "iso behind": lambda s: moment(s).strftime("%Y-%m-%dT%H:%M:%S.5-0730"),
    "iso bare": lambda s: moment(s).strftime("%Y-%m-%d %H:%M:%S"),
    "iso minutes": lambda s: moment(s).strftime("%Y-%m-%dT%H:%MZ"),
    "compact": lambda s: moment(s).strftime("%Y%m%dT%H%M%SZ"),
    "compact digits": lambda s: moment(s).strftime("%Y%m%d%H%M%S"),
    "rfc 822": lambda s: moment(s).strftime("%a, %d %b %Y %H:%M:%S GMT"),
    "rfc 822 offset": lambda s: moment(s).strftime("%d %b %Y %H:%M:%S +0100"),
    "rfc 822 zone": lambda s: moment(s).strftime("%a, %d %b %Y %H:%M EST"),
}
FINE = [name for name in FORMS if "minutes" not in name and "zone" not in name]


@pytest.mark.parametrize("form", FORMS)
@given(seconds=SECONDS)
def test_a_time_is_written_back_as_it_was_read(form, seconds):
    """Reading and writing the same moment gives the same value, of the same type."""
    value = FORMS[form](seconds)
    stamp = read_time(value)
    assert stamp is not None
    assert stamp.write(stamp.ns) == value
    assert type(stamp.write(stamp.ns)) is type(value)


@pytest.mark.parametrize("form", FINE)
@given(seconds=SECONDS, by=SHIFTS)
def test_a_shift_there_and_back_changes_nothing(form, seconds, by):
    """Shifting forth and back gives the value again, and what lies between is off by the shift."""
    value = FORMS[form](seconds)
    there = shifted(value, by)
    assert read_time(there).ns - read_time(value).ns == by
    assert len(str(there)) == len(str(value))
    assert shifted(there, -by) == value


@pytest.mark.parametrize("form", ["s", "ms", "us", "ns", "s text", "hex", "iso z", "rfc 822"])
@given(seconds=SECONDS)
def test_every_form_of_one_second_is_the_same_second(form, seconds):
    """The unit is read off the value."""
    assert read_time(FORMS[form](seconds)).ns // SECOND_NS == seconds


@pytest.mark.parametrize(
    ("value", "expected_ns"),
    [
        ("2025-11-24T16:00:00+02:00", 1_763_992_800 * SECOND_NS),
        ("2025-11-24T16:00:00-05:30", 1_764_019_800 * SECOND_NS),
        ("Mon, 24 Nov 2025 16:00:00 +0100", 1_763_996_400 * SECOND_NS),
        ("Mon, 24 Nov 2025 16:00:00 EST", 1_764_018_000 * SECOND_NS),
        (1764000000.5, 1_764_000_000_500_000_000),
    ],
)
def test_zones_and_fractions_count(value, expected_ns):
    """A time is the moment it names, whatever its zone."""
    assert read_time(value).ns == expected_ns


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, 1, -1764000000, 23, 1764.5, "", "N/A", "73346.14", "0x10", "0xzz", "2025",
        "2025-02-31", "2025-13-01T00:00:00Z", "9999-12-31", "1999-01-01", [], {}, 4_200_000_000,
        float("nan"), "Mon, 24 Foo 2025 15:00:00 GMT",
    ],
)  # fmt: skip
def test_what_is_no_time_stays(value):
    """Anything else is not read as a time and comes back unchanged."""
    assert read_time(value) is None
    assert shifted(value, DAY_NS) is value


def test_weekdays_follow():
    """A weekday is that of the new day, and a day keeps its digits."""
    assert shifted("Mon, 24 Nov 2025 15:00:00 GMT", 8 * DAY_NS) == "Tue, 02 Dec 2025 15:00:00 GMT"
    assert shifted("Mon, 3 Nov 2025 15:00:00 GMT", DAY_NS) == "Tue, 4 Nov 2025 15:00:00 GMT"


@given(age_s=st.integers(1, 80_000), now_s=SECONDS.filter(lambda s: s > 1_800_000_000))
def test_an_answer_keeps_its_age(age_s, now_s):
    """What was so old when it was recorded is so old now."""
    value = RECORDED - age_s * 1000 - 7
    assert now_s * 1000 - moved(value, RECORDED, now_s * 1000) == age_s * 1000 + 7


@pytest.mark.parametrize("now", ["2026-03-01T00:00:00+00:00", "2026-03-01T23:59:59+00:00"])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2025-11-24", "2026-03-01"),
        ("2025-11-23", "2026-02-28"),
        (1_763_942_400, 1_772_323_200),
        ("2025-11-24T00:00:00Z", "2026-03-01T00:00:00Z"),
    ],
)
def test_a_day_stays_a_day(now, value, expected):
    """Midnight stands for a day: today's then is today's now, at whatever hour."""
    now_ms = int(datetime.fromisoformat(now).timestamp() * 1000)
    assert moved(value, RECORDED, now_ms) == expected
