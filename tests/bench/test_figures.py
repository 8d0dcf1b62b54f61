"""Figures of the bench: what holds, what is kept of a former run, and what is shown."""

import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from bench import growth_picture, page, picture, results
from bench.compare import Change
from bench.figure import Absent, Figure, Plan, Reading, Series, plain, ratio
from bench.figures import FIGURES, routing, startup
from bench.peers.litellm import SIDES
from bench.processes import ROOT, loopback_source
from bench.runner import chosen, run
from bench.table import verdict

PLAN = Plan("http://127.0.0.1:1")


def measured(ours=(), theirs=(), absent=None):
    """A measurement with these values, one a round; `absent` says why theirs has none."""

    def measure(plan):
        series = Series(absent={"theirs": absent} if absent else {})
        for side, values in (("ours", ours), ("theirs", theirs)):
            for value in values:
                series.add(side, Reading(value, value, 2 * value))
        return series

    return measure


def figure(measure, limit=None, **more):
    return Figure("a", "a thing", "us", "ours", measure, "theirs", limit, **more)


def result_of(one):
    (found,) = run([one], PLAN)
    return results.result(found)


def test_names_are_unique_and_every_target_has_what_it_needs():
    """A ratio needs a yardstick."""
    names = [one.name for one in FIGURES]
    assert len(set(names)) == len(names)
    for one in FIGURES:
        assert one.limit is None or one.limit.of == "ours" or one.yardstick is not None


def test_the_ratio_is_of_pairs_and_the_values_are_medians():
    """A round in which all was slow on both sides does not change the ratio."""
    told = result_of(figure(measured([1, 2, 30], [2, 4, 60]), ratio(0.5)))
    assert (told["ours"], told["yardstick"], told["ratio"], told["rounds"]) == (2, 4, 0.5, 3)
    assert told["holds"] is True
    assert told["spread"]["ratio"] == {"min": 0.5, "q1": 0.5, "median": 0.5, "q3": 0.5, "max": 0.5}
    assert told["spread"]["ours"]["cpu_us"] == 2
    assert told["spread"]["ours"]["wall_us"] == 4


@pytest.mark.parametrize(
    ("ours", "limit", "better", "holds", "used"),
    [
        (1.0, ratio(0.25), "less", True, 1.0),
        (1.1, ratio(0.25), "less", False, 1.1),
        (2.8, ratio(0.7), "more", True, 1.0),
        (2.0, ratio(0.7), "more", False, 1.4),
        (5.0, plain(10), "less", True, 0.5),
        (5.0, plain(10), "more", False, 2.0),
    ],
    ids=["ratio", "ratio missed", "more", "more missed", "plain", "plain more missed"],
)
def test_a_limit_holds_to_its_last_bit(ours, limit, better, holds, used):
    """And the share of it that is used is below one where it holds."""
    told = result_of(figure(measured([ours], [4.0]), limit, better=better))
    assert told["holds"] is holds
    assert told["used"] == pytest.approx(used, abs=1e-4)
    assert verdict(told) == ("holds" if holds else "MISSED")


def test_a_peer_that_is_not_here_is_told_and_judges_nothing():
    """It is neither held nor left out."""
    told = result_of(figure(measured([1.0], absent="openbb cannot be installed"), ratio(0.5)))
    assert told["absent"] == "openbb cannot be installed"
    assert told["holds"] is None
    assert verdict(told) == "absent"


def test_a_measurement_that_breaks_is_told_and_others_go_on(capsys):
    """Its figures say why."""

    def broken(plan):
        raise Absent("no such thing")

    first = Figure("first", "t", "us", "ours", broken)
    second = Figure("second", "t", "us", "ours", measured([1.0]))
    told = [results.result(found) for found in run([first, second], PLAN)]
    assert told[0]["broken"] == "Absent: no such thing"
    assert verdict(told[0]) == "BROKEN"
    assert told[1]["ours"] == 1.0
    assert "no such thing" in capsys.readouterr().err


def test_figures_that_share_a_measurement_run_it_once():
    """With the sides of all of them."""
    asked = []

    def measure(plan):
        asked.append(plan.sides)
        return Series({"ours": [Reading(1)], "b": [Reading(2)], "c": [Reading(4)]})

    figures = [Figure(name, "t", "us", "ours", measure, name) for name in ("b", "c")]
    assert [results.result(one)["ratio"] for one in run(figures, PLAN)] == [0.5, 0.25]
    assert asked == [{"ours", "b", "c"}]


def test_the_page_shows_the_results_that_are_stored():
    """Numbers of docs/speed.md are those of bench/results.json."""
    text = (ROOT / "docs" / "speed.md").read_text()
    assert page.filled(text, results.load(ROOT / "bench" / "results.json")) == text


