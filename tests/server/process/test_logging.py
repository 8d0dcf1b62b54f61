"""Log lines: JSON or short lines for people, free of secrets and control characters."""

import io
import json
import logging
import warnings

import pytest

from coinmux import Gateway
from coinmux.framework.plugins.discovery import PluginLoader
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
    for name in ("httpx", "aiohttp.access", "uvicorn.access", "uvicorn.error", "websockets.server"):
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


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self):
        return True


def written(stream, work, **environ):
    """What `work` leaves in a log on `stream`."""
    gateway = Gateway.from_env(None, environ={"ADMIN_TOKEN": SECRET, **environ}, found=[])
    undo = event_log.configure(gateway, stream)
    try:
        work(gateway)
    finally:
        undo()
    return stream.getvalue()


def some_lines(gateway):
    log = logging.getLogger("coinmux.server")
    log.info("listening on http://127.0.0.1:7860")
    gateway.events.publish(
        "state", "kraken went from HEALTHY to DEGRADED", level="warning", source="kraken",
        before="HEALTHY", after="DEGRADED", reason="upstream_timeout",
    )  # fmt: skip
    gateway.events.publish(
        "attempt", "fail: upstream_auth", level="warning", source="acme", operation="ticker",
        code="upstream_auth", detail=f"key {SECRET} was refused",
    )  # fmt: skip
    log.error("token %s\x1b[2J is wrong", SECRET)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")


def test_on_a_terminal_lines_are_short_and_coloured(monkeypatch):
    """A sign by outcome in its colour, the message, and what it does not say, dimmed."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    lines = written(Terminal(), some_lines).splitlines()
    assert [line.split("\x1b[0m")[1].strip() for line in lines] == [
        "\x1b[32m✓", "\x1b[33m!", "\x1b[33m!", "\x1b[31m✗", "\x1b[33m!",
    ]  # fmt: skip
    assert all(len(line) < 130 for line in lines)


def test_without_colours_it_is_the_same_text(monkeypatch):
    """NO_COLOR takes the colours away and leaves the signs."""
    monkeypatch.setenv("NO_COLOR", "1")
    lines = [line[9:] for line in written(Terminal(), some_lines).splitlines()]
    assert lines == [
        "✓ listening on http://127.0.0.1:7860",
        "! kraken went from HEALTHY to DEGRADED reason=upstream_timeout",
        "! acme ticker: upstream_auth detail=key *** was refused",
        "✗ token ***\\u001b[2J is wrong",
        "! uvicorn.error: Invalid HTTP request received.",
    ]


def test_a_traceback_on_a_terminal_has_no_secret(monkeypatch):
    """It stands below its line, readable, and redacted as all else."""
    monkeypatch.setenv("NO_COLOR", "1")

    def work(_):
        try:
            raise ValueError(f"\x1b[31m url?apikey={SECRET}")
        except ValueError:
            logging.getLogger("coinmux.server").exception("failed")

    text = written(Terminal(), work)
    assert "ValueError: \\u001b[31m url?apikey=***" in text
    assert len(text.splitlines()) > 3
    assert SECRET not in text


@pytest.mark.parametrize(
    ("stream", "log_format", "is_json"),
    [
        (io.StringIO, "auto", True),
        (Terminal, "auto", False),
        (Terminal, "json", True),
        (io.StringIO, "console", False),
    ],
)
def test_the_form_follows_the_stream_unless_it_is_set(stream, log_format, is_json):
    """LOG_FORMAT overrides; colours need a terminal."""
    text = written(stream(), some_lines, LOG_FORMAT=log_format)
    assert text.startswith("{") is is_json
    assert "\x1b" not in text or stream is Terminal


def test_a_stream_without_unicode_gets_plain_signs():
    """A sign that cannot be written must not cost the line."""

    class Latin(Terminal):
        encoding = "latin-1"

    assert " + listening" in written(Latin(), some_lines, LOG_FORMAT="console").replace(
        "\x1b[32m", ""
    ).replace("\x1b[0m", "")


def test_python_warnings_pass_through_the_chain():
    """They are lines as all others, secrets removed."""

    def work(_):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn(f"?token={SECRET}", UserWarning, stacklevel=1)

    # The inner block puts back the function that shows warnings, so the log is set up within it.
    (line,) = [json.loads(one) for one in written(io.StringIO(), work).splitlines()]
    assert line["logger"] == "py.warnings"
    assert "?token=***" in line["message"]


def test_a_record_that_cannot_be_formatted_shows_nothing_of_itself(log):
    """The logging module would print its arguments as they are."""
    handler = logging.getLogger().handlers[0]
    stream = handler.stream
    handler.handle(
        logging.LogRecord("some.library", logging.WARNING, "", 0, "two %s %s", (SECRET,), None)
    )
    assert stream.getvalue() == "coinmux: a log line of 'some.library' was lost: TypeError\n"


def test_lone_surrogates_do_not_cost_the_line(log):
    """They are escaped as control characters are."""
    _, lines = log
    # Past pytest's own handler: a test process cannot send its report with such a character.
    logger = logging.Logger("x")  # noqa: LOG001 - one that no handler of pytest hears
    logger.handlers = [
        one for one in logging.getLogger().handlers if type(one).__module__.startswith("coinmux")
    ]
    logger.warning("bad \ud800 text")
    assert lines()[0]["message"] == "bad \\ud800 text"


def test_what_went_wrong_before_the_log_is_written():
    """Broken plugins and unreadable settings are found before there is a log."""
    gateway = Gateway.from_env(None, environ={}, found=[])
    gateway.events.publish("plugin", "acme is broken: ImportError", level="error", source="acme")
    gateway.events.publish("config", "plugin sma was loaded")
    stream = io.StringIO()
    event_log.configure(gateway, stream)()
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
        "acme is broken: ImportError"
    ]


def test_the_start_says_which_sources_are_on_and_why_others_are_off():
    """Counted by reason, with names, so that a missing key is seen at once."""
    found = PluginLoader().discover(allow=["kraken", "glassnode", "nomics"])
    gateway = Gateway.from_env(None, environ={"ARCHIVE": "off"}, found=found)
    stream = io.StringIO()
    undo = event_log.configure(gateway, stream)
    event_log.announce(gateway)
    undo()
    first, second = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert first["message"] == (
        "1 of 3 sources are on; off: 1 missing_key (glassnode), 1 retired (nomics)"
    )
    assert first["off"] == {"missing_key": ["glassnode"], "retired": ["nomics"]}
    assert second["message"] == "no archive is written: ARCHIVE is off"


def test_workers_that_share_nothing_are_warned_of():
    """Each then uses a part of every limit, which an operator must know."""

    def work(gateway):
        event_log.announce(gateway)

    text = written(io.StringIO(), work, WORKERS="4")
    assert "STATE_URL is not set: each of 4 workers uses its part of every limit" in text


async def test_the_archive_has_a_line_when_it_opens(tmp_path):
    """And none while nothing changes."""
    gateway = Gateway.from_env(None, environ={"CHECKER": "off", "BACKFILL": "off"}, found=[])
    stream = io.StringIO()
    async with gateway:
        undo = event_log.configure(gateway, stream)
        await gateway.open_archive(tmp_path / "archive.db")
        await gateway.archive.flush()
        undo()
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
        "the archive is open: SQLite"
    ]
