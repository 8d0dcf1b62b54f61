"""What a watcher asks, the way to each answer, and what the API says it should be."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from playwright.async_api import Page

_KEPT = 40  # answers of the API that a page may still show
_ROUNDING = 0.06


class Fit(Protocol):
    """Something that has to stand in what was read."""

    @property
    def words(self) -> str: ...

    def fits(self, said: str) -> bool: ...


@dataclass(frozen=True)
class Words:
    """These words, in any case."""

    words: str

    def fits(self, said: str) -> bool:
        return self.words.lower() in said.lower()


@dataclass(frozen=True)
class Number:
    """A number before a unit, which the API gave at one of the last moments."""

    pattern: str
    values: Sequence[float]

    @property
    def words(self) -> str:
        return f"{self.pattern} of {sorted(set(self.values))[:4]}…"

    def fits(self, said: str) -> bool:
        found = re.search(self.pattern, said)
        if found is None:
            return False
        value = float(found[1].replace(",", ""))
        if found.re.groups > 1 and found[2] == "s":  # of milliseconds or seconds
            value *= 1000
        return any(abs(value - one) <= max(_ROUNDING * abs(one), 0.06) for one in self.values)


@dataclass
class Facts:
    """The day, and what the API said of it lately.

    Attributes:
        recovered: a source that was down and is well.
        broken: one that is down.
        failed: id of the newest request of a client that failed.
    """

    client: httpx.AsyncClient
    recovered: str
    broken: str
    failed: str = ""
    monitor: list[dict[str, Any]] = field(default_factory=list)
    overview: list[dict[str, Any]] = field(default_factory=list)

    async def get(self, path: str) -> Any:
        """The body of a route."""
        answer = await self.client.get(f"/api/{path}")
        answer.raise_for_status()
        return answer.json()

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Ask the API each second: a page may show an answer that is some seconds old."""

        async def follow() -> None:
            while True:
                self.monitor = [*self.monitor[-_KEPT:], await self.get("monitor")]
                now = await self.get("pages/overview?pairs=BTC/USDT")
                self.overview = [*self.overview[-_KEPT:], now]
                await asyncio.sleep(1)

        following = asyncio.ensure_future(follow())
        try:
            yield
        finally:
            following.cancel()

    async def title(self, name: str) -> str:
        """What a source is called."""
        return str((await self.get(f"providers/{name}"))["title"])

    def capability(self, name: str) -> dict[str, Any]:
        """How a capability is now."""
        found: dict[str, Any] = next(
            one for one in self.monitor[-1]["capabilities"] if one["name"] == name
        )
        return found


