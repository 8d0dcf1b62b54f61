"""Values of options, refused in the words of the API."""

from __future__ import annotations

import rich_click as click

from coinmux.framework.errors import UnknownInterval
from coinmux.framework.reference.intervals import Interval
from coinmux.framework.reference.values import number
from coinmux.framework.routing.options import TAKES_SECONDS


class Whole(click.ParamType):  # type: ignore[type-arg]  # older clicks take none
    """A whole number within bounds."""

    name = "integer"

    def __init__(self, low: int, high: int) -> None:
        self.low, self.high = low, high

    def convert(
        self, value: str | int, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """See `click.ParamType.convert`."""
        text = str(value).strip()
        if not text.isascii() or not text.isdigit() or not self.low <= int(text[:18]) <= self.high:
            self.fail(f"takes a whole number from {self.low} to {self.high}", param, ctx)
        return int(text)


class _Seconds(click.ParamType):  # type: ignore[type-arg]  # older clicks take none
    name = "seconds"

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            return number(value)
        except ValueError:
            self.fail(TAKES_SECONDS["timeout_s"], param, ctx)


class _Interval(click.ParamType):  # type: ignore[type-arg]  # older clicks take none
    name = "interval"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> Interval:
        try:
            return Interval.parse(value)
        except UnknownInterval as error:
            meant = error.extra.get("did_you_mean")
            hint = f"; did you mean {' or '.join(meant)}?" if meant else ""
            self.fail(f"{error.detail}{hint}", param, ctx)


timeout = click.option(
    "--timeout", "timeout_s", type=_Seconds(), help="Seconds for the whole request."
)
interval = click.option(
    "--interval", type=_Interval(), default="1h", show_default=True, help="1m to 1M."
)
