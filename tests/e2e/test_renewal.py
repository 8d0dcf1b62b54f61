"""Workers are replaced one by one, and nobody who asks meanwhile is turned away."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from tests.e2e.conftest import coinmux, free_port
from tests.e2e.test_workers import QUIET, healthy, until, workers_of

_CALLERS = 8


async def _ask_until(done, url, failures):
    """Ask over one kept connection, as a program does; a lost answer is a failure.

    Twice at least: on a busy machine all may be over before the first answer.
    """
    count = 0
    async with httpx.AsyncClient(base_url=url, timeout=10) as client:
        while count < 2 or not done.is_set():
            try:
                answer = await client.get("/api/market/ticker?symbol=BTC/USDT")
                if answer.status_code != 200:
                    failures.append(answer.status_code)
            except httpx.HTTPError as error:
                failures.append(repr(error))
            count += 1
    return count


def test_workers_are_replaced_without_a_lost_request():
    """SIGUSR2 brings new processes, while callers on kept connections get every answer."""
    with coinmux("serve", "--simulate", "--workers", "2", **QUIET) as server:
        until(lambda: len(workers_of(server)) == 2 and healthy(server, 4))
        before = {one.pid for one in workers_of(server)}

        async def meanwhile():
            done, failures = asyncio.Event(), []
            callers = [
                asyncio.ensure_future(_ask_until(done, server.url, failures))
                for _ in range(_CALLERS)
            ]
            await asyncio.sleep(0.2)
            server.process.send_signal(signal.SIGUSR2)
            await asyncio.to_thread(
                until, lambda: not before & {one.pid for one in workers_of(server)}, 60
            )
            done.set()
            return sum(await asyncio.gather(*callers)), failures

        asked, failures = asyncio.run(meanwhile())
        assert asked > _CALLERS
        assert not failures
        assert len(workers_of(server)) == 2
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_settings_are_read_again_without_a_lost_request(workers, tmp_path):
    """SIGHUP after SIGHUP, each with other settings, while callers ask."""
    file = tmp_path / "my.env"

    def write(number):
        file.write_text(f"MAX_ATTEMPTS={number}\n")
        file.chmod(0o600)

    write(4)
    arguments = ("serve", "--simulate", "--workers", workers, "--env-file", str(file))
    with coinmux(*arguments, **QUIET) as server:
        until(lambda: healthy(server, 4))

        def in_force():
            shown = httpx.get(f"{server.url}/api/config/settings", timeout=5).json()["settings"]
            return {one["variable"]: one["value"] for one in shown}["MAX_ATTEMPTS"]

        async def meanwhile():
            done, failures = asyncio.Event(), []
            callers = [
                asyncio.ensure_future(_ask_until(done, server.url, failures))
                for _ in range(_CALLERS)
            ]
            for number in (5, 6, 7):
                write(number)
                server.process.send_signal(signal.SIGHUP)
                await asyncio.to_thread(until, lambda number=number: in_force() == number, 30)
            done.set()
            return sum(await asyncio.gather(*callers)), failures

        asked, failures = asyncio.run(meanwhile())
        assert asked > _CALLERS
        assert not failures
        assert server.process.poll() is None


def test_one_process_alone_outlives_the_signal():
    """Without workers there is nothing to replace: the log says so and the server goes on."""
    with coinmux("serve", "--simulate", **QUIET) as server:
        server.process.send_signal(signal.SIGUSR2)
        assert healthy(server, 3)
        server.process.terminate()
        said = server.process.communicate(timeout=20)[0]
    assert "SIGUSR2 replaces workers" in said


@pytest.fixture
def manager(tmp_path):
    """The socket on which systemd would listen for what services tell."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(30)
        yield listening


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_manager_is_told_of_start_life_and_stop(manager, workers):
    """READY comes once callers are taken, signs of life follow, and the stop is told."""
    environ = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "400000", **QUIET}
    with coinmux("serve", "--simulate", "--workers", workers, **environ) as server:
        told = []
        while told[-3:] != [b"WATCHDOG=1"] * 3 or b"READY=1" not in told:
            told.append(manager.recv(4096))
        assert told.count(b"READY=1") == 1
        server.process.terminate()
        while told[-1] != b"STOPPING=1":
            told.append(manager.recv(4096))


def test_a_socket_that_was_handed_down_is_served():
    """With socket activation no connection is refused between an old process and a new one."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        port = listening.getsockname()[1]
        start = (
            "import os, sys\n"
            "os.environ['LISTEN_PID'] = str(os.getpid())\n"
            f"os.dup2({listening.fileno()}, 3); os.set_inheritable(3, True)\n"
            "os.execv(sys.executable, [sys.executable, '-P', '-m', 'coinmux', *sys.argv[1:]])\n"
        )
        child = _started(start, listening.fileno(), LISTEN_FDS="1")
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            # It waits in the socket's queue until the process takes it.
            assert client.get("/healthz").status_code == 200
        child.terminate()
        child.communicate(timeout=20)
        assert child.returncode == 0


def test_several_sockets_are_refused_with_what_to_do():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        start = (
            "import os, sys\n"
            "os.environ['LISTEN_PID'] = str(os.getpid())\n"
            "os.execv(sys.executable, [sys.executable, '-P', '-m', 'coinmux', *sys.argv[1:]])\n"
        )
        child = _started(start, listening.fileno(), LISTEN_FDS="2")
        said = child.communicate(timeout=30)[0]
    assert child.returncode == 2
    assert "2 sockets were handed down; the unit must have one" in said


def _started(code, fd, **environ):
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    arguments = ["serve", "--simulate", "--port", str(free_port()), "--env-file", os.devnull]
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], env={**kept, **QUIET, **environ}, pass_fds=(fd,),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
