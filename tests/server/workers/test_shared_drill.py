"""Drills of several workers: what one is told, all do."""

from coinmux.server.workers.shared_drill import SharedDrill


class Own:
    """The drill of one worker, and how often it was told something."""

    followed = ("a",)

    def __init__(self):
        self.faults = {"status": "answers 500", "hang": "never answers"}
        self.now = {}
        self.told = 0
        self.before_answer = None

    def before_answers(self, work):
        self.before_answer = work

    def broken(self):
        return dict(self.now)

    def break_(self, provider, fault):
        self.now[provider] = fault
        self.told += 1

    def mend(self, provider):
        self.now.pop(provider, None)
        self.told += 1


def pair(folder):
    owns = Own(), Own()
    return owns, tuple(SharedDrill(one, folder) for one in owns)


def test_what_one_is_told_all_do(tmp_path):
    """Whether they are asked, or do their round."""
    (mine, yours), (here, there) = pair(tmp_path)
    here.break_("a", "status")
    here.break_("b", "hang")
    assert there.broken() == here.broken() == {"a": "status", "b": "hang"}
    there.break_("a", "hang")
    there.mend("b")
    here.catch_up()
    assert mine.now == yours.now == {"a": "hang"}


def test_what_one_is_told_is_in_the_next_answer_of_all(tmp_path):
    """A caller that orders a fault and asks at once may reach another worker."""
    (_, yours), (here, _) = pair(tmp_path)
    here.break_("a", "status")
    yours.before_answer()
    assert yours.now == {"a": "status"}


def test_nothing_is_done_twice(tmp_path):
    """A round without an order tells the simulator nothing."""
    (mine, yours), (here, there) = pair(tmp_path)
    there.catch_up()
    here.break_("a", "status")
    for _ in range(3):
        here.catch_up()
        there.catch_up()
    assert (mine.told, yours.told) == (1, 1)


def test_a_worker_that_begins_later_does_what_was_ordered(tmp_path):
    """It takes the place of one that ended."""
    _, (here, _) = pair(tmp_path)
    here.break_("a", "status")
    late = SharedDrill(Own(), tmp_path)
    assert late.broken() == {"a": "status"}
    assert (set(late.faults), late.followed) == ({"status", "hang"}, ("a",))
