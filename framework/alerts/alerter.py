"""Watches the incidents, and hands what is to be said of them to the channels."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from coinmux.framework.alerts.channel import AlertChannel, Letter
from coinmux.framework.alerts.damper import Damper, News, Rules
from coinmux.framework.alerts.report import (
    AlertChannelReport,
    AlertHeld,
    AlertMessage,
    AlertReport,
)
from coinmux.framework.alerts.senders import AppriseSender, PluginSender
from coinmux.framework.alerts.text import Writer
from coinmux.framework.config.alert_settings import Route, channels_of, routes_of
from coinmux.framework.reports.status import ServiceReport, ServiceState
from coinmux.framework.tasks import keep_running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from coinmux.framework.alerts.senders import Sender
    from coinmux.framework.clock import Clock
    from coinmux.framework.config.alert_settings import ChannelAddress
    from coinmux.framework.config.settings import Settings
    from coinmux.framework.events import EventBus
    from coinmux.framework.incidents.record import Record
    from coinmux.framework.incidents.recorder import IncidentRecorder
    from coinmux.framework.plugins.extensions.alert_kinds import AlertChannelKind
    from coinmux.framework.secrets import Redactor, Secret

_TICK_S = 0.5
_LONGEST_PAUSE_S = 60.0
#: Messages remembered.
_KEPT = 200
#: What is decided where no channel is set: the page shows what would have been sent.
_NOBODY = "nobody"
_TEST_S = 60.0


@dataclass(slots=True)
class _Line:
    """A channel, what is decided for it, and what waits there; None for no channel."""

    channel: AlertChannel | None
    damper: Damper
    held: tuple[tuple[News, str], ...] = ()
    said: str | None = field(default=None)


class Alerter:
    """One task: looks at the incidents that changed or last, twice a second.

    Args:
        settings: those in force; a reload changes them.
        kinds: those of plugins, by scheme, each with its plugin.
        values: the variables of such a kind that are set.
        is_spared: whether an incident is about something in maintenance, at a time (Unix ms).

    Attributes:
        may_speak: whether this process sends; of several workers one does, and all decide alike.
    """

    def __init__(
        self,
        recorder: IncidentRecorder,
        settings: Callable[[], Settings],
        kinds: Callable[[], Mapping[str, tuple[str, AlertChannelKind]]],
        values: Callable[[AlertChannelKind], Mapping[str, Secret]],
        is_spared: Callable[[Record, int], bool],
        redactor: Redactor,
        events: EventBus,
        clock: Clock,
        *,
        simulated: bool = False,
    ) -> None:
        self._recorder = recorder
        self._settings = settings
        self._kinds_now = kinds
        self._values = values
        self._kinds: Mapping[str, tuple[str, AlertChannelKind]] = {}
        self._is_spared = is_spared
        self._redactor = redactor
        self._events = events
        self._clock = clock
        self._simulated = simulated
        self.may_speak: Callable[[], bool] = lambda: True
        self._read: Settings | None = None
        self._lines: list[_Line] = []
        self._notes: tuple[str, ...] = ()
        self._writer = Writer(recorder.title_of, "", simulated=simulated)
        self._watched: set[str] = set()
        self._letters: deque[tuple[str | None, Letter]] = deque(maxlen=_KEPT)
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._base = ""
        recorder.on_changed = self._changed

    # Life

    def start(self) -> None:
        """Begin; `stop` must follow."""
        self._task = asyncio.ensure_future(keep_running(self._run, self._failed))

    async def stop(self) -> None:
        """End, and give each channel some seconds for what waits."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        channels = [line.channel for line in self._lines if line.channel is not None]
        await asyncio.gather(*(asyncio.to_thread(one.stop) for one in channels))

    async def _run(self) -> None:
        while True:
            self.round()
            self._failures = 0
            await asyncio.sleep(_TICK_S)

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        pause_s = min(_LONGEST_PAUSE_S, 2.0**self._failures)
        self._say(f"alerting raised {type(error).__name__}; again in {pause_s:g} s", "error")
        return pause_s

    # What happens

    def _changed(self, records: Iterable[Record]) -> None:
        self._watched.update(record.id for record in records)

    @property
    def speaks(self) -> bool:
        """Whether this process sends what it decides."""
        return self._recorder.leads and self.may_speak()

    def round(self) -> None:
        """Decide what is to be said now, and hand it over."""
        self._read_settings()
        now = self._clock.wall_ms()
        book, speaks = self._recorder.book, self.speaks  # asked even where there is no news
        records = book.find(self._watched)
        watched: set[str] = set()
        for line in self._lines:
            looked = line.damper.look(records, now)
            line.held = looked.waiting
            watched |= looked.watched
            if looked.news:
                message = self._writer.message(looked.news, now)
                line.damper.mark(looked, now)
                for one in looked.news:
                    book.note_change(one.record)
                if speaks:
                    self._send(line.channel, Letter(message, now))
            self._tell_trouble(line)
        self._watched = watched

    def _send(self, channel: AlertChannel | None, letter: Letter) -> None:
        self._letters.appendleft((None if channel is None else channel.name, letter))
        if channel is not None:
            channel.put(letter)

    def _tell_trouble(self, line: _Line) -> None:
        """Say once that a channel fails, and once that it works again."""
        trouble = None if line.channel is None else line.channel.trouble
        if trouble != line.said and line.channel is not None:
            line.said = trouble
            said = "works again" if trouble is None else f"fails: {trouble}"
            level = "info" if trouble is None else "warning"
            self._say(f"alerts: the channel {line.channel.name} {said}", level)

    def _say(self, message: str, level: str) -> None:
        self._events.publish("error" if level != "info" else "config", message, level=level)

    # Settings

    def _read_settings(self) -> None:
        settings, kinds = self._settings(), self._kinds_now()
        if settings is self._read and kinds == self._kinds:
            return
        self._read, before, self._kinds = settings, self._kinds, kinds
        routes = routes_of(settings.alert_routes)
        addresses = channels_of(settings.alert_urls)
        known = {line.channel.address: line.channel for line in self._lines if line.channel}
        channels: list[AlertChannel] = []
        for address in addresses:
            is_same = before.get(address.kind) == kinds.get(address.kind)
            same = known.pop(address, None) if is_same else None
            new = AlertChannel(address, self._sender(address), self._clock.wall_ms)
            channels.append(new if same is None else same)
        for old in known.values():
            old.stop(0.0)
        kept = {line.damper.channel: line for line in self._lines if line.channel in channels}
        self._lines = []
        for channel in channels or (None,):
            name = _NOBODY if channel is None else channel.name
            rules = _rules(settings, routes.get(name, Route()))
            line = kept.get(name)
            if line is None:
                line = _Line(channel, Damper(name, rules, self._is_spared))
                if channel is not None:
                    channel.start()
            line.damper.rules = rules
            self._lines.append(line)
        names = {address.name for address in addresses}
        self._notes = tuple(
            f"ALERT_ROUTES names {name}, which ALERT_URLS does not"
            for name in routes.keys() - names
        )
        self._base = base_of(settings)
        zone = None if settings.alert_quiet_hours is None else settings.alert_quiet_hours.zone
        self._writer = Writer(self._recorder.title_of, self._base, zone, simulated=self._simulated)
        # What lasts is looked at by the new rules.
        self._watched.update(record.id for record in self._recorder.book.open)

    def _sender(self, address: ChannelAddress) -> Sender:
        """What sends to the address: a plugin's kind, else apprise."""
        clean = self._redactor.clean
        if (known := self._kinds.get(address.kind)) is None:
            return AppriseSender(address, clean)
        plugin, kind = known
        return PluginSender(plugin, kind, address, self._values, clean)

    # What is said of it

    def service(self) -> tuple[ServiceReport, ...]:
        """The channels as a service, where there are any."""
        channels = [line.channel for line in self._lines if line.channel is not None]
        if not channels:
            return ()
        failing = [one for one in channels if one.trouble is not None]
        if not failing:
            names = ", ".join(one.name for one in channels)
            return (ServiceReport(name="alerts", status="ONLINE", detail=f"sent to {names}"),)
        detail = "; ".join(f"{one.name}: {one.trouble}" for one in failing)
        every = len(failing) == len(channels)
        status: ServiceState = "OFFLINE" if every else "DEGRADED"
        return (ServiceReport(name="alerts", status=status, detail=detail),)

    def report(self) -> AlertReport:
        """The channels, the newest messages, and what is held back."""
        self._read_settings()
        settings, now = self._settings(), self._clock.wall_ms()
        quiet = settings.alert_quiet_hours
        lines = [(line.channel, line) for line in self._lines]
        return AlertReport(
            configured=any(channel is not None for channel, _ in lines),
            speaks=self.speaks,
            links_to=self._base,
            quiet=quiet is not None and quiet.holds(now),
            channels=tuple(
                _channel_report(channel, line.damper.rules.route)
                for channel, line in lines
                if channel is not None
            ),
            messages=tuple(_message_report(name, letter) for name, letter in self._letters),
            held=tuple(
                AlertHeld(
                    channel=None if channel is None else channel.name,
                    incident=news.record.id, title=news.record.title, what=news.what, why=why,
                )
                for channel, line in lines
                for news, why in line.held
            ),
            notes=self._notes,
        )  # fmt: skip

    async def test(self, name: str | None = None) -> dict[str, str | None]:
        """Send a test message to each channel now, whatever the hour.

        Args:
            name: of the one that is meant; all where None.

        Returns:
            Why it failed, by channel; None where it arrived.
        """
        self._read_settings()
        channels = [line.channel for line in self._lines if line.channel is not None]
        wanted = [one for one in channels if name is None or one.name == name]
        now = self._clock.wall_ms()

        async def send(channel: AlertChannel) -> str | None:
            message = self._writer.test(channel.name, now)
            try:
                async with asyncio.timeout(_TEST_S):
                    return await asyncio.to_thread(channel.try_once, message)
            except TimeoutError:
                return f"no answer within {_TEST_S:g} s"

        said = await asyncio.gather(*map(send, wanted))
        return {channel.name: one for channel, one in zip(wanted, said, strict=True)}


