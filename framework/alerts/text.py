"""Messages that a person understands at four in the morning. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from coinmux.framework.alerts.categories import advice
from coinmux.framework.incidents.record import SEVERITIES
from coinmux.framework.incidents.report import report_of
from coinmux.framework.plugins.extensions.alert_kinds import Alert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import tzinfo

    from coinmux.framework.alerts.damper import News, What
    from coinmux.framework.incidents.record import Record

#: Incidents written out in one message, and names in its title.
_MOST, _NAMED = 20, 3
_BAD = ("began", "flapping", "reminder")
_HEADS: dict[What, str] = {
    "began": "", "flapping": "comes and goes", "reminder": "still", "over": "over",
    "settled": "over", "passed": "was, and is over",
}  # fmt: skip


class Writer:
    """Writes messages.

    Args:
        title_of: the title of a source by its name.
        base: the address of the pages, without a slash at its end.
        zone: in which times are written; UTC where None.
        simulated: whether nothing of it is real.
    """

    def __init__(
        self,
        title_of: Callable[[str], str],
        base: str,
        zone: tzinfo | None = None,
        *,
        simulated: bool = False,
    ) -> None:
        self._title_of = title_of
        self._base = base
        self._zone = UTC if zone is None else zone
        self._tag = "[coinmux, simulated]" if simulated else "[coinmux]"

    def message(self, news: Sequence[News], now: int) -> Alert:
        """One message that tells of all of `news`, the worst first."""
        ordered = sorted(news, key=_weight)
        bad = [one for one in ordered if one.what in _BAD]
        worst = max((one.record.severity for one in bad), key=SEVERITIES.index, default=None)
        parts = [self._part(one, now) for one in ordered[:_MOST]]
        if len(ordered) > _MOST:
            more = len(ordered) - _MOST
            parts.append(f"And {more} more: {self._base}/incidents")
        return Alert(
            title=f"{self._tag} {self._title(bad or ordered, worst)}",
            body="\n\n".join(parts),
            severity=worst,
            incidents=tuple(one.record.id for one in ordered),
        )

    def test(self, channel: str, now: int) -> Alert:
        """A message that only shows that one arrives."""
        return Alert(
            title=f"{self._tag} test: alerts arrive here",
            body=f"This is a test of the channel {channel}, sent at {self._time(now)}. Nothing is "
            f"wrong.\n{self._base}/incidents",
            severity=None,
            incidents=(),
        )

    def _title(self, news: Sequence[News], worst: str | None) -> str:
        names = list(dict.fromkeys(one.record.title for one in news))
        more = len(names) - _NAMED
        listed = ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        heads = {_HEADS[one.what] for one in news}
        head = f" ({heads.pop()})" if len(heads) == 1 and "" not in heads else ""
        return f"{worst.upper()}: {listed}{head}" if worst else f"over: {listed}"

    def _part(self, news: News, now: int) -> str:
        record = news.record
        lines = [*self._lines(news, now), f"{self._base}/incidents?id={record.id}"]
        return "\n".join(lines)

    def _lines(self, news: News, now: int) -> list[str]:
        record = news.record
        report = report_of(record, now, self._title_of)
        began = self._time(record.started_at)
        lasted = span(report.duration_s)
        severity = record.severity.capitalize()
        if news.what == "began":
            return [report.reason, f"{severity}, since {began} ({lasted}).", advice(record)]
        if news.what == "reminder":
            return [
                f"Still: {report.reason}",
                f"{severity}, since {began}: it has lasted {lasted}.{_failed(record)}",
                advice(record),
            ]
        if news.what == "flapping":
            return [
                f"{record.title} comes and goes: {record.times} times since {began}.",
                f"The last time: {record.message.rstrip('.')}. {severity}; it was away "
                f"{span(report.down_s)} of {lasted}.",
                "No more is sent of it until it has been well for ten minutes.",
                advice(record),
            ]
        until = self._time(record.ended_at or now)
        why = next((one.text for one in reversed(record.timeline) if one.what == "ended"), "")
        if record.unknown_until is not None:
            why = "coinmux was restarted, and does not see it any more"
        head = f"Over: {record.title}" + (f", {why.rstrip('.')}." if why else ".")
        times = f", {record.times} times" if record.times > 1 else ""
        return [
            head,
            f"It lasted {lasted}{times}, from {began} to {until}.{_failed(record)}",
            report.reason,
        ]

    def _time(self, at_ms: int) -> str:
        local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(self._zone)
        return f"{local:%H:%M:%S %Z on %d %B}"


def _failed(record: Record) -> str:
    if not record.failed:
        return ""
    return f" {record.failed} request{'s' if record.failed != 1 else ''} failed."


def _weight(news: News) -> tuple[bool, int, bool, str]:
    """Bad news first, then the worst, questions before the sources they lack."""
    record = news.record
    return (
        news.what not in _BAD,
        -SEVERITIES.index(record.severity),
        record.kind == "source",
        record.id,
    )


def span(seconds: float) -> str:
    """A length of time in words of at most two units."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 10 and rest:
        return f"{minutes} min {rest} s"
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"
