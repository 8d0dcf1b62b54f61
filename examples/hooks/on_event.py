"""Keeps the times at which sources went offline, for whoever looks into it later."""

import json
from pathlib import Path

from coinmux import Event, hookimpl

FILE = Path("went_offline.jsonl")


@hookimpl
def on_event(event: Event) -> None:
    if event.kind == "state" and event.detail["after"] == "OFFLINE":
        with FILE.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"source": event.source, "at": event.at_ms}) + "\n")
