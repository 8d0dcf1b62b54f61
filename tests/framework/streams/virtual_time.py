"""An event loop that does not wait: where all wait, its clock goes on to whatever is due next."""

import asyncio
import selectors

BEGIN_MS = 1_764_000_000_000


class LoopClock:
    """A `Clock` whose both faces are the loop's time."""

    def __init__(self):
        self.now = 1_000.0

    def monotonic(self):
        return self.now

    def wall_ms(self):
        return BEGIN_MS + int((self.now - 1_000.0) * 1000 + 1e-6)


class _Jumping(selectors.DefaultSelector):
    def __init__(self, clock):
        super().__init__()
        self._clock = clock

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout != 0:
            assert timeout is not None, "everything waits for what never comes"
            self._clock.now += timeout
        # What is done takes time too; without, what is left after rounding would never pass.
        self._clock.now += 1e-7
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """A loop for code without sockets; what would go to a thread is done at once."""

    def __init__(self, clock):
        self._virtual = clock
        super().__init__(_Jumping(clock))

    def time(self):
        return self._virtual.now

    def run_in_executor(self, executor, func, *args):
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - whatever it is, its caller gets it
            done.set_exception(error)
        return done


def run(scenario):
    """What `scenario(clock)` returns, run to its end without waiting."""
    clock = LoopClock()
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(scenario(clock))
