"""Environments of peers: built on demand under `.venv-peers`, with the versions of a file."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.figure import Absent
from bench.processes import ROOT

FOLDER = ROOT / ".venv-peers"
HERE = Path(__file__).parent
CONSTRAINTS = HERE / "constraints.txt"


@dataclass(frozen=True, slots=True)
class Peer:
    """What another project needs.

    Attributes:
        name: of its environment.
        wanted: what is installed, for pip; a relative path is one of this folder.
        shown: packages whose versions the results name.
    """

    name: str
    wanted: tuple[str, ...]
    shown: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return FOLDER / self.name

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def _stamp(self) -> str:
        """Changes with whatever decides what is installed."""
        digest = hashlib.sha256(CONSTRAINTS.read_bytes() + " ".join(self.wanted).encode())
        for one in self.wanted:
            for path in sorted((HERE / one).glob("*.*")) if one.startswith(".") else ():
                digest.update(path.read_bytes())
        return digest.hexdigest()

    @property
    def _built(self) -> Path:
        """Says of what the environment was built, and what pip chose."""
        return self.folder / "built.json"

    def versions(self) -> dict[str, str]:
        """Of the packages to be shown; nothing where it is not built."""
        if not self._built.exists():
            return {}
        listed = json.loads(self._built.read_text())["versions"]
        return {f"{self.name}/{name}": listed.get(name, "") for name in self.shown}

    def build(self, *, shown: bool = False) -> None:
        """Install it, unless that was done.

        Args:
            shown: whether pip's messages go to the terminal.

        Raises:
            Absent: it cannot be installed here.
        """
        stamp = self._stamp()
        if self._built.exists() and json.loads(self._built.read_text())["stamp"] == stamp:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        pip = (str(self.python), "-m", "pip", "--disable-pip-version-check")
        install = (*pip, "install", "--quiet", "-c", str(CONSTRAINTS), *self.wanted)
        for command in ((sys.executable, "-m", "venv", str(self.folder)), install):
            done = subprocess.run(command, cwd=HERE, capture_output=not shown, check=False)
            if done.returncode:
                raise Absent(f"{self.name} cannot be installed; `make bench-peers` shows why")
        told = subprocess.run(
            (*pip, "list", "--format=json"), capture_output=True, check=True, text=True
        ).stdout
        versions = {one["name"].lower(): one["version"] for one in json.loads(told)}
        self._built.write_text(json.dumps({"stamp": stamp, "versions": versions}, indent=1))


#: Its router alone is measured; uvloop because its proxy runs on it.
LITELLM = Peer("litellm", ("litellm", "uvloop"), ("litellm", "pydantic", "uvloop"))
#: The core with its optional parts, its crypto router, and a provider that is ours.
OPENBB = Peer(
    "openbb",
    ("openbb-core[pandas]", "openbb-crypto", "uvloop", "httptools", "./openbb_loopback"),
    ("openbb-core", "openbb-crypto", "fastapi", "pydantic", "uvicorn"),
)
#: Its feed of OKX, which wants other versions than ccxt does.
CRYPTOFEED = Peer("cryptofeed", ("cryptofeed", "uvloop"), ("cryptofeed", "websockets", "uvloop"))
PEERS = (LITELLM, OPENBB, CRYPTOFEED)


@cache
def ready(peer: Peer) -> str:
    """The Python of `peer`, built if need be.

    Raises:
        Absent: it cannot be installed here.
    """
    peer.build()
    return str(peer.python)


def main() -> None:
    """Build every environment, and show what pip says."""
    missing = []
    for peer in PEERS:
        print(f"{peer.name}: {os.path.relpath(peer.folder)}", flush=True)
        try:
            peer.build(shown=True)
        except Absent as absent:
            missing.append(str(absent))
    raise SystemExit("\n".join(missing) or 0)


if __name__ == "__main__":
    main()