def base_of(settings: Settings) -> str:
    """What links begin with: `PUBLIC_URL`, or the address served."""
    if settings.public_url is not None:
        return settings.public_url
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def _rules(settings: Settings, route: Route) -> Rules:
    return Rules(
        route=route,
        wait_ms=round(1000 * settings.alert_wait_s),
        pause_ms=round(1000 * settings.alert_pause_s),
        quiet=settings.alert_quiet_hours,
        remind_ms=round(3_600_000 * settings.alert_remind_h),
        reminders=settings.alert_reminders,
    )


def _channel_report(channel: AlertChannel, route: Route) -> AlertChannelReport:
    used = channel.sent or channel.failed
    return AlertChannelReport(
        name=channel.name,
        kind=channel.address.kind,
        plugin=channel.plugin,
        least=route.least,
        categories=tuple(sorted(route.categories)),
        state="failing" if channel.trouble is not None else "ok" if used else "unused",
        trouble=channel.trouble,
        sent=channel.sent,
        failed=channel.failed,
        waiting=channel.waiting,
    )


def _message_report(channel: str | None, letter: Letter) -> AlertMessage:
    message = letter.message
    return AlertMessage(
        at=letter.at_ms,
        channel=channel,
        state="unsent" if channel is None else letter.state,
        sent_at=letter.sent_ms,
        tries=letter.tries,
        trouble=letter.trouble,
        severity=message.severity,
        title=message.title,
        body=message.body,
        incidents=message.incidents,
    )
