"""SIGTERM ends the server whatever an installed plugin has left running in it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAD = """
import asyncio, atexit, threading, time
from coinmux import ProviderInfo, Ticker, hookimpl

@hookimpl
def provider_info():
    return ProviderInfo(
        name="odd", title="Odd", category="market", base_url="https://odd.example", timeout_s=1.0
    )

async def for_ever():
    while True:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            pass

LEFT = []

@hookimpl
async def fetch_ticker(query, http):
"""
LEFT = {
    "a hook": ("    await for_ever()", "task _contained"),
    "a task": ("    LEFT.append(asyncio.ensure_future(for_ever()))", "task for_ever"),
    "a thread": (
        "    threading.Thread(target=time.sleep, args=(3600,), name='odd-thread').start()",
        "thread odd-thread",
    ),
    "atexit": ("    atexit.register(time.sleep, 3600)", "registered with atexit"),
    "the pool": ("    asyncio.ensure_future(asyncio.to_thread(time.sleep, 3600))", "thread "),
    "nothing": ("    pass", None),
    "the loop": ("    while True: pass", "held up the event loop"),
}
LAST = "\n    return Ticker(symbol=query.symbol, last=1.0)\n"


@pytest.mark.parametrize("what", LEFT)
def test_a_stop_is_a_stop(tmp_path, what):
    """Exit code 0 within ten seconds, and a line of the log names what was left behind."""
    code, named = LEFT[what]
    (tmp_path / "coinmux_odd.py").write_text(HEAD + code + LAST)
    info = tmp_path / "coinmux_odd-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: coinmux-odd\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[coinmux]\nodd = coinmux_odd\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "coinmux", "serve", "--port", "0", "--env-file", os.devnull],
        env={
            "PATH": os.environ["PATH"], "PYTHONPATH": f"{tmp_path}:{ROOT / 'src'}",
            "PLUGINS_ALLOW": "odd", "CHECKER": "off", "ARCHIVE": "off",
        },
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        lines, address = [], None
        for line in process.stderr:
            lines.append(line)
            if found := re.search(r"listening on (http://[\d.:]+)", line):
                address = found[1]
                break
        assert address, lines
        reader = threading.Thread(target=lambda: lines.extend(process.stderr))
        reader.start()
        asked = f"{address}/api/market/ticker?symbol=BTC/USDT&timeout_s=2"
        # The one that never answers is an error; how it ends is not the question here.
        with suppress(httpx.ReadTimeout):
            httpx.get(asked, timeout=5)
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert time.monotonic() - begun < 10
        reader.join(5)
        ended = [line for line in lines if '"ended' in line]
        assert bool(ended) == (named is not None)
        if named is not None:
            assert named in ended[0]
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stderr.close()
