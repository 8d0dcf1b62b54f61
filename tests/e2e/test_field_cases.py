"""Answers that broke other people's parsers: asked over HTTP, answered by the real providers.

Each file of `field_cases` is one: what the source answers (the first entry whose `match` is part of
the path and query it is asked for), and what is expected of us. In texts, `@iso` and `@gdelt` stand
for a time of a minute ago.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from coinmux import Gateway
from coinmux.server.app import create_app

CASES = sorted((Path(__file__).parent / "field_cases").glob("*.json"))


def upstream(case, asked):
    """A network of one source, which answers as the case says."""
    when = datetime.fromtimestamp(time.time() - 60, UTC)
    times = {"@iso": when.strftime("%Y-%m-%dT%H:%M:%SZ"), "@gdelt": when.strftime("%Y%m%dT%H%M%SZ")}

    def answer(request):
        target = request.url.raw_path.decode()
        asked.append(target)
        for entry in case["upstream"]:
            if entry["match"] in target:
                body = entry["body"]
                text = body if isinstance(body, str) else json.dumps(body)
                for mark, moment in times.items():
                    text = text.replace(mark, moment)
                return httpx.Response(200, text=text)
        return httpx.Response(404)

    return httpx.MockTransport(answer)


def at(document, path):
    """The value at a dotted path; `#` is the length of a list."""
    for step in path.split("."):
        if step == "#":
            document = len(document)
        else:
            document = document[int(step) if isinstance(document, list) else step]
    return document


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
async def test_a_case_from_the_field(path):
    """The rest is answered, what is unknown is null, and what is left out is counted."""
    case = json.loads(path.read_text())
    name = case["provider"]
    environ = {
        "CHECKER": "off",
        "PROVIDERS_ONLY": name,
        f"{name.upper()}_BASE_URL": "http://source.test",
        f"{name.upper()}_RATE_LIMIT": "off",
        f"{name.upper()}_API_KEY": "field-case-key",
        **case.get("env", {}),
    }
    asked = []
    gateway = Gateway.from_env(None, environ=environ, transport=upstream(case, asked))
    await gateway.wait_loaded()
    app = create_app(gateway, opens_gateway=False)
    async with (
        gateway,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app), base_url="http://localhost"
        ) as client,
    ):
        reply = await client.get(case["path"])
    expect, body = case["expect"], reply.json()
    body.get("meta", {}).setdefault("rows_left_out", 0)
    assert reply.status_code == expect["status"], (body, asked)
    if "code" in expect:
        assert body["code"] == expect["code"]
    for where in ("data", "meta"):
        for field, value in expect.get(where, {}).items():
            assert at(body[where], field) == value, field
    if not case["upstream"]:
        assert asked == []
