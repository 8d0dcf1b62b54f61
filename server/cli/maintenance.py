"""`maintenance` and `note`: what the operator says to a running server."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import rich_click as click

from coinmux.framework.reference.values import clean_text
from coinmux.server.cli.console import (
    EXIT_FAILED,
    cell,
    console,
    env_file,
    plain,
    print_json,
    read_env,
    table,
)
from coinmux.server.cli.values import Whole

if TYPE_CHECKING:
    from collections.abc import Callable

_TIMEOUT_S = 15.0
_server = click.option(
    "--url", help="Address of the server; HOST and PORT of the settings by default."
)


@click.group()
def maintenance() -> None:
    """Maintenance windows: nobody is alerted of a source while one is open."""


@maintenance.command()
@click.argument("source", required=False)
@click.option("--minutes", type=Whole(1, 129_600), default=60, show_default=True)
@click.option("--from", "from_", help="When it begins, such as 2026-01-31T02:00Z; now by default.")
@click.option("--note", default="", help="Why.")
@_server
@env_file
def begin(
    source: str | None, minutes: int, from_: str | None, note: str, url: str | None, env_file: str
) -> None:
    """Alert nobody of SOURCE for some minutes; without SOURCE of anything."""
    body = {"source": source, "minutes": minutes, "note": note}
    if from_ is not None:
        body["from"] = from_
    print_json(_ask(url, env_file, "POST", "/api/maintenance", body))


@maintenance.command()
@click.argument("window")
@_server
@env_file
def end(window: str, url: str | None, env_file: str) -> None:
    """End the window of that id now."""
    print_json(_ask(url, env_file, "POST", f"/api/maintenance/{quote(window, safe='')}/end"))


@maintenance.command("list")
@_server
@env_file
def list_(url: str | None, env_file: str) -> None:
    """The windows that are, that come, and that ended within 30 days."""
    found = _ask(url, env_file, "GET", "/api/maintenance")
    made = table("maintenance", "id", "of", "from", "to", "now", "note")
    for one in found["windows"]:
        active = "yes" if one["active"] else "no"
        times = [_time(one[name]) for name in ("from_at", "to_at")]
        made.add_row(one["id"], plain(one["title"]), *times, active, cell(one["note"]))
    console().print(made)


@click.command()
@click.argument("incident")
@click.argument("text")
@_server
@env_file
def note(incident: str, text: str, url: str | None, env_file: str) -> None:
    """Write TEXT as a note on INCIDENT, an id of `/incidents`."""
    path = f"/api/incidents/{quote(incident, safe='')}/notes"
    print_json(_ask(url, env_file, "POST", path, {"text": text}))


def _time(at_ms: int) -> str:
    from datetime import UTC, datetime

    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M}"


def _ask(
    url: str | None, env_file: str, method: str, path: str, body: dict[str, Any] | None = None
) -> Any:
    """What the server answers; ends the process where it refuses or is not there."""
    settings = read_env(env_file).settings
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host  # noqa: S104
    parts = urlsplit(url or f"http://{host}:{settings.port}")
    kinds: dict[str, Callable[..., http.client.HTTPConnection]] = {
        "http": http.client.HTTPConnection,
        "https": http.client.HTTPSConnection,
    }
    if parts.scheme not in kinds or parts.hostname is None:
        raise click.BadParameter("takes an address such as http://127.0.0.1:7860")
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=_TIMEOUT_S)
    headers = {"Accept": "application/json"}
    if settings.admin_token is not None:
        headers["Authorization"] = f"Bearer {settings.admin_token.reveal()}"
    data = None
    if body is not None:
        data, headers["Content-Type"] = json.dumps(body), "application/json"
    try:
        connection.request(method, parts.path.rstrip("/") + path, data, headers)
        answer = connection.getresponse()
        text = answer.read()
    except (OSError, http.client.HTTPException) as error:
        said = error.strerror if isinstance(error, OSError) and error.strerror else error
        click.echo(f"coinmux: no server answers at {parts.netloc}: {said}", err=True)
        raise SystemExit(EXIT_FAILED) from None
    finally:
        connection.close()
    try:
        found = json.loads(text)
    except ValueError:
        found = {"detail": f"status {answer.status}, and no JSON"}
    if answer.status != http.client.OK:
        click.echo(f"coinmux: {clean_text(str(found.get('detail')))}", err=True)
        raise SystemExit(EXIT_FAILED)
    return found
