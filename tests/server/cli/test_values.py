"""Options of the command are refused in the words of the API, and take what it takes."""

import click
import pytest

from coinmux.server.cli.values import Whole, interval, timeout


@click.command()
@click.option("--limit", type=Whole(1, 1000), default=24)
@interval
@timeout
def command(limit, interval, timeout_s):
    return limit, interval, timeout_s


def run(*arguments):
    return command.main(arguments, standalone_mode=False)


def test_values_are_read_as_the_api_reads_them():
    """Intervals as people write them; without any the defaults."""
    assert run() == (24, "1h", None)
    assert run("--interval", "1D", "--limit", "7", "--timeout", "0.5") == (7, "1d", 0.5)
    assert run("--interval", "60m")[1] == "1h"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--limit", "0", "takes a whole number from 1 to 1000"),
        ("--limit", "x", "takes a whole number from 1 to 1000"),
        ("--limit", "-5", "takes a whole number from 1 to 1000"),
        ("--limit", "9" * 30, "takes a whole number from 1 to 1000"),
        ("--limit", "٣", "takes a whole number from 1 to 1000"),
        ("--timeout", "soon", "takes seconds from 0.1 to 30"),
        ("--interval", "60", "'60' is no interval; known are 1m"),
        ("--interval", "60", "did you mean 1h or 1m?"),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_do(option, value, words):
    """No word of the parser's, such as a float or an integer range."""
    with pytest.raises(click.BadParameter) as refused:
        run(option, value)
    assert words in refused.value.message
