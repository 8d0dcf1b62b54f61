"""Consumers as Prometheus reads them; labels are names of `API_KEYS`, of which there are few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from coinmux.framework.consumers.consumers import Consumers


def consumer_metrics(consumers: Consumers) -> Iterator[Metric]:
    """The families; none while no keys are set."""
    if not consumers.is_on:
        return
    requests = CounterMetricFamily(
        "coinmux_consumer_requests",
        "Requests that need a key, by consumer and outcome.",
        labels=["consumer", "outcome"],
    )
    for labels, count in sorted(consumers.answered.items()):
        requests.add_metric(list(labels), count)
    yield requests
    calls = CounterMetricFamily(
        "coinmux_consumer_source_calls",
        "Requests sent to sources for a consumer.",
        labels=["consumer", "source"],
    )
    for labels, count in sorted(consumers.called.items()):
        calls.add_metric(list(labels), count)
    yield calls
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
    for one in consumers.every:
        if one.monthly is not None:
            budget.add_metric([one.name], one.monthly)
        used.add_metric([one.name], consumers.ledger.calls_in_month(one.name))
    yield budget
    yield used
