"""Consumers as Prometheus reads them; labels are names of `API_KEYS`, of which there are few."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

    from coinmux.server.monitoring.consumer_figures import ConsumerFigures


def consumer_metrics(
    workers: Iterable[ConsumerFigures | None], ended: Iterable[ConsumerFigures | None] = ()
) -> Iterator[Metric]:
    """The families of all workers together; none while no keys are set.

    Args:
        ended: of those that have ended; what they counted still counts.
    """
    live = [one for one in workers if one is not None]
    if not live:
        return
    each = [*live, *(one for one in ended if one is not None)]
    yield _counted(
        CounterMetricFamily(
            "coinmux_consumer_requests",
            "Requests that need a key, by consumer and outcome.",
            labels=["consumer", "outcome"],
        ),
        (row for one in each for row in one.answered),
    )
    yield _counted(
        CounterMetricFamily(
            "coinmux_consumer_source_calls",
            "Requests sent to sources for a consumer.",
            labels=["consumer", "source"],
        ),
        (row for one in each for row in one.called),
    )
    budget = GaugeMetricFamily(
        "coinmux_consumer_budget_calls",
        "Requests to sources a consumer may cause in a month.",
        labels=["consumer"],
    )
    used = GaugeMetricFamily(
        "coinmux_consumer_budget_used_calls",
        "How many of them it caused this month, in all processes.",
        labels=["consumer"],
    )
    limits = {name: monthly for one in live for name, monthly, _ in one.budgets}
    for name, monthly in sorted(limits.items()):
        if monthly is not None:
            budget.add_metric([name], monthly)
        # Each worker knows the use of all, some a moment later than others.
        used.add_metric(
            [name], max(count for one in live for known, _, count in one.budgets if known == name)
        )
    yield budget
    yield used


def _counted(
    family: CounterMetricFamily, rows: Iterable[tuple[str, str, int]]
) -> CounterMetricFamily:
    total: Counter[tuple[str, str]] = Counter()
    for consumer, label, count in rows:
        total[consumer, label] += count
    for labels, count in sorted(total.items()):
        family.add_metric(list(labels), count)
    return family
