"""Log lines: one JSON object each, free of secrets and control characters."""

import io
import json
import logging

import pytest

from coinmux import Gateway
from coinmux.server.process import event_log

SECRET = "hunter2-hunter2-hunter2"


@pytest.fixture
def log():
    gateway = Gateway.from_env(
        None, environ={"ADMIN_TOKEN": SECRET, "LOG_LEVEL": "DEBUG"}, found=[]
    )
    stream = io.StringIO()
    restore = event_log.configure(gateway, stream)
    yield gateway, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    restore()


def test_a_line_is_one_json_object_without_secrets(log):
    """A secret in a message, an argument or a traceback leaves as asterisks."""
    _, lines = log
    logger = logging.getLogger("somebody.else")
    logger.warning("token %s\nand a new line\x1b[31m", SECRET)
    try:
        raise ValueError(f"url?apikey={SECRET}")
    except ValueError:
        logger.exception("failed")
    got = lines()
    assert len(got) == 2
    assert SECRET not in json.dumps(got)
    assert "\n" not in got[0]["message"]
    assert "\x1b" not in got[0]["message"]
    assert "ValueError" in got[1]["exception"]


def test_events_are_written_at_their_level(log):
    """Requests at debug, failures at warning, with their fields; long strings cut."""
    gateway, lines = log
    gateway.events.publish("request", "/api/x", level="debug", status=200, elapsed_ms=1.5)
    gateway.events.publish(
        "attempt", "fail", level="warning", source="a", detail=f"key={SECRET}" + "x" * 5_000
    )
    request, attempt = lines()
    assert (request["level"], request["status"], request["kind"]) == ("debug", 200, "request")
    assert (attempt["level"], attempt["source"]) == ("warning", "a")
    assert len(attempt["detail"]) <= 500
    assert SECRET not in json.dumps([request, attempt])


def test_libraries_that_write_addresses_are_silenced(log):
    """They log whole URLs at INFO."""
    _, lines = log
    for name in ("httpx", "aiohttp.access", "uvicorn.access", "uvicorn.error"):
        logging.getLogger(name).info("GET https://x.example/?apikey=%s", SECRET)
    assert lines() == []


def test_the_configuration_is_undone(log):
    """Another gateway in the process is not told of this one's."""
    before = logging.getLogger().handlers
    gateway = Gateway.from_env(None, environ={}, found=[])
    undo = event_log.configure(gateway, io.StringIO())
    undo()
    assert logging.getLogger().handlers == before
    assert gateway.events._listeners == ()