class Visit:
    """One look at the pages: what was clicked on the way, and what was read."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0

    async def click(self, selector: str) -> None:
        """One click on the first that is seen."""
        self.clicks += 1
        await self.page.locator(selector).locator("visible=true").first.click()

    async def choose(self, selector: str, label: str) -> None:
        """A choice of a list: it is opened, and one line is taken."""
        self.clicks += 2
        await self.page.select_option(selector, label=label)

    async def read(self, selector: str, *, until: str = r"\w") -> str:
        """The text of the first that is seen, once it says something of that form."""
        place = self.page.locator(selector).locator("visible=true").filter(
            has_text=re.compile(until)
        )  # fmt: skip
        return re.sub(r"\s+", " ", await place.first.inner_text())


@dataclass(frozen=True)
class Question:
    """One thing a watcher asks.

    Attributes:
        way: where it is read, in words.
        look: goes there and gives what stands there.
        truth: what the API says has to stand there.
    """

    asks: str
    way: str
    look: Callable[[Visit, Facts], Awaitable[str]]
    truth: Callable[[Facts], Awaitable[Sequence[Fit]]]


def clock(at_ms: int) -> str:
    """The hour and minute in UTC, as a page of that zone writes it."""
    return datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC).strftime("%H:%M")


_NAV = 'nav a[href="{}"]'


async def _price(visit: Visit, facts: Facts) -> str:
    # The stroke between the two numbers is for the eye, the word between them for the ear.
    board = (await visit.read('#board li[data-key="ticker"]')).replace("/ of", " of")
    return f"{board}: {await visit.read('#markets tr[data-pair]', until='[0-9]')}"


async def _price_truth(facts: Facts) -> Sequence[Fit]:
    one = facts.capability("ticker")
    parts = [seen["markets"]["pairs"][0]["data"] for seen in facts.overview]
    return [
        Words(f"{one['usable']} of {one['enabled']}"), Words("BTC/USDT"),
        Number(r"BTC/USDT ([\d,.]+)", [part["last"] for part in parts if part]),
    ]  # fmt: skip


async def _worst(visit: Visit, facts: Facts) -> str:
    return await visit.read(".verdict .sentence", until=r"\d")


async def _worst_truth(facts: Facts) -> Sequence[Fit]:
    down = [one for one in facts.monitor[-1]["capabilities"] if one["status"] == "OFFLINE"]
    return [fit for one in down for fit in (Words(one["title"]), Words(clock(one["since"])))]


async def _down(visit: Visit, facts: Facts) -> str:
    # The verdict and what changed name it by a link; either will do.
    named = f'main a[href*="name={facts.broken}"]'
    await visit.page.wait_for_selector("#changes li")
    if not await visit.page.locator(named).locator("visible=true").count():
        await visit.click('#facts a[href*="providers"]')
        named = f'#explorer tr[data-key="{facts.broken}"] .open'
        await visit.page.wait_for_selector(named)
    await visit.click(named)
    return await visit.read("#lead", until=r"since")


async def _down_truth(facts: Facts) -> Sequence[Fit]:
    told = await facts.get(f"pages/provider?name={facts.broken}")
    since = told["history"]["incidents"][-1]["started_at"]
    asked = facts.capability("ticker")["serving"][0]
    return [
        Words("offline"), Words(clock(since)),
        Words(told["health"]["last_error"]["message"].partition(":")[0]),
        Words(await facts.title(asked)), Words("answer"), Words("next try"),
    ]  # fmt: skip


async def _changed(visit: Visit, facts: Facts) -> str:
    return await visit.read('[data-panel="changes"] ul', until=r"ago")


async def _changed_truth(facts: Facts) -> Sequence[Fit]:
    since = facts.monitor[-1]["server_time"] - 3_600_000
    told = await facts.get(f"incidents?kind=source&from={since}&limit=1")
    return [Words(told["incidents"][0]["title"].partition(":")[0])]


async def _speed(visit: Visit, facts: Facts) -> str:
    await visit.click(_NAV.format("system-monitor"))
    latency = await visit.read('[data-chart="latency"] figcaption', until=r"\d m?s")
    failed = await visit.read('[data-chart="rate"] figcaption', until=r"failed")
    return f"{latency}; {failed}"


async def _speed_truth(facts: Facts) -> Sequence[Fit]:
    lately = [one["server"] for one in facts.monitor]
    return [
        Number(r"([\d,.]+) (m?s) ?p95", [one["p95_ms"] for one in lately]),
        Number(r"([\d,.]+) % failed", [one["error_rate"] * 100 for one in lately]),
    ]


async def _serves(visit: Visit, facts: Facts) -> str:
    await visit.click('#board li[data-key="candles"] a')
    return await visit.read("#answer #verdict", until=r"would|cached")


async def _serves_truth(facts: Facts) -> Sequence[Fit]:
    told = await facts.get("routing/explain?capability=candles&symbol=BTC/USDT")
    first = next(one for one in told["candidates"] if one["verdict"] == "chosen")
    return [Words(f"{await facts.title(first['provider'])} would be asked first")]


_KEY = "COINGECKO_DEMO_API_KEY"


async def _key(visit: Visit, facts: Facts) -> str:
    await visit.click(_NAV.format("config"))
    row = f':is(#needed, #optional) tr:has(code:text-is("{_KEY}"))'
    place = await visit.read(f"section:has({row}) h2")
    return f"{place}: {await visit.read(row)}"


async def _key_truth(facts: Facts) -> Sequence[Fit]:
    lacking = (await facts.get("config/missing"))["missing"]
    one = next(entry for entry in lacking if entry["variable"] == _KEY)
    return [
        Words("Needed keys" if one["required"] else "Optional keys"), Words(one["description"]),
        Words(httpx.URL(one["signup_url"]).host),
    ]  # fmt: skip


async def _night(visit: Visit, facts: Facts) -> str:
    await visit.click(_NAV.format("incidents"))
    title = await facts.title(facts.recovered)
    await visit.click(f'#list a.incident:not([data-open]):has-text("{title}")')
    return await visit.read("#detail", until=r"Who answered|answered")


async def _night_truth(facts: Facts) -> Sequence[Fit]:
    told = await facts.get(f"incidents?source={facts.recovered}&state=ended&limit=1")
    one = told["incidents"][0]
    stood_in = [Words(by["title"]) for by in one["answered_by"][:1]]
    times = [Words(clock(one["started_at"])), Words(clock(one["ended_at"]))]
    return [Words(one["title"]), Words("HTTP 500"), *times, *stood_in]


async def _client(visit: Visit, facts: Facts) -> str:
    await visit.click(_NAV.format("system-monitor"))
    await visit.click("#tab-requests")
    await visit.choose("#kind", "Failed")
    await visit.click("#lines a.line")
    verdict = await visit.read("#answer #verdict", until=r"answered|served")
    return f"{verdict} {await visit.read('#tags')}"


async def _client_truth(facts: Facts) -> Sequence[Fit]:
    return [Words(facts.failed), Words("Nobody answered"), Words(await facts.title(facts.broken))]


_METERED = "coingecko"


async def _quota(visit: Visit, facts: Facts) -> str:
    await visit.click(_NAV.format("providers"))
    return await visit.read(f'#explorer tr[data-key="{_METERED}"] .left', until=r"of")


async def _quota_truth(facts: Facts) -> Sequence[Fit]:
    window = (await facts.get(f"providers/{_METERED}"))["limits"]["windows"][0]
    left = window["requests"] - window["used"]
    # Some calls may pass between the two looks.
    near = [left + step for step in (-2, -1, 0, 1, 2)]
    return [Number(r"([\d,.]+) of", near), Words(f"of {window['requests']:,} in")]


QUESTIONS = (
    Question("Can I get a price now?", "overview: capabilities, markets", _price, _price_truth),
    Question("What can nobody answer, and since when?", "overview: verdict", _worst, _worst_truth),
    Question(
        "Is Binance down, since when, why, who answers instead?",
        "overview, source", _down, _down_truth,
    ),
    Question("What changed in the last hour?", "overview: what changed", _changed, _changed_truth),
    Question("How fast are answers, how many fail?", "monitor: how it goes", _speed, _speed_truth),
    Question("Who serves candles?", "overview: capabilities, decision", _serves, _serves_truth),
    Question("Is CoinGecko's key missing, what does it cost?", "configuration", _key, _key_truth),
    Question(
        "What happened to Coinbase, how long, who answered?", "incidents, incident", _night,
        _night_truth,
    ),
    Question("Did a client's request fail, and why?", "monitor: requests, decision", _client,
             _client_truth),
    Question("How much of CoinGecko's quota is left?", "providers", _quota, _quota_truth),
)  # fmt: skip
