"""Maintenance windows and notes over HTTP, under the admin rule, and by the commands."""

import asyncio
import json
import os
import sys

import pytest

from coinmux import Unreachable
from tests.server.controllers.test_incidents import fail

FAILS = Unreachable("no route to host")


async def test_a_window_is_begun_listed_and_ended(app_of):
    """It is in the list of its incident too."""
    async with app_of(a=[FAILS], b=[2.0], c=[3.0]) as world:
        order = {"source": "a", "minutes": 90, "note": "their upgrade"}
        begun = (await world.client.post("/api/maintenance", json=order)).json()
        assert (begun["source"], begun["title"], begun["active"]) == ("a", "A", True)
        assert begun["to_at"] - begun["from_at"] == 90 * 60_000
        await fail(world, "a")
        (found,) = (await world.client.get("/api/incidents?source=a")).json()["incidents"]
        assert found["maintenance"]
        listed = (await world.client.get("/api/maintenance")).json()
        assert listed == {"windows": [begun], "kept": False, "read_at": None}
        ended = (await world.client.post(f"/api/maintenance/{begun['id']}/end")).json()
        assert not ended["active"]
        (found,) = (await world.client.get("/api/incidents?source=a")).json()["incidents"]
        assert not found["maintenance"]


async def test_a_note_is_written_on_an_incident(app_of):
    async with app_of(a=[FAILS], b=[2.0]) as world:
        await fail(world, "a")
        (found,) = (await world.client.get("/api/incidents?source=a")).json()["incidents"]
        target = f"/api/incidents/{found['id']}/notes"
        answer = await world.client.post(target, json={"text": " they <b>know</b> "})
        assert [one["text"] for one in answer.json()["operator_notes"]] == ["they <b>know</b>"]
        missing = await world.client.post("/api/incidents/nosuch/notes", json={"text": "x"})
        assert missing.status_code == 404


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({}, "minutes"),
        ([], "body"),
        ({"minutes": 0}, "minutes"),
        ({"minutes": True}, "minutes"),
        ({"minutes": 5, "till": 3}, "till"),
        ({"minutes": 5, "note": 3}, "note"),
        ({"minutes": 5, "note": "x" * 1_001}, "note"),
        ({"minutes": 5, "from": "soon"}, "from"),
        ({"minutes": 5, "from": "2020-01-01"}, "to"),
    ],
)
async def test_what_is_no_window_is_refused_by_name(app_of, body, name):
    async with app_of(a=[1.0]) as world:
        answer = await world.client.post("/api/maintenance", json=body)
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["name"] == name
        assert (await world.client.get("/api/maintenance")).json()["windows"] == []


async def test_an_unknown_source_has_no_maintenance(app_of):
    async with app_of(kraken=[1.0]) as world:
        order = {"source": "kracken", "minutes": 5}
        answer = await world.client.post("/api/maintenance", json=order)
        assert answer.status_code == 404
        assert answer.json()["did_you_mean"] == ["kraken"]


@pytest.mark.parametrize(
    "target", ["/api/maintenance", "/api/maintenance/x/end", "/api/incidents/x/notes"]
)
async def test_only_the_admin_may_write(app_of, target):
    async with app_of({"ADMIN_TOKEN": "t" * 20}, a=[1.0]) as world:
        answer = await world.client.post(target, json={"minutes": 5, "text": "x"})
        assert answer.status_code == 401


async def test_the_commands_say_it_to_a_running_server(live, tmp_path):
    """With the token of the settings; what is refused ends with 1."""
    async with live({"ADMIN_TOKEN": "t" * 20}, a=[1.0]) as world:
        url = str(world.client.base_url)

        async def run(*arguments, token="t" * 20):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "coinmux", *arguments, "--url", url, cwd=tmp_path,
                env={**os.environ, "ADMIN_TOKEN": token},
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
            out, said = await process.communicate()
            return process.returncode, out.decode(), said.decode()

        code, out, _ = await run("maintenance", "begin", "a", "--minutes", "5", "--note", "short")
        window = json.loads(out)
        assert (code, window["title"], window["note"]) == (0, "A", "short")
        code, out, _ = await run("maintenance", "list")
        assert code == 0
        assert "short" in out
        code, out, _ = await run("maintenance", "end", window["id"])
        assert (code, json.loads(out)["active"]) == (0, False)
        code, _, said = await run("note", "nosuch", "text")
        assert code == 1
        assert "no incident is kept" in said
        code, _, said = await run("maintenance", "begin", token="f" * 20)
        assert code == 1
        assert "ADMIN_TOKEN" in said
