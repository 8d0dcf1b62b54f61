"""Which classes a gateway is made of: the plain ones, or those that are traced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from coinmux.framework.cache.store import AnswerCache
from coinmux.framework.config.settings import InvalidSetting
from coinmux.framework.dispatch.attempt import AttemptRunner
from coinmux.framework.dispatch.pipeline import Dispatcher
from coinmux.framework.transport.client import SafeHTTPClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from coinmux.framework.archive.archive import Archive
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.secrets import Redactor
    from coinmux.framework.tracing.spans import Tracing


def _as_it_is(archive: type[Archive]) -> type[Archive]:
    return archive


@dataclass(frozen=True, slots=True)
class Kinds:
    """The classes of the parts that a trace tells of.

    Attributes:
        archive: makes the class to use of the archive's, which is imported late.
        tracing: what they write to; None where nothing is traced.
    """

    cache: type[AnswerCache] = AnswerCache
    client: type[SafeHTTPClient] = SafeHTTPClient
    runner: type[AttemptRunner] = AttemptRunner
    dispatcher: type[Dispatcher] = Dispatcher
    archive: Callable[[type[Archive]], type[Archive]] = _as_it_is
    tracing: Tracing | None = None


def kinds_for(settings: Settings, redactor: Redactor) -> Kinds:
    """The plain classes without a `TRACES_URL`, and those that are traced with one.

    Raises:
        InvalidSetting: traces are wanted, and OpenTelemetry is not installed.
    """
    if settings.traces_url is None:
        return Kinds()
    try:
        from coinmux.framework.tracing.spans import Tracing
        from coinmux.framework.tracing.traced import traced_kinds
    except ImportError as error:
        message = f"needs OpenTelemetry: pip install 'coinmux[traces]' ({error})"
        raise InvalidSetting(
            f"TRACES_URL {message}", errors=[{"name": "TRACES_URL", "message": message}]
        ) from None
    return traced_kinds(Tracing(settings, redactor.clean))
