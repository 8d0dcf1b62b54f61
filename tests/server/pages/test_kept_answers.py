"""What pages were answered: asked once an interval, bounded, and never another question's."""

import asyncio
from dataclasses import dataclass

import pytest

from coinmux import Unreachable
from coinmux.framework.testing.clock import FakeClock
from coinmux.server.pages import kept_answers
from coinmux.server.pages.kept_answers import KeptAnswers


@dataclass
class Answer:
    text: str
    fetched_at: float
    size: int = 10


class Source:
    """What is asked: answers with the time, or fails while it is down."""

    def __init__(self, clock):
        self.clock = clock
        self.calls = 0
        self.is_down = False

    async def ask(self):
        self.calls += 1
        await asyncio.sleep(0)
        if self.is_down:
            raise Unreachable("no route")
        return Answer(f"answer {self.calls}", self.clock.monotonic())


def tell(error):
    return {"code": error.code}


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def source(clock):
    return Source(clock)


@pytest.mark.parametrize("is_down", [False, True], ids=["answering", "failing"])
async def test_ten_pages_ask_as_often_as_one(clock, is_down):
    """Whether the source answers or fails."""
    calls = []
    for pages in (1, 10):
        kept, source = KeptAnswers(clock), Source(clock)
        source.is_down = is_down
        for _ in range(6):
            await asyncio.gather(*(kept.get("q", 10.0, source.ask, tell) for _ in range(pages)))
            clock.advance(10.0)
        calls.append(source.calls)
    assert calls == [6, 6]


async def test_a_failure_shows_the_last_answer(clock, source):
    """The newest there was, through any number of failures."""
    kept = KeptAnswers(clock)
    assert (await kept.get("q", 10.0, source.ask, tell)).value.text == "answer 1"
    source.is_down = True
    for _ in range(3):
        clock.advance(10.0)
        found = await kept.get("q", 10.0, source.ask, tell)
        assert found.value is None
        assert found.problem == {"code": "upstream_unreachable"}
        assert found.last.text == "answer 1"
    source.is_down = False
    clock.advance(10.0)
    found = await kept.get("q", 10.0, source.ask, tell)
    assert (found.problem, found.last, found.value.text) == (None, None, "answer 5")


async def test_one_question_never_has_the_answer_of_another(clock, source):
    """Nor its last known one."""
    kept = KeptAnswers(clock)
    await kept.get(("ticker", "BTC/USDT"), 10.0, source.ask, tell)
    source.is_down = True
    found = await kept.get(("ticker", "ETH/USDT"), 10.0, source.ask, tell)
    assert (found.value, found.last) == (None, None)


async def test_an_older_answer_of_elsewhere_is_shown_where_none_is_kept(clock, source):
    """Such as one that a client was given."""
    source.is_down = True
    older = Answer("a client's", 1.0)
    found = await KeptAnswers(clock).get("q", 10.0, source.ask, tell, lambda: older)
    assert found.last is older


async def test_a_slow_answer_does_not_hold_up_the_page(clock, monkeypatch):
    """The part says so, shows what was last known, and has the answer at the next look."""
    monkeypatch.setattr(kept_answers, "PATIENCE_S", 0.01)
    kept, comes = KeptAnswers(clock), asyncio.Event()

    async def slow():
        await comes.wait()
        return Answer("late", clock.monotonic())

    async def first():
        return Answer("first", clock.monotonic())

    await kept.get("q", 10.0, first, tell)
    clock.advance(10.0)
    found = await kept.get("q", 10.0, slow, tell)
    assert (found.problem, found.last.text) == ({"code": "deadline_exceeded"}, "first")
    comes.set()
    monkeypatch.setattr(kept_answers, "PATIENCE_S", 10)
    assert (await kept.get("q", 10.0, slow, tell)).value.text == "late"


async def test_a_page_that_leaves_does_not_end_the_question_of_another(clock):
    """What was begun runs on."""
    kept, comes = KeptAnswers(clock), asyncio.Event()

    async def slow():
        await comes.wait()
        return Answer("for the other", clock.monotonic())

    leaving = asyncio.create_task(kept.get("q", 10.0, slow, tell))
    staying = asyncio.create_task(kept.get("q", 10.0, slow, tell))
    await asyncio.sleep(0)
    leaving.cancel()
    comes.set()
    assert (await staying).value.text == "for the other"


async def test_what_is_kept_is_bounded(clock, source):
    """By number and by bytes, the least recently asked first out."""
    kept = KeptAnswers(clock, most=3)
    for name in "abcd":
        await kept.get(name, 10.0, source.ask, tell)
    assert len(kept) == 3
    await kept.get("d", 10.0, source.ask, tell)
    assert source.calls == 4
    await kept.get("a", 10.0, source.ask, tell)
    assert source.calls == 5
    tight = KeptAnswers(clock, most_bytes=1_100)
    for name in "abcd":
        await tight.get(name, 10.0, source.ask, tell)
    assert len(tight) == 2
