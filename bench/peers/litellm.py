"""LiteLLM's Router beside ours: as many deployments as we have sources, and only the routing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bench.figure import Absent, Reading
from bench.peers.environment import HERE, LITELLM, ready
from bench.processes import process

#: Deployments and strategy of each side. The first strategy is LiteLLM's default and its fastest.
_SIDES = ((1, "simple-shuffle"), (300, "simple-shuffle"), (300, "latency-based-routing"))


def side(deployments: int, strategy: str) -> str:
    """The name of a side."""
    return f"LiteLLM {strategy}, {deployments}"


SIDES = {side(*one): one for one in _SIDES}


class Router:
    """LiteLLM's Router in a process of its own environment.

    Args:
        ask: sends a line and reads the answer.
    """

    def __init__(self, ask: Callable[[str], str]) -> None:
        self._ask = ask

    async def round(self, name: str, calls: int) -> Reading:
        """CPU of the Router's own: a call through it less the same call past it.

        Our own loop waits meanwhile, so that neither side is measured while the other works.
        """
        deployments, strategy = SIDES[name]
        routed, direct = json.loads(self._ask(json.dumps([deployments, strategy, calls])))
        return Reading(routed - direct, routed)


@contextmanager
def started() -> Iterator[Router]:
    """The Router, on the core of this process.

    Raises:
        Absent: it cannot be installed here, or does not run.
    """
    script = ["-P", str(HERE / "litellm_router.py")]
    with process(script, core=0, python=ready(LITELLM), PYTHONPATH="") as child:
        assert child.stdin is not None
        assert child.stdout is not None
        stdin, stdout = child.stdin, child.stdout

        def answer() -> str:
            # It prints advice of its own between.
            while line := stdout.readline():
                if line.startswith(("[", "ready")):
                    return line
            raise Absent("litellm: its process ended")

        def ask(question: str) -> str:
            stdin.write(question + "\n")
            stdin.flush()
            return answer()

        answer()
        yield Router(ask)
