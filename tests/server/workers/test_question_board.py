"""What one worker asks the others: answered by who knows, and not waited for where nobody does."""

import asyncio
import os
import time

from coinmux.server.workers import question_board
from coinmux.server.workers.question_board import QuestionBoard


def boards(folder, count):
    return [QuestionBoard(folder, lambda: count - 1) for _ in range(count)]


async def asked(board, question, others):
    """What is answered; the others read their questions meanwhile."""
    asking = asyncio.ensure_future(board.ask(question))
    while not asking.done():
        for other, knows in others:
            other.answer(knows)
        await asyncio.sleep(0.005)
    return await asking


async def test_who_knows_answers_and_nothing_is_left(tmp_path):
    """The question goes to all of the others, and not back to who asked."""
    here, there, third = boards(tmp_path, 3)
    heard = []

    def knows(question):
        heard.append(question)
        return b"it was " + question

    def nothing(question):
        heard.append(question)

    answer = await asked(here, b"so", [(there, nothing), (third, knows), (here, knows)])
    assert answer == b"it was so"
    assert heard == [b"so", b"so"]
    assert list(tmp_path.iterdir()) == []


async def test_what_nobody_knows_is_not_waited_for(tmp_path, monkeypatch):
    """Once each of the others has read it; however long the patience is."""
    monkeypatch.setattr(question_board, "_PATIENCE_S", 3_600)
    here, there, third = boards(tmp_path, 3)

    def nothing(question):
        return None

    assert await asked(here, b"?", [(there, nothing), (third, nothing)]) is None


async def test_a_worker_that_stands_still_is_not_waited_for(tmp_path, monkeypatch):
    """It may never read the question."""
    monkeypatch.setattr(question_board, "_PATIENCE_S", 0.05)
    here, _ = boards(tmp_path, 2)
    assert await here.ask(b"?") is None
    assert list(tmp_path.iterdir()) == []


async def test_a_question_is_read_once(tmp_path, monkeypatch):
    """Though it lies there for many rounds."""
    monkeypatch.setattr(question_board, "_PATIENCE_S", 0.2)
    here, there = QuestionBoard(tmp_path, lambda: 2), QuestionBoard(tmp_path, lambda: 2)
    times = []
    assert await asked(here, b"?", [(there, times.append)]) is None
    assert times == [b"?"]


def test_what_a_killed_worker_asked_is_removed(tmp_path):
    """Unanswered, as nobody waits for it any more."""
    (board,) = boards(tmp_path, 1)
    left = tmp_path / "0123.ask"
    left.write_bytes(b"?")
    os.utime(left, (time.time() - 600,) * 2)
    times = []
    board.answer(times.append)
    assert times == []
    assert not left.exists()
