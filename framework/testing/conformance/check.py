"""What a check is: a name, what it counts for, and the cases it is made of."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from coinmux.framework.testing.conformance.subject import Subject

#: Seconds for one check of one provider, many times what it takes.
LIMIT_S = 120.0
_NAMES_SHOWN = 5
Status = Literal["passed", "failed", "not_applicable"]
Level = Literal["bronze", "silver", "gold"]
#: Nothing where it holds; else what is wrong and what would do.
Run = Callable[[], Awaitable[str | None]]


class NotApplicable(Exception):
    """There is nothing to check; the text says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that holds or does not.

    Attributes:
        id: short: a sample's file, a capability, or "".
        run: checks it.
    """

    id: str
    run: Run


@dataclass(frozen=True, slots=True)
class Check:
    """One property of a provider.

    Attributes:
        name: a word, `fields`.
        level: the grade that takes it.
        cases: of a provider; raises `NotApplicable` where there are none. Its docstring says what
            must hold.
        binding: False where a sound provider may lack it, so that a test does not fail on it.
        for_all: whether a retired provider is asked too.
        remote: whether it is about requests, so that a model that runs here is not asked.
    """

    name: str
    level: Level
    cases: Callable[[Subject], Sequence[Case]]
    binding: bool = True
    for_all: bool = False
    remote: bool = False

    @property
    def promise(self) -> str:
        """What must hold, in a line."""
        return (self.cases.__doc__ or "").partition("\n")[0]

    def cases_of(self, subject: Subject) -> Sequence[Case]:
        """The cases of a provider.

        Raises:
            NotApplicable: there are none; says why.
        """
        if not self.for_all:
            if subject.provider is None:
                raise NotApplicable("it does not load")
            if subject.info.retired is not None:
                raise NotApplicable("retired: it is never called")
            if self.remote and not subject.is_remote:
                raise NotApplicable("it makes no request")
        found = self.cases(subject)
        if not found:
            raise NotApplicable("nothing to check")
        return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a check.

    Attributes:
        reason: of one that failed, what is wrong and what would do; of one that does not apply,
            why.
    """

    check: Check
    status: Status
    reason: str = ""


async def judge(check: Check, subject: Subject, limit_s: float = LIMIT_S) -> Verdict:
    """Run a check; the first failure is reported, and which cases fail besides it.

    Args:
        limit_s: what is not checked by then fails the check.
    """
    try:
        cases = check.cases_of(subject)
    except NotApplicable as why:
        return Verdict(check, "not_applicable", str(why))
    failures: list[tuple[str, str]] = []
    skipped: list[str] = []
    try:
        async with asyncio.timeout(limit_s) as timer:
            for case in cases:
                try:
                    wrong = await case.run()
                except NotApplicable as why:
                    skipped.append(str(why))
                    continue
                if wrong is not None:
                    failures.append((case.id, wrong))
    except TimeoutError:
        late = f"not done after {limit_s:g} s" if timer.expired() else "ends in a TimeoutError"
        failures.append((case.id, f"{late}: see no_blocking and deadline"))
    if failures:
        return Verdict(check, "failed", _said(failures))
    if len(skipped) == len(cases):
        return Verdict(check, "not_applicable", skipped[0])
    return Verdict(check, "passed")


def _said(failures: Sequence[tuple[str, str]]) -> str:
    """The first failure with its reason, and which others there are."""
    name, wrong = failures[0]
    first = f"{name}: {wrong}" if name else wrong
    others = [one for one, _ in failures[1:] if one]
    if not others:
        return first
    left = len(others) - _NAMES_SHOWN
    more = f" and {left} more" if left > 0 else ""
    return f"{first} (and {', '.join(others[:_NAMES_SHOWN])}{more})"
