"""One question put to a provider through the real border of an attempt, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from coinmux.framework.clock import SystemClock
from coinmux.framework.config.env_file import EnvConfig
from coinmux.framework.dispatch.attempt import AttemptRunner, StaleResult
from coinmux.framework.errors import CoinmuxError
from coinmux.framework.health.leases import Leases
from coinmux.framework.health.tracker import HealthTracker
from coinmux.framework.reference.assets import AssetDirectory, AssetTable
from coinmux.framework.secrets import Redactor
from coinmux.framework.sources.source import Source
from coinmux.framework.testing.clock import FakeClock
from coinmux.framework.testing.conformance.replay import ReplayClient, Unexpected, reply_of
from coinmux.framework.testing.conformance.replayed_inputs import ReplayedInputs
from coinmux.framework.transport.client import SafeHTTPClient
from coinmux.framework.transport.messages import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.clock import Clock, Deadline
    from coinmux.framework.models.base import Query, Result
    from coinmux.framework.samples.format import Exchange, Sample
    from coinmux.framework.testing.conformance.subject import Subject
    from coinmux.framework.transport.messages import Outgoing

#: When questions are asked that no sample times: 24 November 2025, as in most samples.
NOW_MS = 1_764_000_000_000
#: Of a question that no sample answers. What takes longer waits for what does not come.
LIMIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended: one of the two is there.

    Attributes:
        crash: an exception that is none of ours; the kit's own refusals among them.
    """

    result: Result | None = None
    error: CoinmuxError | None = None
    crash: BaseException | None = None

    @property
    def code(self) -> str:
        """`ok`, or the error's code."""
        if self.error is not None:
            return self.error.code
        return "ok" if self.crash is None else type(self.crash).__name__

    def __str__(self) -> str:
        if self.crash is not None:
            return f"{type(self.crash).__name__}: {self.crash}"[:300]
        return "ok" if self.error is None else str(self.error)[:300]


class CannedClient:
    """Gives the same reply to every request."""

    def __init__(self, reply: Answer) -> None:
        self.redactor = Redactor()
        self.on_date = None  # no clock of a source is compared with ours
        self.charge = None
        self._reply = reply

    async def send(self, request: Outgoing, deadline: Deadline) -> Answer:
        await asyncio.sleep(0)
        return self._reply


class LooseClient:
    """Gives the replies of exchanges in turn, whatever is asked; the last one for ever."""

    def __init__(self, exchanges: Sequence[Exchange]) -> None:
        self.redactor = Redactor()
        self.on_date = None  # no clock of a source is compared with ours
        self.charge = None
        self._left = list(exchanges)

    async def send(self, request: Outgoing, deadline: Deadline) -> Answer:
        await asyncio.sleep(0)
        same = [one for one in self._left if request.target.split("?")[0] == one.request.path]
        exchange = (same or self._left)[0]
        if len(self._left) > 1:
            self._left.remove(exchange)
        return reply_of(exchange.response)


class ForgivingClient(ReplayClient):
    """Answers 404 to requests that only a corrupted answer made the hook send."""

    async def send(self, request: Outgoing, deadline: Deadline) -> Answer:
        try:
            return await super().send(request, deadline)
        except Unexpected:
            return Answer(404, {"content-type": "application/json"}, b"{}")


def source_of(
    subject: Subject,
    clock: Clock,
    *,
    environ: Mapping[str, str] | None = None,
    limited: bool = False,
) -> Source:
    """The provider as a Gateway has it, with made-up values of the variables it requires.

    Args:
        environ: further variables.
        limited: whether its own rate limits hold.
    """
    name = subject.info.name.upper()
    limits = {} if limited else {f"{name}_RATE_LIMIT": "off"}
    env = EnvConfig(None, {**subject.required_keys(), **limits, **(environ or {})})
    return Source(
        subject.loaded, env, clock, AssetDirectory(subject.info.name, AssetTable.shipped(), clock)
    )


async def ask(
    subject: Subject,
    capability: str,
    query: Query,
    client: Any,
    *,
    source: Source,
    limit_s: float = LIMIT_S,
    others: ReplayedInputs | None = None,
) -> Ended:
    """Put a question; a task's own cancellation passes.

    It counts as one of our own, which every source can answer: what fails is the source's fault.

    Args:
        others: answer what a derived source asks; nobody does without.
    """
    health = HealthTracker(source.bound.clock)
    info = subject.info
    health.register(info.name, subject.served)
    for channel in info.channels:
        health.register(f"{info.name}:{channel.name}", ["channel"])
    lease = health.begin(info.name, capability, limit_s)
    assert lease is not None
    runner = AttemptRunner(health, Leases(health), client, source.bound.clock)
    inputs = None
    if info.asks:
        told = others or ReplayedInputs(subject, (), source.bound.clock)
        inputs = told.of_attempt(source)
    try:
        return Ended(
            result=await runner.run(
                source,
                subject.capabilities[capability],
                query,
                lease,
                limit_s,
                ours=True,
                inputs=inputs,
            )
        )
    except StaleResult as stale:
        return Ended(result=stale.result)
    except CoinmuxError as error:
        return Ended(error=error)
    except Exception as crash:  # noqa: BLE001 - what crosses the border is what is looked for
        return Ended(crash=crash)


async def play(subject: Subject, sample: Sample) -> tuple[Ended, ReplayClient]:
    """What comes of a sample's exchanges, at the moment they were recorded.

    One that ends well is held to the provider's own rate limits: a question that asks more than
    they let through is never answered. Where the hook asks otherwise than the sample tells, it is
    asked again with every key: some sources have another address for callers with a key.
    """
    ended, client = await _played(subject, sample, {})
    if client.strays and subject.all_keys() != subject.required_keys():
        again = await _played(subject, sample, subject.all_keys())
        return again if not again[1].strays else (ended, client)
    return ended, client


async def _played(
    subject: Subject, sample: Sample, keys: Mapping[str, str]
) -> tuple[Ended, ReplayClient]:
    clock = FakeClock(wall_ms=sample.recorded_at)
    source = source_of(subject, clock, environ=keys, limited=sample.outcome == "ok")
    client = ReplayClient(source.bound, sample.exchanges)
    client.redactor = redactor_of(subject)
    others = ReplayedInputs(subject, sample.inputs, clock)
    query = subject.query_of(sample)
    ended = await ask(
        subject, sample.capability, query, client, source=source, limit_s=source.timeout_s,
        others=others,
    )  # fmt: skip
    client.strays += others.strays
    client.left_inputs = others.left
    return ended, client


async def ask_with(
    subject: Subject, capability: str, query: Query, client: Any, now_ms: int
) -> Ended:
    """Put a question to a provider whose every request goes to `client`."""
    source = source_of(subject, FakeClock(wall_ms=now_ms))
    return await ask(subject, capability, query, client, source=source)


def redactor_of(subject: Subject) -> Redactor:
    """One that knows the made-up keys, as a Gateway's does."""
    redactor = Redactor()
    for variable in subject.info.env:
        if variable.secret:
            redactor.add(subject.all_keys()[variable.name])
    return redactor


def real_client(subject: Subject) -> SafeHTTPClient:
    """The client of a Gateway, over sockets."""
    return SafeHTTPClient(SystemClock(), redactor_of(subject))
