"""Dune: series out of saved SQL queries. Key required.

A query has whatever columns its author chose, so a metric is asked as `query/<id>`, or by a name of
ours that `DUNE_QUERIES` gives a query (`active_addresses=3456,mvrv=789`). The result must have one
column of times and one other column of numbers. The last stored result is read; where there is none
the query is executed and waited for within the deadline, with growing pauses.

What a query is about only its author knows: the answer is taken to be about the asset asked.

Source: https://docs.dune.com/api-reference/executions/endpoint/get-query-result and
https://docs.dune.com/api-reference/executions/endpoint/execute-query, read 2026-11-23.
"""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from coinmux import (
    HTTP,
    EnvVar,
    MetricForm,
    ProviderInfo,
    RateLimit,
    Reply,
    hookimpl,
    named_metrics,
)
from coinmux import errors as e
from coinmux import models as m

QUERIES = "DUNE_QUERIES"
ROWS = 1_000
#: Of a minute, on the free plan.
READS, EXECUTIONS = 40, 15
#: Seconds between looks at an execution: the first, and how much longer each next.
PAUSE_S, GROWTH = 0.3, 1.5
RUNNING = frozenset({"QUERY_STATE_PENDING", "QUERY_STATE_EXECUTING"})
_OWN = re.compile(r"query/([0-9]{1,10})")
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{2}:\d{2}:\d{2}(?:\.\d+)?))?(?: UTC|Z)?")


class NeverRun(e.Empty):
    """The query exists and has no stored result."""


@hookimpl
def provider_info() -> ProviderInfo:
    """Reads and executions have limits of their own: an execution weighs as many reads."""
    return ProviderInfo(
        name="dune",
        title="Dune",
        category="onchain",
        base_url="https://api.dune.com/api/v1",
        env=(
            EnvVar(
                "DUNE_API_KEY",
                send_as="header:X-Dune-API-Key",
                description="On-chain series from saved Dune queries.",
                signup_url="https://dune.com/settings/api",
            ),
            EnvVar(
                QUERIES,
                required=False,
                description="Queries for metrics of ours, as active_addresses=3456,mvrv=789.",
                signup_url="https://dune.com/browse/queries",
                secret=False,
            ),
        ),
        rate_limits=(RateLimit(requests=READS, per_s=60),),
        timeout_s=8.0,
        priority=80,
        metric_forms=(MetricForm(_OWN.pattern, "query/<id>", "the series of a saved Dune query"),),
        metrics_from=QUERIES,
        homepage="https://dune.com",
        terms_url="https://dune.com/terms",
        docs_url="https://docs.dune.com/api-reference",
        docs_read="2026-11-23",
        notes="Asked as query/<id>, or by a name that DUNE_QUERIES gives one; reads cost credits.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """Which of two things is not found; a query that failed says so in a 200."""
    body = reply.body if isinstance(reply.body, dict) else {}
    error = body.get("error")
    said = str(error.get("message") if isinstance(error, dict) else error or "")
    if reply.status == 404:
        is_result = "execution" in said.lower() or "result" in said.lower()
        return NeverRun(said) if is_result else e.NotOffered(said or "no such query")
    if str(body.get("state", "")).endswith(("_FAILED", "_CANCELLED", "_EXPIRED")):
        return e.BadStatus(f"the query ended as {body['state']}: {said}", status=reply.status)
    return None


@hookimpl
async def fetch_onchain_metric(query: m.OnchainMetricQuery, http: HTTP) -> m.OnchainMetric:
    """One request, where a result is stored; else an execution and some looks at it."""
    number_of = query_id(query.metric, http.setting(QUERIES))
    path = f"/query/{number_of}/results"
    try:
        body = await http.get_json(path, {"limit": ROWS})
    except NeverRun:
        body = await _executed(http, number_of)
    return parse_metric(body, query)


async def _executed(http: HTTP, number_of: str) -> Any:
    """The result of a fresh execution; the attempt's deadline ends the waiting."""
    begun = await http.post_json(
        f"/query/{number_of}/execute",
        {"performance": "medium"},
        weight=READS / EXECUTIONS,
    )
    execution, pause_s = begun["execution_id"], PAUSE_S
    if not re.fullmatch(r"[0-9A-Za-z]{1,64}", execution):
        raise e.SchemaMismatch("no id of an execution")
    while True:
        status = await http.get_json(f"/execution/{execution}/status")
        if status["state"] not in RUNNING:
            return await http.get_json(f"/execution/{execution}/results", {"limit": ROWS})
        await asyncio.sleep(pause_s)
        pause_s *= GROWTH


def query_id(metric: str, given: str | None) -> str:
    """The query behind a metric: its own number, or the one that `DUNE_QUERIES` gives it.

    Raises:
        NotOffered: there is none.
    """
    own = _OWN.fullmatch(metric)
    if own is not None:
        return own[1]
    found = named_metrics(given).get(metric)
    if found is None:
        raise e.NotOffered(f"no query is given for {metric}; {QUERIES} takes {metric}=<query id>")
    return found


def parse_metric(body: Any, query: m.OnchainMetricQuery) -> m.OnchainMetric:
    """The column of times against the one column of numbers, oldest first.

    What a column holds is judged by all rows: SQL has NULL in places, the first row included.
    """
    rows = body["result"]["rows"]
    if not rows:
        raise e.Empty("the query has no rows")
    columns = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
    times = [name for name in columns if _mostly(rows, name, _is_time)]
    values = [name for name in columns if name not in times and _mostly(rows, name, _is_number)]
    if len(times) != 1 or len(values) != 1:
        raise e.SchemaMismatch(
            f"takes one column of times and one of numbers, has {len(times)} and {len(values)}"
        )
    when, what = times[0], values[0]
    points = m.read_points(rows, lambda row: (_time(row[when]), row.get(what)), kind="rows")
    return m.OnchainMetric(
        metric=query.metric,
        asset=query.asset,
        points=query.chosen(points),
        notes=(f"Dune query's column {what}; taken to be about {query.asset}",),
    )


def _mostly(rows: Any, name: str, fits: Callable[[Any], bool]) -> bool:
    """Whether more than half of what a column holds fits; a column of nothing does not."""
    held = [row.get(name) for row in rows if isinstance(row, dict)]
    told = [value for value in held if not _is_nothing(value)]
    return sum(map(fits, told)) * 2 > len(told)


def _is_nothing(value: Any) -> bool:
    try:
        return m.figure_or_none(value) is None
    except ValueError:
        return False


def moment(value: Any) -> int | None:
    """Unix ms of a time as SQL writes it, which is UTC; None where it is none."""
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    return m.iso_ms(f"{match[1]}T{match[2] or '00:00:00'}+00:00")


def _time(value: Any) -> int:
    found = moment(value)
    if found is None:
        raise ValueError(f"no time: {str(value)[:40]!r}")
    return found


def _is_time(value: Any) -> bool:
    try:
        return moment(value) is not None
    except ValueError:
        return False


def _is_number(value: Any) -> bool:
    try:
        m.number(value)
    except ValueError:
        return False
    return True
