"""`keys`: makes the key of a consumer, and the line by which the server knows it."""

from __future__ import annotations

import rich_click as click

from coinmux.framework.config.api_keys import (
    SCOPES,
    Consumer,
    digest_of,
    is_name,
    new_key,
    read_api_keys,
    read_scopes,
)
from coinmux.server.cli.console import as_json, env_file, print_json, read_env


@click.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    help="It may ask for this part of the API alone; can be given again.",
)
@click.option("--per-min", type=click.IntRange(1), help="Requests per minute.")
@click.option("--monthly", type=click.IntRange(1), help="Calls of sources per month.")
@as_json
@env_file
def keys(
    name: str,
    scopes: tuple[str, ...],
    per_min: int | None,
    monthly: int | None,
    as_json: bool,
    env_file: str,
) -> None:
    """Make a key for the consumer NAME, and print the line of API_KEYS that lets it in.

    The key is shown this once and stored nowhere: the line has its SHA-256. Other consumers of the
    present line stay; one of the same name gets the new key in place of its former one.
    """
    if not is_name(name):
        raise click.BadParameter(
            "takes up to 32 small letters, digits, - and _; not operator or unknown",
            param_hint="NAME",
        )
    key = new_key()
    made = Consumer(name, digest_of(key), read_scopes(scopes), per_min, monthly)
    known = [one for one in read_env(env_file).settings.api_keys if one.name != name]
    value = ",".join(one.line() for one in (*known, made))
    # What is printed is what will be read.
    try:
        read_api_keys(value)
    except ValueError as error:
        raise click.ClickException(f"API_KEYS {error}") from None
    if as_json:
        print_json({"name": name, "key": key, "line": f"API_KEYS={value}"})
        return
    click.echo(f"The key of {name}, shown this once:\n\n  {key}\n")
    click.echo(f"The line for .env, to be followed by a reload or a start:\n\n  API_KEYS={value}\n")
    click.echo("Sent as:\n\n  Authorization: Bearer <key>    or    X-API-Key: <key>")
