"""`docs/tutorial.md` followed to the letter, in an environment with the wheel."""

import contextlib
import os
import re
import signal
import socket
import subprocess

import pytest

from tests.packaging.conftest import ROOT, install

PAGE = (ROOT / "docs/tutorial.md").read_text()


@pytest.fixture
def environment(distributions, tmp_path):
    """A fresh environment that builds without a network, as its variables tell pip."""
    install(tmp_path / "env", distributions.wheel)
    return tmp_path


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def test_every_block_does_what_the_page_says(environment):
    """The page's own ports may be taken, so others stand in for them; nothing else is changed."""
    page = PAGE
    for theirs, ours in zip(("7999", "7998"), free_ports(2), strict=True):
        page = page.replace(theirs, ours)
    blocks = re.findall(r"```(sh|python)\n(.*?)```", page, re.DOTALL)
    ((_, exchange),) = (block for block in blocks if block[0] == "python")
    folder = environment / "work"
    folder.mkdir()
    (folder / "exchange.py").write_text(exchange)
    commands = [text for kind, text in blocks if kind == "sh"]
    assert len(commands) == 6
    # pip as it is where the tests run: what the environment lacks stands behind it.
    clean = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    environ = {
        **clean,
        "PATH": f"{environment / 'env/bin'}:{os.environ['PATH']}",
        "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1", "CHECKER": "off", "ARCHIVE": "off",
    }  # fmt: skip
    marked = "".join(f"echo '=== {at}'\n{text}" for at, text in enumerate(commands))
    log = (environment / "log").open("w+")
    child = subprocess.Popen(
        ["bash", "-e", "-c", marked], cwd=folder, env=environ, text=True,
        stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
    )  # fmt: skip
    try:
        child.wait(240)
    finally:
        # The servers the page starts in the background.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
    with log:
        log.seek(0)
        said = log.read()
    assert child.returncode == 0, said
    parts = re.split(r"=== \d\n", said)[1:]
    assert " passed" in parts[1]
    assert "acme2" in parts[1]
    assert '"price": "91234.5"' in parts[2]
    assert " passed" in parts[3]
    assert "acme2: silver" in parts[3]
    assert "0 failed" in parts[3]
    assert '"last":91234.5' in parts[5]
    assert '"provider":"acme2"' in parts[5]
    assert "price_place" in parts[5]
