"""The distributions, built once a session, and environments they are installed in."""

import fcntl
import os
import socket
import subprocess
import sys
import sysconfig
import time
import venv
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
QUIET = {"CHECKER": "off", "LOG_LEVEL": "WARNING"}


def run(*command, cwd, check=True, **environ):
    """The finished process; nothing of this process's environment but what finds programs."""
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**clean, **environ},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert not check or done.returncode == 0, done.stderr + done.stdout
    return done


def build(folder):
    """The sdist, the wheel of the checkout, and the wheel of the sdist."""
    hatch = (sys.executable, "-m", "hatchling", "build")
    run(*hatch, "-t", "wheel", "-d", folder, cwd=ROOT)
    run(*hatch, "-t", "sdist", "-d", folder, cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    unpacked = folder / "unpacked"
    unpacked.mkdir()
    run("tar", "-xzf", sdist, "-C", unpacked, cwd=folder)
    (source,) = unpacked.iterdir()
    run(*hatch, "-t", "wheel", "-d", folder / "of-sdist", cwd=source)


def install(folder, wheel):
    """An environment with the wheel in it, and dependencies from the one that runs the tests.

    A path in a `.pth` file is searched last, and the `.pth` files behind it are not read: the
    editable installation of the checkout stays out.
    """
    venv.create(folder, with_pip=False)
    furnish(folder, wheel)


def furnish(folder, wheel):
    """Put them into an environment that is there."""
    python = folder / "bin/python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", "--no-compile", wheel, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    paths = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    (site / "dependencies.pth").write_text("\n".join(paths) + "\n")


@pytest.fixture(scope="session")
def distributions(tmp_path_factory, worker_id):
    """What was built, and the environment; processes of one test run share them."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "distributions"
    with (folder.parent / "distributions.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            folder.mkdir()
            build(folder)
            (wheel,) = folder.glob("*.whl")
            install(folder / "env", wheel)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    (of_sdist,) = folder.glob("of-sdist/*.whl")
    (site,) = folder.glob("env/lib/python*/site-packages")
    return SimpleNamespace(
        wheel=wheel,
        sdist=sdist,
        of_sdist=of_sdist,
        site=site,
        python=folder / "env/bin/python",
        command=folder / "env/bin/coinmux",
    )


@contextmanager
def serving(*command, cwd, **environ):
    """The server's address until the block ends; it must end well when it is terminated."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = str(sock.getsockname()[1])
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
    child = subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        env={**clean, **QUIET, **environ, "PORT": port},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/healthz", timeout=1)
                break
            except httpx.TransportError:
                if child.poll() is not None or time.monotonic() > end:
                    pytest.fail(f"did not start: {child.communicate()[0]}")
                time.sleep(0.05)
        with httpx.Client(base_url=url, timeout=30) as client:
            yield client
        child.terminate()
        assert child.wait(20) == 0
    finally:
        child.kill()
        child.communicate()
