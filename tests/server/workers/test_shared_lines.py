"""Lines that several workers write and read: one order, and none lost when a file is full."""

import pytest

from coinmux.server.workers import shared_lines
from coinmux.server.workers.shared_lines import SharedLines


@pytest.fixture
def small(monkeypatch):
    """A file is full after a hundred bytes."""
    monkeypatch.setattr(shared_lines, "_FULL_BYTES", 100)


def texts(lines):
    return [line.text for line in lines.read()]


def test_all_read_the_same_lines_with_the_same_ids(tmp_path):
    here, there = SharedLines(tmp_path, "x"), SharedLines(tmp_path, "x")
    here.append([b"a", b"b"])
    there.append([b"c"])
    read = list(here.read())
    assert [line.text for line in read] == [b"a", b"b", b"c"]
    assert read == list(there.read())
    assert sorted({line.id for line in read}) == [line.id for line in read]
    assert texts(here) == []


def test_a_line_that_is_being_written_is_read_once_it_is_whole(tmp_path):
    lines = SharedLines(tmp_path, "x")
    (tmp_path / "x-1").write_bytes(b"whole\nha")
    assert texts(lines) == [b"whole"]
    with (tmp_path / "x-1").open("ab") as file:
        file.write(b"lf\n")
    assert texts(lines) == [b"half"]


def test_no_line_is_missed_when_a_file_is_begun_anew(tmp_path, small):
    writer, reader = SharedLines(tmp_path, "x"), SharedLines(tmp_path, "x")
    read = []
    for number in range(60):
        writer.append([b"%010d" % number])
        read += list(reader.read())
    assert [int(line.text) for line in read] == list(range(60))
    assert [line.id for line in read] == sorted({line.id for line in read})
    assert len(list(tmp_path.glob("x-*"))) == 2


def test_who_was_away_for_two_files_goes_on_with_what_is_left(tmp_path, small):
    writer, reader = SharedLines(tmp_path, "x"), SharedLines(tmp_path, "x")
    writer.append([b"first"])
    assert texts(reader) == [b"first"]
    for number in range(60):
        writer.append([b"%010d" % number])
    found = [int(text) for text in texts(reader)]
    assert found == list(range(found[0], 60))
    assert found[0] > 0


def test_a_new_file_begins_with_what_a_newcomer_has_to_know(tmp_path, small):
    writer = SharedLines(tmp_path, "x", lambda: [b"head"])
    for number in range(12):
        writer.append([b"%010d" % number])
    newest = max(tmp_path.glob("x-*"), key=lambda file: int(file.name[2:]))
    assert newest.name != "x-1"
    assert newest.read_bytes().startswith(b"head\n")
    assert not (tmp_path / "x-1").exists() or not (tmp_path / "x-1").read_bytes().startswith(
        b"head"
    )


def test_other_lines_of_the_same_folder_are_apart(tmp_path):
    SharedLines(tmp_path, "x").append([b"a"])
    assert texts(SharedLines(tmp_path, "y")) == []
