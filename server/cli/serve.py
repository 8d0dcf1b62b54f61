"""`serve` and `simulate`: the two commands that run until they are stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from coinmux.framework.secrets import Redactor
from coinmux.server.cli.console import EXIT_FAILED, EXIT_OK, EXIT_USAGE, console, env_file, read_env
from coinmux.server.cli.values import Whole
from coinmux.server.process.log_setup import set_up
from coinmux.server.process.process_end import end_soon
from coinmux.server.process.service_manager import ServiceManager, activated
from coinmux.server.process.speaker import SpeakerLock
from coinmux.server.process.supervisor import Workers, command_of_worker, listen
from coinmux.server.process.worker import ignore_signals, inherited
from coinmux.server.workers.folder import FIGURES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractAsyncContextManager

    from coinmux.framework.config.settings import Settings
    from coinmux.framework.gateway import Gateway
    from coinmux.server.workers.neighbours import Neighbours


@click.command()
@click.option("--host", help="Address to listen on [setting HOST].")
@click.option(
    "--port",
    type=Whole(0, 65535),
    help="Port to listen on [setting PORT].",
)
@click.option("--simulate", is_flag=True, help="Serve simulated data; no real source is asked.")
@click.option(
    "--workers",
    type=Whole(1, 256),
    help="Processes that serve together [setting WORKERS]; they share limits and health.",
)
@click.option(
    "--dev",
    is_flag=True,
    help="For authors: load plugins again as their files change. Not for deployment.",
)
@click.option(
    "--plugin-path",
    "folders",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="With --dev: the folder of a plugin's project, which need not be installed.",
)
@env_file
def serve(
    host: str | None,
    port: int | None,
    simulate: bool,
    workers: int | None,
    dev: bool,
    folders: tuple[Path, ...],
    env_file: str,
) -> None:
    """Serve the REST API and the pages."""
    if folders and not dev:
        raise click.UsageError("--plugin-path goes with --dev; to deploy a plugin, install it")
    ignore_signals()
    # Nothing that runs beside the server may load files of the current folder.
    os.environ.setdefault("PYTHONSAFEPATH", "1")
    given = {"HOST": host, "PORT": port, "WORKERS": workers}
    options = {name: str(value) for name, value in given.items() if value is not None}
    listener = inherited()
    if listener is None:
        settings = read_env(env_file, options).settings
        if dev and settings.workers > 1:
            raise click.UsageError(
                f"--dev serves with one process, and WORKERS is {settings.workers}: plugins are "
                "exchanged in that process; set --workers 1"
            )
        listener = _listen(settings)
        if settings.workers > 1:
            raise SystemExit(_together(settings, listener, options, env_file, simulate=simulate))
    # Imported here: the process that watches over workers serves nothing itself.
    from coinmux.server.process.simulated_gateway import world_for
    from coinmux.server.process.uvicorn_server import serve as run_server

    speaker = SpeakerLock.inherited()
    if dev:
        from coinmux.server.process.dev import use_folders

        use_folders(folders)

    async def run() -> int:
        world = world_for(
            env_file, simulate=simulate, found=None, others=_neighbours, folders=folders, **options
        )
        async with world as (gateway, drill), _developing(gateway, folders, is_on=dev):
            gateway.alerts.may_speak = partial(_may_speak, gateway, speaker)
            code = await run_server(gateway, drill, listener)
        end_soon(EXIT_FAILED if code else EXIT_OK, gateway.settings, gateway.redactor)
        return code

    code = _run(run())
    raise SystemExit(EXIT_FAILED if code else EXIT_OK)


def _developing(
    gateway: Gateway, folders: Sequence[Path], *, is_on: bool
) -> AbstractAsyncContextManager[None]:
    """What exchanges plugins whose files change, where that is wanted."""
    if not is_on:
        return nullcontext()
    from coinmux.server.process.dev import watching

    return watching(gateway, folders)


def _neighbours(gateway: Gateway) -> Neighbours | None:
    """The other workers of this server; None where there are none."""
    file = os.environ.get(FIGURES)
    if file is None:
        return None
    # It needs a system with file locks, as several workers do.
    from coinmux.server.workers.neighbours import Neighbours

    return Neighbours(gateway, file)


def _may_speak(gateway: Gateway, speaker: SpeakerLock) -> bool:
    """Whether no other worker sends alerts: the shared state decides that, or else the lock."""
    state = gateway.state
    return speaker.is_had() or (state is not None and state.store.online)


def _listen(settings: Settings) -> socket.socket:
    """The socket to serve, had before anything else starts."""
    try:
        return activated(os.environ) or listen(settings.host, settings.port)
    except OSError as error:
        click.echo(f"coinmux: {_cannot_listen(settings, error)}", err=True)
        raise SystemExit(EXIT_USAGE) from None
    except ValueError as error:
        click.echo(f"coinmux: {error}", err=True)
        raise SystemExit(EXIT_USAGE) from None


def _together(
    settings: Settings,
    listener: socket.socket,
    options: dict[str, str],
    env_file: str,
    *,
    simulate: bool,
) -> int:
    """Run several processes on one port and return the exit code."""
    set_up(Redactor(), level=settings.log_level, log_format=settings.log_format)
    arguments = ["serve", *(["--simulate"] if simulate else [])]
    if Path(env_file).exists():
        arguments += ["--env-file", env_file]
    # Taken out of the environment: what a worker tells is not what all of them are.
    manager = ServiceManager(os.environ)
    environ = {**os.environ, **options}
    environ["PORT"] = str(listener.getsockname()[1])
    command = command_of_worker(arguments)
    return Workers(settings.workers, command, environ, listener, manager).run()


@click.command()
@click.option("--port", type=Whole(0, 65535), default=7861, show_default=True)
@env_file
def simulate(port: int, env_file: str) -> None:
    """Serve what every provider serves, from its samples, on this machine; with faults to order.

    Prints the variables that make a gateway ask it.
    """
    from coinmux.server.process.simulated_gateway import simulator_for

    async def run() -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop.set)
        async with simulator_for(env_file, port=port) as simulator:
            out = console()
            out.print(
                f"# simulating {len(simulator.providers)} providers; "
                "faults: POST /_simulator/faults"
            )
            for name, value in simulator.overrides().items():
                out.print(f"{name}={value}", highlight=False)
            await stop.wait()
        return 0

    raise SystemExit(_run(run()))


def _cannot_listen(settings: Settings, error: OSError) -> str:
    """What is wrong with the address, and which settings change it."""
    if isinstance(error, socket.gaierror):
        return f"there is no host {settings.host}; set HOST (--host) to an address of this machine"
    return (
        f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; "
        "set HOST or PORT (--host, --port) to an address that is free"
    )


def _run(work: object) -> int:
    try:
        import uvloop
    except ImportError:  # uvloop has no build for Windows
        return asyncio.run(work)  # type: ignore[arg-type]
    return uvloop.run(work)  # type: ignore[arg-type]
