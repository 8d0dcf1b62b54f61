"""`docs/tutorial.md` as a newcomer follows it: every block, in an environment of its own."""

import ast
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import free_port
from tests.packaging.conftest import ROOT, furnish

PAGE = ROOT / "docs/tutorial.md"
#: Seconds for one block; and for what the server or the exchange needs to begin or to notice.
LIMIT_S, SOON_S = 120, 30
_FENCE = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")
_SAVE = re.compile(r"Save this as\s+`([^`]+)`:\s*$")
_REPLACE = re.compile(r"In\s+`([^`]+)`, put this in place of\s+`([^`]+)`:\s*$")
_REWORD = re.compile(r"In\s+`([^`]+)`, put `([^`]+)` in place of\s+`([^`]+)`")


class Shell:
    """One bash, in which the blocks are run as in the window of whoever follows the page."""

    def __init__(self, folder, environ):
        self.folder, self.said = folder, folder / "said"
        self.cwd = folder
        with self.said.open("w") as out:
            self.process = subprocess.Popen(
                ["bash", "--norc"], cwd=folder, env=environ, stdin=subprocess.PIPE, stdout=out,
                stderr=subprocess.STDOUT, text=True, start_new_session=True,
            )  # fmt: skip
        self._tell("trap 'failed=$?' ERR")

    def run(self, block):
        """What it prints, and the exit code of the last command that failed; 0 for none."""
        (self.folder / "block").write_text(block)
        began = self.said.stat().st_size
        # Not by standard input, which a command of the block could read.
        self._tell(f"failed=0; . '{self.folder}/block' </dev/null")
        self._tell('printf "\\nended %s %s\\n" "$failed" "$PWD"')
        end = time.monotonic() + LIMIT_S
        while True:
            printed = self.said.read_bytes()[began:].decode()
            if done := re.search(r"(?ms)^(.*)\nended (\d+) ([^\n]+)\n\Z", printed):
                self.cwd = Path(done[3])
                return done[1], int(done[2])
            assert self.process.poll() is None, printed
            assert time.monotonic() < end, f"{block}\n{printed}"
            time.sleep(0.05)

    def _tell(self, line):
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def end(self):
        """End it, and what it left running."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdin.close()


@pytest.fixture
def shell(tmp_path):
    kept = {name: os.environ[name] for name in ("LANG", "TMPDIR") if name in os.environ}
    made = Shell(
        tmp_path,
        {
            **kept, "HOME": str(tmp_path),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            # What pip needs is there, and nothing is fetched.
            "PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "false",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        },
    )  # fmt: skip
    yield made
    made.end()


def missing(expected, printed):
    """The lines that were to be printed and were not; `…` is anything."""
    patterns = {line: ".*".join(map(re.escape, line.split("…"))) for line in expected.splitlines()}
    return [line for line, pattern in patterns.items() if not re.search(pattern, printed)]


def replace(file, what, code):
    """Put a function or a constant in place of the one of that name."""
    text = file.read_text()
    (node,) = (node for node in ast.parse(text).body if _name(node) == what)
    lines = text.splitlines(keepends=True)
    lines[node.lineno - 1 : node.end_lineno] = [code]
    file.write_text("".join(lines))


def _name(node):
    if isinstance(node, ast.Assign):
        return getattr(node.targets[0], "id", None)
    return getattr(node, "name", None)


def reword(file, new, old):
    text = file.read_text()
    assert text.count(old) == 1, (file, old)
    file.write_text(text.replace(old, new))


def follow(shell, block, expected):
    """Run a block; one that asks a server again, until it has begun, or noticed a change."""
    end = time.monotonic() + SOON_S
    while True:
        printed, code = shell.run(block)
        missed = missing(expected, printed)
        if not missed and bool(code) is expected.startswith("coinmux: "):
            return
        if not block.startswith("curl ") or time.monotonic() > end:
            pytest.fail(f"{block}\nended with {code}, without {missed}:\n{printed}")
        time.sleep(0.2)


@pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("bash") is None, reason="no curl, or no bash"
)
def test_whoever_follows_it_literally_sees_what_it_shows(distributions, shell):
    """Files are saved and changed as the words before a block say; ports are ones that are free."""
    source, server = str(free_port()), str(free_port())
    page = PAGE.read_text().replace("8899", source).replace("7860", server)
    shell.run(f"export PORT={server}")
    fences = list(_FENCE.finditer(page))
    assert len(fences) == page.count("\n```\n") > 0
    at = 0
    for fence, after in zip(fences, [*fences[1:], None], strict=True):
        words, at = page[at : fence.start()], fence.end()
        language, code = fence.groups()
        for name, new, old in _REWORD.findall(words):
            reword(shell.cwd / name, new, old)
        if language == "sh":
            is_shown = after is not None and after[1] == "text"
            if "-m venv" in code:
                made, code = code.split("\n", 1)
                follow(shell, made, "")
                furnish(shell.cwd / ".venv", distributions.wheel)
            follow(shell, code, after[2] if is_shown else "")
        elif saved := _SAVE.search(words):
            (shell.cwd / saved[1]).write_text(code)
        elif replaced := _REPLACE.search(words):
            replace(shell.cwd / replaced[1], replaced[2], code)
        else:
            assert language == "text", code
