"""`python -m bench.scale`: the figures of the model, and whether they hold."""

from __future__ import annotations

import argparse
import time

from rich.console import Console
from rich.table import Table

from bench.scale.model import Model, Plan


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.scale")
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    plan = Plan(workers=given.workers, seed=given.seed)
    begun = time.monotonic()
    told = Model(plan).run()
    table = Table(
        title=f"{plan.workers} workers, {plan.sources} sources, {plan.seconds:g} s of virtual time"
    )
    for column in ("", "figure", "must be", ""):
        table.add_column(column)

    def line(what: str, figure: str, must: str = "", holds: bool | None = None) -> bool:
        table.add_row(what, figure, must, "" if holds is None else "holds" if holds else "MISSED")
        return holds is not False

    answered = told.requests - told.outcomes["failed"] - told.outcomes["deadline"]
    kinds = ", ".join(f"{name} {count}" for name, count in told.outcomes.most_common())
    line("requests", f"{told.requests}: {kinds}")
    share = answered / told.requests
    lines = [
        line("answered", f"{100 * share:.2f} %", ">= 99 %", share >= 0.99),
        line("calls of sources", f"{told.upstream_calls}, {told.upstream_calls / told.requests:.3f}"
             " a request"),
        line("scripts of the store", f"{told.store_calls}"),
        line("fullest window of any source", f"{100 * told.fullest:.0f} % of its limit",
             "<= 100 %", told.fullest <= 1),
        line("probes of one source at once", f"{told.probes_at_once}", "<= 1",
             told.probes_at_once <= 1),
        line("probes in the outage", f"{told.probes}", f"<= {told.probes_due + plan.sources}",
             told.probes <= told.probes_due + plan.sources),
        line("other calls of one source that was down", f"{told.wasted_most} at most",
             "of all workers together"),
        line("of them after half the workers were begun again", f"{told.after_restart}", "0",
             told.after_restart == 0),
        line("busiest second after the outage", f"{told.recovery:.2f} of that before it",
             "<= 1.5", told.recovery <= 1.5),
        line("calls told to wait, of one source", f"{told.refused} at most"),
    ]  # fmt: skip
    table.add_row("real time", f"{time.monotonic() - begun:.0f} s", "", "")
    Console(width=130).print(table)
    raise SystemExit(0 if all(lines) else 1)


if __name__ == "__main__":
    main()
