"""The kit as a test: one line in a third party's tests, one case per check and sample."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from coinmux.framework.testing.conformance.check import LIMIT_S, Case, Check, NotApplicable
from coinmux.framework.testing.conformance.grading import CHECKS
from coinmux.framework.testing.conformance.subject import Subject

if TYPE_CHECKING:
    from coinmux.framework.testing.conformance.check import Run


def conformance(*providers: str | object) -> Callable[..., None]:
    """A test of providers, to be bound to a name pytest collects.

    ```python
    from coinmux.framework.testing.conformance import conformance

    test_conformance = conformance("acme")
    ```

    Args:
        providers: names of installed ones, or modules.

    Raises:
        LookupError: nothing of that name is installed.
    """
    # Here alone: the framework does not need pytest to run.
    import pytest

    found = []
    for provider in providers:
        subject = Subject.of(provider)
        prefix = f"{subject.name}-" if len(providers) > 1 else ""
        for check, case in cases_of(subject):
            name = f"{prefix}{check.name}" + (f"-{case.id}" if case.id else "")
            found.append(pytest.param(case.run, id=name))

    @pytest.mark.parametrize("holds", found)
    def test(holds: Run) -> None:
        """A provider keeps what plugins promise."""
        try:
            wrong = asyncio.run(_run(holds))
        except NotApplicable as why:
            pytest.skip(str(why))
        if wrong is not None:
            pytest.fail(wrong, pytrace=False)

    return test


async def _run(holds: Run) -> str | None:
    try:
        async with asyncio.timeout(LIMIT_S) as timer:
            return await holds()
    except TimeoutError:
        if not timer.expired():
            raise
        return f"not done after {LIMIT_S:g} s: see no_blocking and deadline"


def cases_of(subject: Subject) -> Iterator[tuple[Check, Case]]:
    """Everything a sound provider must hold to; what does not apply to this one is left out."""
    for check in CHECKS:
        if not check.binding:
            continue
        try:
            cases = check.cases_of(subject)
        except NotApplicable:
            continue
        for case in cases:
            yield check, case
