"""Callers that ask without end and judge each answer."""

from __future__ import annotations

import asyncio
import json
import os
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp

from bench.soak.questions import HONEST, Questions

if TYPE_CHECKING:
    from bench.soak.chaos import Chaos
    from bench.soak.core_waits import CoreWaits

#: An answer may come so long after the deadline its caller gave.
_LATE_S = 0.25
#: An answer waits for its turn here, in its worker, in the simulator and in its worker again; each
#: turn comes as late as ours do.
_TURNS = 4
#: A connection may break so long after a worker was killed, and only then.
_BROKEN_S = 3.0
_THINK_S = 0.35
_LEAVE = 0.1
_LAG_LOOK_S = 0.02


@dataclass
class Verdict:
    """What became of the questions.

    Attributes:
        wrong: answers that were not right, errors that were not honest, and what came too late.
        broken: connections that broke as their worker was killed; each was asked again.
        latest_s: how long after its deadline the latest came, our own delay taken off, and how long
            its worker waited for a core meanwhile.
    """

    answered: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    stale: int = 0
    wrong: list[str] = field(default_factory=list)
    broken: int = 0
    latest_s: float = -1.0
    times_s: list[float] = field(default_factory=list)

    @property
    def asked(self) -> int:
        return self.answered + sum(self.errors.values())


class Callers:
    """So many callers at once."""

    def __init__(self, url: str, chaos: Chaos, waits: CoreWaits, count: int, seed: int) -> None:
        self._url = url
        self._chaos = chaos
        self._waits = waits
        self._count = count
        self._seed = seed
        self._lag_s = 0.0
        self._due_at = time.monotonic() + _LAG_LOOK_S
        self.verdict = Verdict()

    async def run(self, session: aiohttp.ClientSession) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._watch_lag())
            for at in range(self._count):
                group.create_task(self._caller(session, self._seed * 1000 + at))

    async def _watch_lag(self) -> None:
        """How late this process itself is: that is not the server's doing."""
        while True:
            self._due_at = time.monotonic() + _LAG_LOOK_S
            await asyncio.sleep(_LAG_LOOK_S)
            self._lag_s = max(time.monotonic() - self._due_at, self._lag_s * 0.98)

    async def _caller(self, session: aiohttp.ClientSession, seed: int) -> None:
        questions, rng = Questions(seed), random.Random(seed)
        while True:
            await asyncio.sleep(rng.expovariate(1 / _THINK_S))
            path, asked, check = questions.next()
            begun = time.monotonic()
            try:
                # Connections are begun anew now and then, so that all workers get their share.
                headers = {"Connection": "close"} if rng.random() < _LEAVE else {}
                params = {name: str(value) for name, value in asked.items()}
                async with session.get(self._url + path, params=params, headers=headers) as reply:
                    body, status = await reply.read(), reply.status
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                self._broke(path, error)
                continue
            self._judge(path, asked, check, status, body, time.monotonic() - begun)

    def _broke(self, path: str, error: BaseException) -> None:
        now = time.monotonic()
        if any(now - at < _BROKEN_S for at in self._chaos.killed_at[-5:]):
            self.verdict.broken += 1
        else:
            self.verdict.wrong.append(f"{path}: {type(error).__name__}: {error}")

    def _judge(self, path, asked, check, status: int, body: bytes, took_s: float) -> None:
        verdict = self.verdict
        # After a moment in which this process stood still, answers are read before the next look.
        lag_s = max(self._lag_s, time.monotonic() - self._due_at)
        late_s = took_s - asked["timeout_s"] - _TURNS * lag_s
        begun = time.monotonic() - took_s
        if late_s > 0:
            # Nobody says which worker it was; on a machine with cores to spare none waits.
            late_s -= self._waits.longest_s(begun)
        if late_s > 0 and any(at > begun for at in self._chaos.killed_at[-5:]):
            # The client asked again by itself, as one does where a kept connection breaks.
            verdict.broken += 1
            return
        verdict.latest_s = max(verdict.latest_s, late_s)
        verdict.times_s.append(took_s)
        if late_s > _LATE_S:
            verdict.wrong.append(
                f"{path} {asked}: {late_s:.3f} s late, status {status}; each turn"
                f" {lag_s:.3f} s late, load {os.getloadavg()[0]:.1f}: {body[:1_000]!r}"
            )
        try:
            told = json.loads(body)
        except ValueError:
            verdict.wrong.append(f"{path}: status {status} with no JSON: {body[:80]!r}")
            return
        if status == 200:
            verdict.answered += 1
            verdict.stale += bool(told["meta"]["stale"])
            try:
                wrong = check(told["data"], told["meta"])
            except KeyError as missing:
                wrong = f"no {missing} in {body[:300]!r}"
            if wrong is not None:
                meta = {name: told["meta"].get(name) for name in ("provider", "cache", "notes")}
                verdict.wrong.append(f"{path} {asked}: {wrong} {meta}")
            return
        code = told.get("code")
        verdict.errors[str(code)] += 1
        if HONEST.get(code) != status or not told.get("request_id"):
            verdict.wrong.append(f"{path} {asked}: {status} {code}: {told.get('detail')}")
