"""The HTTP server around the application, and how it stops."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from coinmux.framework.errors import CoinmuxError
from coinmux.framework.sources.registry import RELOADED
from coinmux.server.app import create_app
from coinmux.server.process import event_log
from coinmux.server.process.garbage import leave_out_what_stays, search_less
from coinmux.server.process.process_end import GRACE_S, end_if_stuck
from coinmux.server.process.service_manager import READY, STOPPING, ServiceManager
from coinmux.server.process.uvicorn_protocol import PATIENCE_S, SWEEP_S, ServedConnection
from coinmux.server.process.worker import ParentTies, is_worker, on_signals
from coinmux.server.workers.folder import FIGURES, remove

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

    from coinmux.framework.events import Event
    from coinmux.framework.gateway import Gateway
    from coinmux.server.asgi.middleware import Middleware
    from coinmux.server.monitoring.drill import OwnDrill

#: In `DATA_DIR`: cooldowns and used-up quotas, unless a setting names another file.
HOLDS_FILE = "holds.json"
_LOG = logging.getLogger("coinmux.server")
#: One of several workers takes its first caller after so long at the latest.
_WARM_S = 3.0
#: `/readyz` says 503 for at least so long before the port closes, for balancers to see it.
_NOTICE_S = 0.3
#: Callers of a worker that leaves have so long for the one answer that sends them elsewhere; a
#: connection closed while a request is on its way would lose that request.
_KEPT_S = 2.0
_TICKS_PER_S = 10


class Server(uvicorn.Server):
    """uvicorn, with a sweep of slow connections and a stop that lets work end.

    Args:
        edge: the application; its `traffic` is marked when the server drains.
        manager: is told that callers are taken, that the loop turns, and that it drains.
        on_serving: called once callers are taken.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        edge: Middleware,
        manager: ServiceManager,
        on_serving: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._edge = edge
        self._manager = manager
        self._on_serving = on_serving
        self._drains = threading.Event()
        self._ended = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for address in self.addresses():
            _LOG.info("listening on %s", address)
        if self.started:
            self._manager.tell(READY)
            self._on_serving()

    def addresses(self) -> list[str]:
        """Where it listens, as `http://` addresses."""
        found = []
        for server in self.servers:
            for listener in server.sockets:
                host, port = listener.getsockname()[:2]
                found.append(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")
        return found

    async def on_tick(self, counter: int) -> bool:
        self._manager.beat(asyncio.get_running_loop().time())
        if counter % (SWEEP_S * _TICKS_PER_S) == 0:
            self.sweep(asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    def sweep(self, now: float) -> None:
        """Close connections that have owed the rest of a request for too long."""
        for connection in list(self.server_state.connections):
            if isinstance(connection, ServedConnection):
                connection.sweep(now)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A first signal drains, a second interrupt stops at once.

        uvicorn would raise the signal again at the end and so die by it; a stop that was asked
        for ends with exit code 0.
        """
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        if not self.should_exit:
            # This runs between two lines of whatever holds the event loop up; nothing else does.
            end_if_stuck((self._drains, max(GRACE_S - 1, 2.0)), (self._ended, GRACE_S + 5))
        self.should_exit = True
        self._edge.traffic.draining = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Keep answering that it is not ready while work in flight ends, then close."""
        self._drains.set()
        self._manager.tell(STOPPING)
        traffic = self._edge.traffic
        connections = self.server_state.connections
        if traffic.keeps_callers:
            # Others take the callers that come: the listening socket is the parent's.
            for listening in self.servers:
                listening.close()
        traffic.draining = True
        _LOG.info("stopping: %d requests in flight", traffic.in_flight)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        while not self.force_exit:
            passed = loop.time() - begun
            is_calm = not traffic.in_flight and (
                not traffic.keeps_callers or not connections or passed >= _KEPT_S
            )
            if passed >= GRACE_S or (passed >= _NOTICE_S and is_calm):
                break
            await asyncio.sleep(0.05)
        if traffic.in_flight:
            _LOG.warning("%d requests were still in flight and are ended", traffic.in_flight)
            traffic.stopped = True
            for task in list(self.server_state.tasks):
                task.cancel()
        await super().shutdown(sockets)
        self._ended.set()


def build(
    edge: Middleware,
    *,
    host: str,
    port: int,
    manager: ServiceManager | None = None,
    on_serving: Callable[[], None] = lambda: None,
) -> Server:
    """A server of `edge` on `host` and `port`; port 0 takes a free one."""
    config = uvicorn.Config(
        edge,
        host=host,
        port=port,
        loop="auto",
        http=ServedConnection,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=PATIENCE_S,
        timeout_graceful_shutdown=1,
    )
    return Server(config, edge, manager or ServiceManager({}), on_serving)


async def serve(
    gateway: Gateway, drill: OwnDrill | None = None, listener: socket.socket | None = None
) -> int:
    """Serve `gateway`, which the caller has opened and will close, until a signal stops it.

    Args:
        drill: what breaks its sources, where they are simulated.
        listener: a socket that listens already; one of the settings' address without.

    Returns:
        The exit code: 0 after a stop that was asked for.
    """
    settings = gateway.settings
    if settings.holds_file is None and not gateway.simulated:
        gateway.keep_holds(settings.data_dir / HOLDS_FILE)
    restore = event_log.configure(gateway)
    search_as_before = search_less()
    event_log.announce(gateway)
    _warn_of_open_folder(gateway)
    opening = asyncio.ensure_future(_open_archive(gateway))
    ties: ParentTies | None = None
    ignore: Callable[[], None] | None = None
    try:
        edge = create_app(
            gateway, opens_gateway=False, drill=drill, figures_file=os.environ.get(FIGURES)
        )
        edge.traffic.keeps_callers = is_worker()
        if is_worker():
            ties = ParentTies(lambda: server.handle_exit(signal.SIGTERM, None))
        server = build(
            edge, host=settings.host, port=settings.port, manager=ServiceManager(os.environ),
            on_serving=lambda: None if ties is None else ties.tell_serving(),
        )  # fmt: skip
        leave_out_what_stays()
        # The signal of a worker goes to all workers; shared state tells those of other machines.
        reload = partial(gateway.reload_soon, asked=ties is None)
        ignore = on_signals(SIGHUP=reload, SIGUSR2=_cannot_renew)
        if ties is not None:
            _pass_on_reloads(gateway, ties)
            # Others serve meanwhile: callers are taken once nothing holds up the loop any more.
            await asyncio.wait([opening], timeout=_WARM_S)
        await server.serve(None if listener is None else [listener])
        _LOG.info("stopped")
    finally:
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        if ignore is not None:
            ignore()
        if ties is not None:
            ties.close()
            if ties.is_orphan and (file := os.environ.get(FIGURES)) is not None:
                remove(Path(file).parent)
        search_as_before()
        restore()
    return 0 if server.started else 1


def _warn_of_open_folder(gateway: Gateway) -> None:
    """Say where others may read the folder of what is stored."""
    folder = gateway.settings.data_dir
    if os.name == "posix" and folder.is_dir() and folder.stat().st_mode & 0o077:
        message = f"{folder} may be read by others; chmod 700 {folder}"
        gateway.events.publish("config", message, level="warning")


def _cannot_renew() -> None:
    _LOG.warning("SIGUSR2 replaces workers; send it to the parent of several (--workers 2)")


def _pass_on_reloads(gateway: Gateway, ties: ParentTies) -> None:
    """Have the other workers reload with this one, where no shared state tells them."""

    def listener(event: Event) -> None:
        if event.message == RELOADED and event.detail.get("asked") and gateway.state is None:
            ties.ask_others_to_reload()

    gateway.events.subscribe(listener)


async def _open_archive(gateway: Gateway) -> None:
    """Open the archive after the start, so that no caller waits for it."""
    if gateway.archive is not None or gateway.settings.archive is False or gateway.simulated:
        return
    try:
        await gateway.open_archive()
        leave_out_what_stays()
    except (CoinmuxError, OSError) as error:
        message = f"no archive is kept: {error}"
        gateway.events.publish("error", gateway.redactor.clean(message), level="error")
