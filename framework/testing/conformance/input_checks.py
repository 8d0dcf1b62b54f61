"""Sources that are derived from others: what becomes of their answers when inputs fail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from coinmux.framework.errors import InputsMissing
from coinmux.framework.testing.conformance.border import Ended, play
from coinmux.framework.testing.conformance.check import Case, NotApplicable
from coinmux.framework.testing.conformance.row_checks import good_samples, is_remarked, shown
from coinmux.framework.testing.conformance.sample_checks import stem

if TYPE_CHECKING:
    from coinmux.framework.samples.format import Sample, SampleInput
    from coinmux.framework.testing.conformance.subject import Subject


def inputs(subject: Subject) -> Sequence[Case]:
    """An input that fails is said in the answer, and without any there is none."""
    if not subject.info.asks:
        raise NotApplicable("it asks no other source")
    return [
        case
        for sample in good_samples(subject)
        for case in (
            *(
                Case(f"{stem(sample)}-without-{at}", _says(subject, sample, at))
                for at in range(len(sample.inputs))
            ),
            Case(f"{stem(sample)}-without-any", _ends_in_an_error(subject, sample)),
        )
    ]


def _says(subject: Subject, sample: Sample, at: int) -> Any:
    async def run() -> str | None:
        whole = await _ended(subject, sample, sample.inputs)
        less = await _ended(subject, sample, _failing(sample.inputs, {at}))
        asked = f"{sample.inputs[at].capability} of {sample.inputs[at].provider or 'any source'}"
        if less.result is None:
            return _as_it_should(less, asked)
        if shown(less) == shown(whole) or is_remarked(less, whole):
            return None
        return f"without {asked} its answer is another and does not say so: name it in notes"

    return run


def _ends_in_an_error(subject: Subject, sample: Sample) -> Any:
    async def run() -> str | None:
        every = set(range(len(sample.inputs)))
        ended = await _ended(subject, sample, _failing(sample.inputs, every))
        if ended.result is not None:
            return "answers although nobody answered it: let InputsMissing pass, or raise it"
        return _as_it_should(ended, "all its inputs")

    return run


def _as_it_should(ended: Ended, without: str) -> str | None:
    # Nobody said that there is no such thing: nobody answered.
    if isinstance(ended.error, InputsMissing):
        return None
    return f"without {without} it ends in {ended}: let InputsMissing pass, or raise it"


def _failing(told: Sequence[SampleInput], places: set[int]) -> list[SampleInput]:
    gone = {"data": None, "error": "inputs_missing"}
    return [one.model_copy(update=gone) if at in places else one for at, one in enumerate(told)]


async def _ended(subject: Subject, sample: Sample, told: Sequence[SampleInput]) -> Ended:
    ended, _ = await play(subject, sample.model_copy(update={"inputs": tuple(told)}))
    return ended