def test_names_choose_by_their_beginning():
    """And one that fits nothing is refused with those there are."""
    figures = [Figure(name, "t", "us", "ours", measured()) for name in ("start", "rsi-a", "rsi-b")]
    assert [one.name for one in chosen(figures, ["rsi"])] == ["rsi-a", "rsi-b"]
    assert len(chosen(figures, [])) == 3
    with pytest.raises(ValueError, match="there are start, rsi-a, rsi-b"):
        chosen(figures, ["rsj"])


def test_a_part_run_replaces_its_figures_alone_and_each_names_its_run(tmp_path):
    """A run that no figure is of any more is forgotten."""
    path = tmp_path / "results.json"
    order = ["a", "b"]
    for date, names in (("1", "ab"), ("2", "b"), ("3", "b")):
        told = [{"name": name, "ours": int(date)} for name in names]
        results.save(path, results.merged(results.load(path), {"date": date}, told, order))
    kept = json.loads(path.read_text())
    assert [(one["name"], one["ours"], one["run"]) for one in kept["figures"]] == [
        ("a", 1, "1"),
        ("b", 3, "3"),
    ]
    assert list(kept["runs"]) == ["1", "3"]


def test_a_figure_there_is_no_more_is_dropped():
    """So that no old number stays for good."""
    held = {"runs": {"1": {"date": "1"}}, "figures": [{"name": "gone", "run": "1"}]}
    assert results.merged(held, {"date": "2"}, [], ["a"]) == {"runs": {}, "figures": []}


@pytest.mark.parametrize(
    ("old", "new", "better", "slower"),
    [
        ([100, 101, 102], [120, 121, 122], "less", True),
        ([100, 101, 102], [105, 106, 107], "less", False),
        ([100, 101, 140], [90, 115, 130], "less", False),
        ([120, 121, 122], [100, 101, 102], "less", False),
        ([120, 121, 122], [100, 101, 102], "more", True),
    ],
    ids=["slower", "within the threshold", "within the spread", "faster", "a rate that fell"],
)
def test_slower_is_beyond_the_threshold_and_the_spread(old, new, better, slower):
    """A figure that varies by a third says nothing of a tenth."""
    assert Change("a", "us", better, old, new).is_slower(0.1) is slower


def test_routing_is_measured_on_real_parts():
    """Through the gateway, with failures that the request survives."""
    plan = replace(PLAN, quick=True, most_rounds=1, peers=False)
    told = routing.alone(replace(plan, sides={"ours, 1", *SIDES}))
    assert list(told.readings) == ["ours, 1"]
    assert told.absent == dict.fromkeys(SIDES, "peers were left out")
    assert told.readings["ours, 1"][0].value > 0
    (failed,) = routing.failover(plan).readings["ours, failed"]
    assert failed.value > 0
    assert set(routing.ranking(plan).readings) == {"ours, 100", "ours, 1000"}


def test_the_least_programs_answer_and_are_measured():
    """A floor that did not start would be no yardstick."""
    sides = {"least server", "least server's memory", "least command"}
    with loopback_source() as upstream:
        plan = Plan(upstream, sides=sides, most_rounds=1)
        told = startup.measure(plan)
    assert set(told.readings) == sides
    assert all(one.value > 0 for readings in told.readings.values() for one in readings)


def test_pictures_are_svg_whatever_was_found():
    """A figure that broke, one without its peer, and one far beyond its limit are all in it."""
    told = [
        result_of(figure(measured([9.0], [1.0]), ratio(0.5))),
        result_of(figure(measured([1.0], absent="<absent>"), ratio(0.5))),
        result_of(figure(measured(), ratio(0.5))),
    ]
    run_ = {
        "date": "2026-01-01T00:00:00Z", "revision": "r", "python": "p", "cpu": "c", "cores": 2
    }  # fmt: skip
    kept = {"runs": {"x": run_}, "figures": told}
    drawn = ElementTree.fromstring(picture.draw(kept))
    texts = [one.text for one in drawn.iter() if one.text]
    assert any(text.startswith("missed: 9 µs; 9 x theirs") for text in texts)
    assert "<absent>" in texts
    assert "was not measured" in texts
    points = [{"at": at, **results.side([Reading(at * 1.0)])} for at in (1, 2_000)]
    panel = {"title": "t", "grows": "g", "unit": "us"}
    panels = [{**panel, "points": points}, {**panel, "points": []}]
    drawn = ElementTree.fromstring(growth_picture.draw({"run": run_, "panels": panels}))
    assert "not measured on this machine" in [one.text for one in drawn.iter()]
    assert "2k" in [one.text for one in drawn.iter()]
