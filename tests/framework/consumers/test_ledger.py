"""What consumers used, added up with what others counted."""

from coinmux.framework.consumers.ledger import Key, UsageLedger, next_month_ms
from coinmux.framework.testing.clock import FakeClock

DAY_S = 86_400


class Store:
    """A place that adds up, as the archive and the shared store do."""

    def __init__(self):
        self.totals = {}
        self.is_away = False

    async def add(self, deltas, days):
        if self.is_away:
            raise ConnectionError
        for key, delta in deltas.items():
            if key in self.totals:
                self.totals[key] += delta.more
            else:
                self.totals[key] = delta.known
        return {key: total for key, total in self.totals.items() if key.day in set(days)}


async def test_several_processes_count_as_one():
    """Each tells what the store has not heard, and hears what the others counted."""
    clock, store = FakeClock(), Store()
    one, two = UsageLedger(clock), UsageLedger(clock)
    one.count("alice", "calls:a", 3)
    two.count("alice", "calls:a", 4)
    for ledger in (one, two, one, two):
        await ledger.tell("store", store, ledger.days(1))
    assert one.calls_in_month("alice") == two.calls_in_month("alice") == 7
    one.count("alice", "calls:a")
    assert one.calls_in_month("alice") == 8
    await one.tell("store", store, one.days(1))
    await two.tell("store", store, two.days(1))
    assert two.calls_in_month("alice") == 8


async def test_a_restart_forgets_nothing():
    """What was counted before the store was reached is added to what it knows."""
    clock, store = FakeClock(), Store()
    before = UsageLedger(clock)
    before.count("alice", "calls:a", 50)
    await before.tell("archive", store, before.days(1))
    after = UsageLedger(clock)
    after.count("alice", "calls:a", 2)
    await after.tell("archive", store, after.days(40))
    assert after.calls_in_month("alice") == 52
    # A second place that has it all already is not told twice.
    await after.tell("store", store, after.days(1))
    assert after.calls_in_month("alice") >= 52


async def test_two_places_count_the_same_once():
    """The archive and the shared store are both told, and the greater total counts."""
    clock, archive, store = FakeClock(), Store(), Store()
    ledger = UsageLedger(clock)
    for _ in range(3):
        ledger.count("alice", "calls:a", 5)
        await ledger.tell("archive", archive, ledger.days(1))
        await ledger.tell("store", store, ledger.days(1))
    assert ledger.calls_in_month("alice") == 15
    assert list(archive.totals.values()) == list(store.totals.values()) == [15]


async def test_a_store_that_was_away_or_emptied_hears_it_later():
    """Nothing is lost, and nothing counted twice."""
    clock, store = FakeClock(), Store()
    ledger = UsageLedger(clock)
    ledger.count("alice", "calls:a", 5)
    await ledger.tell("store", store, ledger.days(1))
    store.is_away = True
    ledger.count("alice", "calls:a", 2)
    try:
        await ledger.tell("store", store, ledger.days(1))
    except ConnectionError:
        store.is_away = False
    assert ledger.calls_in_month("alice") == 7
    await ledger.tell("store", store, ledger.days(1))
    assert list(store.totals.values()) == [7]
    store.totals.clear()
    ledger.count("alice", "calls:a")
    await ledger.tell("store", store, ledger.days(1))
    assert list(store.totals.values()) == [8]


def test_a_month_ends_and_a_window_slides():
    """The budget begins again on the first day; a share looks back as far as its quota."""
    clock = FakeClock()
    ledger = UsageLedger(clock)
    ledger.count("alice", "calls:a", 10)
    ledger.count("alice", "extra:a", 30)
    assert ledger.calls_in_month("alice") == 10
    assert ledger.units_within("alice", "a", DAY_S) == 40
    clock.advance(DAY_S / 2)
    assert 0 < ledger.units_within("alice", "a", DAY_S) <= 40
    clock.advance(DAY_S * 2)
    assert ledger.units_within("alice", "a", DAY_S) == 0
    assert ledger.units_within("alice", "a", 30 * DAY_S) == 40
    left_s = (next_month_ms(clock.wall_ms()) - clock.wall_ms()) / 1000
    clock.advance(left_s)
    assert ledger.calls_in_month("alice") == 0
    assert sum(ledger.by_day("alice", 40)) == 10


async def test_days_beyond_every_quota_are_forgotten():
    """The ledger does not grow."""
    clock, store = FakeClock(), Store()
    ledger = UsageLedger(clock)
    for _ in range(100):
        ledger.count("alice", "calls:a")
        await ledger.tell("store", store, ledger.days(1))
        clock.advance(DAY_S)
    assert len(ledger._totals) <= 41
    assert Key("alice", "calls:a", ledger.days(2)[0]) in ledger._totals
