"""`serve` and `simulate`: the two commands that stay."""

from __future__ import annotations

import asyncio
import signal

import rich_click as click

from server.cli.console import EXIT_FAILED, EXIT_OK, console, env_file
from server.simulation import simulator_for, world_for


@click.command()
@click.option("--host", help="Address to listen on; HOST otherwise.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; PORT otherwise.")
@click.option(
    "--simulate", is_flag=True, help="Serve simulated data; nobody in the world is asked."
)
@env_file
def serve(host: str | None, port: int | None, simulate: bool, env_file: str) -> None:
    """Serve the REST API and the pages."""
    from server.run import serve as run_server

    async def run() -> int:
        options = {}
        if host is not None:
            options["HOST"] = host
        if port is not None:
            options["PORT"] = str(port)
        async with world_for(env_file, simulate=simulate, **options) as (gateway, drill):
            return await run_server(gateway, drill)

    try:
        code = _run(run())
    except SystemExit as stop:  # uvicorn's own way to end when it cannot bind
        code = int(stop.code or 0)
    raise SystemExit(EXIT_FAILED if code else EXIT_OK)


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=7861, show_default=True)
@env_file
def simulate(port: int, env_file: str) -> None:
    """Serve every provider's wire format on loopback, with faults to order.

    Prints the variables that lead a gateway to it.
    """

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


def _run(work: object) -> int:
    try:
        import uvloop
    except ImportError:  # uvloop has no build for Windows
        return asyncio.run(work)  # type: ignore[arg-type]
    return uvloop.run(work)  # type: ignore[arg-type]
