"""What the health rules say of a source: its availability, a change of state, a remote result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from coinmux.framework.health.circuit import State


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether the router may use one (source, capability) now.

    Attributes:
        state: the worse of the source's and the capability's.
        eligible: whether it may be tried normally.
        probe: may be tried now by one caller, as the probe.
        reason: "" when eligible, else `disabled`, `offline`, `probe_running` or `held`.
        detail: why it is disabled (a code), or a few words for people.
        retry_at: monotonic seconds from which a probe may be made; None where none is foreseen.
        hold_until: monotonic seconds; None where no cooldown is running.
    """

    state: State
    eligible: bool
    probe: bool
    reason: str
    detail: str
    retry_at: float | None
    hold_until: float | None


@dataclass(frozen=True, slots=True)
class StateChange:
    """A source, or one of its capabilities, went from one state to another.

    Attributes:
        capability: None for the source as a whole.
        reason: code of the result or the action behind it.
        at: monotonic seconds.
    """

    source: str
    capability: str | None
    before: State
    after: State
    reason: str
    at: float


class RemoteResult(msgspec.Struct, omit_defaults=True):
    """How an attempt of any worker ended, and the state of its source since; times are those left.

    Attributes:
        outcome: an `Outcome`.
        rest_s, capability_rest_s: until a probe is due; None where the circuit is closed.
        hold_s, capability_hold_s: until it may be asked again; 0 where it may.
        probe: whether the attempt was a probe; nothing else closes a circuit.
    """

    source: str
    capability: str
    outcome: str
    elapsed_s: float = 0.0
    code: str | None = None
    message: str | None = None
    rest_s: float | None = None
    capability_rest_s: float | None = None
    hold_s: float = 0.0
    capability_hold_s: float = 0.0
    hold_code: str = ""
    hold_reason: str = ""
    probe: bool = False


class Trouble(msgspec.Struct, omit_defaults=True):
    """Why a source is not asked now, for a worker that has just begun; times are those left.

    Attributes:
        capability: "" for the source as a whole.
        rest_s: until a probe is due; None where the circuit is closed.
        hold_s: until it may be asked again; 0 where it may.
        code, message: of the error that opened the circuit.
    """

    source: str
    capability: str
    rest_s: float | None = None
    hold_s: float = 0.0
    code: str = ""
    message: str = ""
    hold_code: str = ""
    hold_reason: str = ""
