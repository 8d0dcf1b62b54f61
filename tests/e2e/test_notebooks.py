"""The notebooks of `examples/`, cell by cell, on simulated sources."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from coinmux.server.process.simulated_gateway import simulator_for
from tests.docs.test_docs import ROOT

NOTEBOOKS = sorted((Path(ROOT) / "examples" / "notebooks").glob("*.ipynb"))


def test_there_are_some():
    assert NOTEBOOKS


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
async def test_every_cell_runs(notebook, tmp_path):
    cells = json.loads(notebook.read_text())["cells"]
    assert not any(one.get("outputs") for one in cells), "outputs are of one day: leave them out"
    source = "\n".join("".join(one["source"]) for one in cells if one["cell_type"] == "code")
    script = tmp_path / "cells.py"
    script.write_text(source)
    async with simulator_for(os.devnull) as simulator:
        environ = {**os.environ, **simulator.overrides(), "DATA_DIR": str(tmp_path)}
        environ |= {"PYTHONPATH": str(Path(ROOT) / "src"), "CHECKER": "off", "ARCHIVE": "off"}
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(script), cwd=tmp_path, env=environ,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, said.decode()
    assert "NOSUCHCOIN/USDT" in said.decode()
