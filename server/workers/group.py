"""One of several workers: tells the others its figures and events, and shows those of all."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from coinmux.framework.tasks import keep_running
from coinmux.server.monitoring.event_json import ActivityReport, EventReport, public
from coinmux.server.monitoring.event_recorder import FRESH, MOST, RequestRecord, parts_of
from coinmux.server.monitoring.event_view import event_of
from coinmux.server.monitoring.metrics_told import RouteExemplars, tell
from coinmux.server.monitoring.monitor_report import EventReportBatch, MonitorEvent
from coinmux.server.monitoring.worker_figures import read
from coinmux.server.workers.event_board import EventBoard, Kind
from coinmux.server.workers.figures_board import FiguresBoard, WorkerTold
from coinmux.server.workers.folder import LIVE, began_ms
from coinmux.server.workers.question_board import QuestionBoard

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from coinmux.server.monitoring.worker_figures import Whole
    from coinmux.server.workers.alone import Desk

#: Events are told twice a second, figures every other time.
_EVERY_S = 0.5
_SUM_UP_S = 5.0
_LONGEST_PAUSE_S = 60.0
#: Events told at a time: making one costs more than answering a cached request.
_TOLD_MOST = 100
#: A page that was away for longer begins anew, where it missed something.
_AWAY_MS = 60_000
_ENCODER = msgspec.json.Encoder()
_EVENT = msgspec.json.Decoder(MonitorEvent)
_ACTIVITY = msgspec.json.Decoder(EventReport)


class Group:
    """The picture of all workers of one server, through files in the folder they share.

    Args:
        file: this worker's own in that folder, without its ending.

    Attributes:
        knows: the answer to what another worker asks; None where this one does not know either.
        each_round: further work of each half second.
    """

    def __init__(self, desk: Desk, file: str) -> None:
        self._desk = desk
        self._clock = desk.gateway.clock
        folder = Path(file).parent
        self._run = began_ms(folder)
        self._figures = FiguresBoard(Path(file), self._clock)
        self._board = EventBoard(folder, Path(file).name)
        started = desk.gateway.settings.workers

        def others() -> int:
            """Those that wrote figures, and those that are about to for the first time."""
            return max(len(list(folder.glob(f"*{LIVE}"))), started) - 1

        self._questions = QuestionBoard(folder, others)
        self.knows: Callable[[bytes], bytes | None] = _nothing
        self.each_round: list[Callable[[], None]] = []
        self._exemplars = RouteExemplars(desk.metrics, desk.recorder)
        self._told = 0
        self._told_activity = 0
        self._busy = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0

    def start(self) -> None:
        """Begin to tell the others; `stop` must follow."""
        self._task = asyncio.ensure_future(keep_running(self._tell_forever, self._failed))

    async def stop(self) -> None:
        """Tell the others the last figures and events."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        await self._try(self._publish(is_last=True))
        await self._try(self._exchange())

    async def whole(self) -> Whole:
        """The figures of all workers; this one's are told to the others first."""
        await self._try(self._publish())
        async with self._busy:
            return await asyncio.to_thread(self._figures.whole)

    async def events(self, cursor: str | None) -> EventReportBatch:
        """What happened in any worker after `cursor`."""
        await self._try(self._exchange())
        board, now_ms = self._board, self._clock.wall_ms()
        seen = self._seen(cursor, now_ms)
        lines, left_out = board.since(seen or 0, FRESH if seen is None else MOST)
        return EventReportBatch(
            cursor=self.cursor(board.last, now_ms),
            reset=seen is None,
            dropped=0 if seen is None else left_out,
            items=tuple(
                msgspec.structs.replace(_EVENT.decode(line.data), id=line.id) for line in lines
            ),
        )

    async def activity(self, after: int, limit: int) -> ActivityReport:
        """What happened in any worker, newest first."""
        await self._try(self._exchange())
        lines = self._board.activity(after, limit)
        return ActivityReport(
            events=tuple(
                msgspec.structs.replace(_ACTIVITY.decode(line.data), id=line.id) for line in lines
            ),
            last_id=self._board.last_activity,
        )

    async def ask(self, question: bytes) -> bytes | None:
        """What another worker knows; None where none of them does, or cannot be asked."""
        try:
            return await self._questions.ask(question)
        except OSError as error:
            self._failed(error)
            return None

    @property
    def last(self) -> int:
        """The id of the newest event of any worker."""
        return self._board.last

    def cursor(self, ident: int, at_ms: int) -> str:
        """The cursor to go on from after that event, with any worker."""
        return f"{self._run:013d}-{ident:015d}-{at_ms:013d}"

    def _seen(self, cursor: str | None, now_ms: int) -> int | None:
        """The last event the caller has seen; None if it must begin anew."""
        found = parts_of(cursor)
        if found is None:
            return None
        run, seen, at_ms = found
        if run != self._run or seen > self._board.last:
            return None
        if self._board.is_too_old(seen) and now_ms - at_ms > _AWAY_MS:
            return None
        return seen

    async def _publish(self, *, is_last: bool = False) -> None:
        async with self._busy:
            self._exemplars.look()
            second = self._clock.wall_ms() // 1000 + is_last
            told = WorkerTold(
                read(self._desk, self._figures.place, self._desk.gateway.settings.workers),
                tell(self._desk.metrics, second),
            )
            await asyncio.to_thread(self._figures.publish, told)

    async def _exchange(self) -> None:
        """Tell what happened here, and read what happened anywhere."""
        async with self._busy:
            lines = self._news()
            if lines:
                await asyncio.to_thread(self._board.append, lines)
            await self._board.read()

    def _news(self) -> list[tuple[Kind, bytes]]:
        """What happened here since the last time, as lines of the board."""
        recorder, redactor = self._desk.recorder, self._desk.gateway.redactor
        records, left_out = recorder.after(self._told, _TOLD_MOST)
        self._told = recorder.last
        lines: list[tuple[Kind, bytes]] = []
        for record in records:
            event = event_of(record, redactor)
            kind: Kind = "r" if isinstance(record, RequestRecord) else "e"
            lines.append((kind, _ENCODER.encode(event)))
        if left_out:
            lines.append(("d", b"%d" % left_out))
        events = self._desk.gateway.events
        for one in reversed(events.recent(self._told_activity, _TOLD_MOST)):
            self._told_activity = one.id
            lines.append(("a", _ENCODER.encode(public(one, redactor))))
        return lines

    async def _tell_forever(self) -> None:
        rounds = 0
        while True:
            await asyncio.sleep(_EVERY_S)
            rounds += 1
            self._questions.answer(self.knows)
            for work in self.each_round:
                work()
            await self._exchange()
            if rounds % 2 == 0:
                await self._publish()
            if rounds * _EVERY_S % _SUM_UP_S == 0:
                async with self._busy:
                    await asyncio.to_thread(self._figures.sum_up)
            self._failures = 0

    async def _try(self, telling: Awaitable[None]) -> None:
        """Tell the others; where that fails, what is there already is shown all the same."""
        try:
            await telling
        except OSError as error:
            self._failed(error)

    def _failed(self, error: Exception) -> float:
        self._failures += 1
        if self._failures == 1:
            self._say(error)
        return min(_LONGEST_PAUSE_S, 2.0 ** min(self._failures, 10))

    def _say(self, error: Exception) -> None:
        self._desk.gateway.events.publish(
            "error",
            f"other workers cannot be told figures and events: {type(error).__name__}",
            level="warning",
        )


def _nothing(_: bytes) -> None:
    """The answer of a worker that knows nothing."""
