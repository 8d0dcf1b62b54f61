"""Answers a derived source's questions with the inputs of a sample, by the rules of a gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from coinmux.framework.cache.answer import Answer, FetchResult
from coinmux.framework.dispatch.inputs import Inputs
from coinmux.framework.errors import InputsMissing, UnknownSymbol
from coinmux.framework.routing.options import RequestOptions
from coinmux.framework.testing.conformance.replay import Unexpected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from coinmux.framework.clock import Clock
    from coinmux.framework.models.base import Query, R_co
    from coinmux.framework.samples.format import SampleInput
    from coinmux.framework.sources.source import Source
    from coinmux.framework.testing.conformance.subject import Subject


class ReplayedInputs:
    """What others answer, however often they are asked.

    Attributes:
        left: inputs that were not asked for yet.
        strays: questions that no input answers, in words.
    """

    def __init__(self, subject: Subject, told: Sequence[SampleInput], clock: Clock) -> None:
        self._rows = subject.capabilities
        self._told = tuple(told)
        self._clock = clock
        self.left = list(told)
        self.strays: list[str] = []

    def of_attempt(self, source: Source) -> Inputs:
        """As the attempt of a gateway has them: what is not declared may not be asked."""
        return Inputs(source, RequestOptions(), self._rows.values(), self.fetch)

    async def fetch(
        self, capability: str, query: Query[R_co], options: RequestOptions, /
    ) -> Answer[R_co]:
        """The answer of the input that is asked for so.

        Raises:
            Unexpected: there is none.
            InputsMissing, UnknownSymbol: it ends so.
        """
        row = self._rows[capability]
        for one in self._told:
            is_it = one.capability == capability and one.provider == options.provider
            if is_it and row.query.model_validate(dict(one.query)) == query:
                break
        else:
            whom = f" of {options.provider}" if options.provider else ""
            self.strays.append(f"{capability}{whom} {query.model_dump(mode='json')}")
            raise Unexpected(f"a question no input answers: {self.strays[-1]}")
        if one in self.left:
            self.left.remove(one)
        if one.error == "unknown_symbol":
            raise UnknownSymbol(getattr(query, "symbol", capability))
        if one.error is not None:
            raise InputsMissing(f"{capability}: no source answered")
        freshness = row.freshness_of(query, self._clock.wall_ms())
        fetched = FetchResult(
            capability=capability,
            data=row.result.decode(msgspec.json.encode(one.data)),
            provider=one.provider or "another",
            fetched_ms=self._clock.wall_ms(),
            fetched_at=self._clock.monotonic(),
            freshness=freshness,
            fresh_s=freshness.fresh_s,
            stale=False,
            simulated=False,
            elapsed_ms=0.0,
            attempts=[],
        )
        return cast("Answer[R_co]", fetched.view("miss"))
