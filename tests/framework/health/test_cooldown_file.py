"""Bans and used-up quotas over a restart."""

import pytest

from coinmux import Outcome
from coinmux.framework.health.cooldown_file import CooldownFile
from coinmux.framework.health.tracker import HealthTracker
from coinmux.framework.testing.clock import FakeClock


def tracker(clock, *sources):
    health = HealthTracker(clock)
    for source in sources:
        health.register(source, ["ticker"])
    return health


def told(health, source, code, seconds):
    lease = health.begin(source, "ticker", 4)
    health.record(lease, Outcome.HOLD, elapsed_s=0.1, code=code, retry_after_s=seconds)


def test_B14_a_ban_is_not_over_because_we_restarted(tmp_path):
    """It ends when it would have; pauses of seconds are not kept."""
    clock = FakeClock()
    first = tracker(clock, "banned", "paused", "spent")
    file = CooldownFile(tmp_path / "data" / "holds.json", first, clock)
    file.save()
    assert not (tmp_path / "data").exists()
    told(first, "banned", "upstream_banned", 600)
    told(first, "paused", "upstream_rate_limited", 600)
    told(first, "spent", "upstream_quota_exhausted", 86_400)
    file.save()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0

    later = FakeClock(monotonic=5.0, wall_ms=clock.wall_ms() + 100_000)
    second = tracker(later, "banned", "paused")
    CooldownFile(tmp_path / "data" / "holds.json", second, later).restore()
    assert second.standing("banned", "ticker").reason == "held"
    assert second.snapshot("banned").hold_until == 505.0
    assert second.standing("paused", "ticker").eligible
    later.advance(500)
    assert second.standing("banned", "ticker").eligible


def test_a_hold_that_ended_is_forgotten(tmp_path):
    """The file follows."""
    clock = FakeClock()
    health = tracker(clock, "a")
    path = tmp_path / "holds.json"
    file = CooldownFile(path, health, clock)
    told(health, "a", "upstream_banned", 600)
    file.save()
    written = path.read_bytes()
    clock.advance(10)
    file.save()
    assert path.read_bytes() == written
    clock.advance(600)
    file.save()
    assert path.read_bytes() == b"[]"


@pytest.mark.parametrize("text", ["", "{", '[{"source":1}]'])
def test_a_damaged_file_is_told_of(tmp_path, text):
    """It says so, and nothing is held."""
    path = tmp_path / "holds.json"
    path.write_text(text)
    clock = FakeClock()
    with pytest.raises(ValueError, match=r".+"):
        CooldownFile(path, tracker(clock, "a"), clock).restore()


@pytest.mark.parametrize(
    ("code", "until_ms", "longest_s"),
    [
        ("upstream_banned", 4_102_444_800_000, 72 * 3_600),
        ("upstream_banned", 10**399, 72 * 3_600),
        ("upstream_quota_exhausted", 4_102_444_800_000, 31 * 86_400),
        ("upstream_quota_exhausted", 2**63, 31 * 86_400),
    ],
)
def test_no_stored_cooldown_lasts_longer_than_one_told_now_could(
    tmp_path, code, until_ms, longest_s
):
    """A clock that ran ahead, or a damaged file, does not hold a source for years."""
    path = tmp_path / "holds.json"
    path.write_text(f'[{{"source":"a","until_ms":{until_ms},"code":"{code}","reason":"r"}}]')
    clock = FakeClock()
    health = tracker(clock, "a")
    CooldownFile(path, health, clock).restore()
    assert health.snapshot("a").hold_until == clock.monotonic() + longest_s


@pytest.mark.parametrize("code", ["upstream_rate_limited", "", "upstream_geo_blocked"])
def test_a_stored_cooldown_that_is_never_stored_is_not_believed(tmp_path, code):
    """Only bans and quotas outlive a restart."""
    path = tmp_path / "holds.json"
    path.write_text(f'[{{"source":"a","until_ms":4102444800000,"code":"{code}","reason":"r"}}]')
    clock = FakeClock()
    health = tracker(clock, "a")
    CooldownFile(path, health, clock).restore()
    assert health.standing("a", "ticker").eligible
