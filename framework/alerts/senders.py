"""What sends an alert to one address: `apprise`, or a plugin's kind of channel."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from coinmux.framework.health.classify import quoted

if TYPE_CHECKING:
    from coinmux.framework.config.alert_settings import ChannelAddress
    from coinmux.framework.plugins.extensions.alert_kinds import Alert, AlertChannelKind
    from coinmux.framework.secrets import Secret

NOT_INSTALLED = "apprise is not installed: pip install 'coinmux[alerts]'"
#: Seconds a plugin has for one alert.
LIMIT_S = 60.0
_KINDS = {None: "success", "minor": "warning", "major": "failure", "critical": "failure"}


class Sender(Protocol):
    """Sends to one address; called in the thread of its channel, and may block it."""

    @property
    def plugin(self) -> str | None:
        """The plugin that sends; None for `apprise`."""
        ...

    def prepare(self) -> str | None:
        """Get ready, once; why nothing can be sent."""
        ...

    def send(self, alert: Alert) -> str | None:
        """Send an alert; why it did not arrive, without secrets."""
        ...


class AppriseSender:
    """Sends by `apprise`, which is loaded where it is used."""

    plugin = None

    def __init__(self, address: ChannelAddress, clean: Callable[[str], str]) -> None:
        self._address = address
        self._clean = clean
        self._service: Any = None

    def prepare(self) -> str | None:
        if self._service is not None:
            return None
        try:
            import apprise  # loads for half a second: in this thread, and only where it is used
        except ImportError:
            return NOT_INSTALLED
        # Its lines may hold addresses with their tokens; ours says what failed, without them.
        logger = logging.getLogger("apprise")
        logger.propagate = False
        kind = self._address.kind
        try:
            self._service = apprise.Apprise.instantiate(self._address.url.reveal())
        except Exception as error:  # noqa: BLE001 - the border around a library of 130 services
            return f"{kind}:// cannot be used: {type(error).__name__}"
        if self._service is None:
            return f"{kind}:// is no address that apprise knows, or lacks a part"
        return None

    def send(self, alert: Alert) -> str | None:
        said: list[str] = []
        handler = _Listener(said)
        logger = logging.getLogger("apprise")
        logger.addHandler(handler)
        try:
            arrived = self._service.notify(
                body=alert.body,
                title=alert.title,
                notify_type=_KINDS[alert.severity],
                body_format="text",
            )
        except Exception as error:  # noqa: BLE001 - as above
            return type(error).__name__
        finally:
            logger.removeHandler(handler)
        if arrived:
            return None
        return self._clean("; ".join(said[-2:]))[:300] or "it was not taken, without a reason"


class PluginSender:
    """Sends by a plugin's kind of channel, each alert in a thread that may be left behind.

    Args:
        values: of its variables, in force when an alert is sent.
    """

    def __init__(
        self,
        plugin: str,
        kind: AlertChannelKind,
        address: ChannelAddress,
        values: Callable[[AlertChannelKind], Mapping[str, Secret]],
        clean: Callable[[str], str],
    ) -> None:
        self.plugin = plugin
        self._kind = kind
        self._address = address
        self._values = values
        self._clean = clean
        self._thread: threading.Thread | None = None

    def prepare(self) -> str | None:
        values = self._values(self._kind)
        missing = [one.name for one in self._kind.env if one.required and one.name not in values]
        return f"{' and '.join(missing)} not set" if missing else None

    def send(self, alert: Alert) -> str | None:
        if self._thread is not None and self._thread.is_alive():
            return f"{self.plugin} is still busy with an earlier message"
        values = {name: value.reveal() for name, value in self._values(self._kind).items()}
        ended: list[str | None] = []

        def run() -> None:
            try:
                told: object = self._kind.send(alert, self._address.url.reveal(), values)
                if isinstance(told, Awaitable):
                    told = asyncio.run(_awaited(told))
            except BaseException as error:  # noqa: BLE001 - a plugin's defect must not end the thread
                ended.append(f"{self.plugin}: {quoted(error)}")
                return
            ended.append(None if told is None else _nonsense(self.plugin, told))

        self._thread = threading.Thread(target=run, name=f"alert-{self.plugin}", daemon=True)
        self._thread.start()
        self._thread.join(LIMIT_S)
        if not ended:
            return f"{self.plugin} did not return within {LIMIT_S:g} s"
        trouble = ended[0]
        return None if trouble is None else self._clean(trouble)[:300]


async def _awaited(told: Awaitable[object]) -> object:
    return await told


def _nonsense(plugin: str, told: object) -> str:
    return f"{plugin}: send returned {type(told).__name__}; it returns None, or raises"


class _Listener(logging.Handler):
    """Collects what this thread's sending complains of."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self._said.append(record.getMessage())
