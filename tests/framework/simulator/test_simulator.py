"""Providers played on loopback."""

import itertools
import json

import pytest

from coinmux.framework.plugins.provider_info import ProviderInfo
from coinmux.framework.reference.symbols import Symbol
from coinmux.framework.simulator.player import skew
from coinmux.framework.simulator.simulator import SimulatedProvider, Simulator, simulated_providers
from coinmux.framework.testing.clock import FakeClock

NOW = 1_795_000_000_250
#: Answers are made for the second that has begun.
SHOWN = NOW // 1000 * 1000
RECORDED = 1_764_000_000_000


@pytest.fixture
async def simulator(acme):
    async with Simulator([acme], FakeClock(wall_ms=NOW)) as running:
        yield running


@pytest.fixture
async def client(simulator, connect):
    return await connect(simulator.url)


def price(simulator, pair):
    return simulator.market.price(Symbol(pair), NOW) * skew("acme")


async def test_an_answer_is_of_now(client):
    """Times are as old as they were when recorded, in the form they were in."""
    body = (await client.get("/acme/ticker?pair=BTC-USDT")).json()
    assert body["time"] == SHOWN - 1_500
    assert body["at"] == "2026-11-18T11:06:39.250Z"


async def test_prices_are_the_markets(simulator, client):
    """The last price is the market's, near every other source's, and the rest go along."""
    body = (await client.get("/acme/ticker?pair=BTC-USDT")).json()
    market = simulator.market.price(Symbol("BTC/USDT"), NOW)
    assert float(body["last"]) == pytest.approx(market, rel=0.001)
    assert body["bid"] < float(body["last"]) < body["ask"]
    assert len(body["last"].partition(".")[2]) == 2
    assert body["volume"]["BTC"] == "3.5434218"


@pytest.mark.parametrize(
    ("native", "pair"),
    [
        ("ETH-EUR", "ETH/EUR"),
        ("SOL-BTC", "SOL/BTC"),
        ("XDG-USDT", "DOGE/USDT"),
        ("BTC-USD", "BTC/USD"),
    ],
)
async def test_other_pairs_are_played(simulator, client, native, pair):
    """In the source's spelling, in values and keys, at the pair's own price."""
    body = (await client.get(f"/acme/ticker?pair={native}")).json()
    base, quote = native.split("-")
    assert body["symbol"] == native
    assert body["base"] in (base, pair.partition("/")[0])
    assert body["quote"] == quote.lower()
    assert quote in body["volume"]
    assert float(body["last"]) == pytest.approx(price(simulator, pair), rel=1e-4)
    assert isinstance(body["last"], str)


@pytest.mark.parametrize(
    "target",
    ["/acme/ticker?pair=PEPE-USDT", "/acme/ticker?pair=BTC-CHF", "/acme/ticker?pair=BTC-BTC"],
)
async def test_other_symbols_are_unknown(client, target):
    """Any other request of that shape gets the sample of an unknown symbol."""
    reply = await client.get(target)
    assert (reply.status, reply.json()) == (404, {"error": "no such pair"})


@pytest.mark.parametrize(
    "target",
    ["/acme/nothing", "/acme", "/acme/ticker/more", "/acme/candles/BTC-USDT/7min", "/acme/tvl"],
)
async def test_other_requests_find_nothing(client, target):
    """404 and `{}`."""
    reply = await client.get(target)
    assert (reply.status, reply.json()) == (404, {})


@pytest.mark.parametrize(
    "target",
    [
        "/acme/book?depth=20&pair=BTC-USDT",
        "/acme/book?pair=BTC-USDT&depth=20&apikey=secret",
        "/acme/book?pair=BTC%2DUSDT&depth=50",
        "/acme/book?pair=ETH-USDT&depth=5",
    ],
    ids=["order", "key", "encoded", "other pair and count"],
)
async def test_requests_match_by_meaning(client, target):
    """Neither the order of parameters counts, nor a key, nor how many rows are asked."""
    body = (await client.get(target)).json()
    assert float(body["bids"][0][0]) < float(body["asks"][0][0])


@pytest.mark.parametrize(
    ("page", "status", "ids"),
    [
        ("page=1&size=20", 200, ["first"]),
        ("page=2&size=20", 200, []),
        ("page=201&size=100", 404, None),
    ],
)
async def test_pages_end(client, page, status, ids):
    """A page that has no sample is past the end where there is a sample of that."""
    reply = await client.get(f"/acme/coins?{page}")
    assert reply.status == status
    assert ids is None or [coin["id"] for coin in reply.json()] == ids


async def test_a_sample_without_prices_gives_way(simulator, client):
    """Another sample plays its pair at today's price, and it plays no other pair."""
    body = (await client.get("/acme/book?pair=ETH-USD&depth=20")).json()
    assert float(body["bids"][0][0]) == pytest.approx(price(simulator, "ETH/USD"), rel=1e-4)
    assert len(body["asks"]) == 1


@pytest.mark.parametrize(
    ("word", "query", "step_s", "count"),
    [
        ("1hr", "limit=8", 3600, 8),
        ("1hr", "limit=300", 3600, 300),
        ("1hr", "limit=900", 3600, 300),
        ("1hr", "", 3600, 100),
        ("1day", "limit=5", 86_400, 5),
    ],
)
async def test_candles_are_made_as_asked(client, word, query, step_s, count):
    """As many as asked of the asked length, in the source's order, the newest of them open now."""
    body = (await client.get(f"/acme/candles/ETH-USDT/{word}?{query}")).json()
    opens = [int(row[0]) for row in body["result"]["rows"]]
    assert len(opens) == count
    assert opens[0] <= SHOWN < opens[0] + step_s * 1000
    assert {before - after for before, after in itertools.pairwise(opens)} == {step_s * 1000}
    assert body["result"]["rows"][0][6] == opens[0] + step_s * 1000 - 1
    assert [row[7] for row in body["result"]["rows"]] == ["0"] + ["1"] * (count - 1)


async def test_the_open_candle_closes_at_the_tickers_price(client):
    """Candles and ticker tell of one market."""
    ticker = (await client.get("/acme/ticker?pair=ETH-USDT")).json()
    candles = (await client.get("/acme/candles/ETH-USDT/1hr?limit=2")).json()
    newest = candles["result"]["rows"][0]
    assert float(newest[2]) == pytest.approx(float(ticker["last"]), rel=1e-5)


async def test_a_range_of_candles(client):
    """Moments among the parameters bound the opening times, in whichever unit."""
    start, end = SHOWN - 5 * 3_600_000, SHOWN - 3_600_000
    for query in (f"start={start}&end={end}", f"after={end // 1000}&before={start // 1000}"):
        body = (await client.get(f"/acme/candles/BTC-USDT/1hr?{query}")).json()
        opens = [int(row[0]) for row in body["result"]["rows"]]
        assert len(opens) == 4
        assert all(start <= at <= end for at in opens)


async def test_closed_candles_stay(acme, connect):
    """From one call to the next only the open candle moves."""
    clock = FakeClock(wall_ms=NOW)
    async with Simulator([acme], clock) as simulator:
        client = await connect(simulator.url)
        before = (await client.get("/acme/candles/BTC-USDT/1hr?limit=20")).json()
        clock.advance(30)
        after = (await client.get("/acme/candles/BTC-USDT/1hr?limit=20")).json()
    assert before["result"]["rows"][1:] == after["result"]["rows"][1:]
    assert before["result"]["rows"][0] != after["result"]["rows"][0]
    assert after["at"] - before["at"] == 30_000


@pytest.mark.parametrize("channel", ["one", "two"])
async def test_feeds_are_of_now(client, channel):
    """Dates in elements are moved; a channel without a sample plays that of one like it."""
    reply = await client.get(f"/acme:{channel}/feed")
    text = reply.body.decode()
    assert reply.headers["content-type"] == "application/xml"
    assert "<pubDate>Wed, 18 Nov 2026 10:31:40 +0000</pubDate>" in text
    assert "<![CDATA[Wed, 18 Nov 2026 09:06:40 GMT]]>" in text


@pytest.mark.parametrize("node", ["node_a", "node_b"])
async def test_json_rpc_ids_are_echoed(client, node):
    """A call matches whatever its id, and its answer bears it."""
    call = {"id": "x-17", "method": "head", "params": ["latest"], "jsonrpc": "2.0"}
    body = (await client.ask("POST", f"/acme:{node}", call)).json()
    assert body["id"] == "x-17"
    assert int(body["result"]["timestamp"], 16) == SHOWN // 1000 + (0x69248000 - RECORDED // 1000)


async def test_other_addresses_are_answered_for(client):
    """An address of the same kind stands in for the sample's, in the answer too."""
    other = "0x" + "12" * 20
    call = {"jsonrpc": "2.0", "id": 1, "method": "balance", "params": [other]}
    body = (await client.ask("POST", "/acme:node_a", call)).json()
    assert body["result"] == {"owner": other, "wei": "0x10"}
    call["params"] = ["0x12"]
    assert (await client.ask("POST", "/acme:node_a", call)).status == 404


async def test_hosts_are_told_apart(client):
    """What is on one host is not on the others."""
    assert (await client.get("/acme@data/tvl")).json() == {"tvl": 12.5, "day": "2026-11-18"}
    assert (await client.get("/acme@data/ticker?pair=BTC-USDT")).status == 404


async def test_overrides_lead_here(simulator):
    """One variable for the provider and one for each host and channel, each with its base URL."""
    url = simulator.url
    assert simulator.overrides() == {
        "ACME_BASE_URL": f"{url}/acme",
        "ACME_BASE_URL_DATA": f"{url}/acme@data",
        "ACME_BASE_URL_ONE": f"{url}/acme:one",
        "ACME_BASE_URL_TWO": f"{url}/acme:two",
        "ACME_BASE_URL_NODE_A": f"{url}/acme:node_a",
        "ACME_BASE_URL_NODE_B": f"{url}/acme:node_b",
    }
    assert simulator.base_url("acme", channel="one") == f"{url}/acme:one"
    assert simulator.placeholder_keys() == {"ACME_KEY": "no-key-acme_key"}
    for place in ({"host": "none"}, {"channel": "none"}):
        with pytest.raises(KeyError):
            simulator.base_url("acme", **place)


async def test_calls_are_counted_and_logged(simulator, client):
    """By provider, with what answered; never with the query, where keys may stand."""
    await client.get("/acme/ticker?pair=BTC-USDT&apikey=secret")
    await client.get("/acme@data/nothing")
    await client.get("/other/ticker")
    assert simulator.calls == {"acme": 2}
    first, second = simulator.log
    assert (first.capability, first.status, first.path) == ("ticker", 200, "/ticker")
    assert (second.capability, second.status, second.host) == (None, 404, "data")
    told = await client.get("/_simulator/calls")
    assert told.json()["calls"] == {"acme": 2}
    assert b"secret" not in told.body


async def test_a_connection_is_kept_alive(client):
    """Requests on one connection are answered in turn, also when sent at once."""
    for pair in ("BTC-USDT", "ETH-USDT"):
        client.send("GET", f"/acme/ticker?pair={pair}")
    assert [(await client.read()).json()["base"] for _ in range(2)] == ["BTC", "ETH"]
    await client.ask("GET", "/acme", Connection="close")
    assert await client.reader.read() == b""


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET http://x/ HTTP/1.1\r\n\r\n", 400),
        (b"POST /acme HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"POST /acme HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 411),
        (b"POST /acme HTTP/1.1\r\nContent-Length: 999999999\r\n\r\n", 413),
        (b"GET /acme HTTP/1.1\r\n" + b"a: b\r\n" * 20_000, 431),
    ],
)
async def test_what_is_no_request_is_refused(client, data, status):
    """With a status, and the end of the connection."""
    client.writer.write(data)
    assert (await client.read()).status == status
    assert await client.reader.read() == b""


async def test_it_is_not_serving_before_it_starts(acme):
    """An address is known only once it listens; starting and stopping may be repeated."""
    simulator = Simulator([acme])
    with pytest.raises(RuntimeError):
        simulator.overrides()
    await simulator.stop()
    for _ in range(2):
        async with simulator:
            assert simulator.url.startswith("http://127.0.0.1:")


def test_two_of_one_name_are_refused(acme):
    """A name leads to one provider."""
    with pytest.raises(ValueError, match="one name"):
        Simulator([acme, acme])


class _Plugin:
    def __init__(self, retired=None):
        self._retired = retired

    def provider_info(self):
        return ProviderInfo(
            name="bare", title="Bare", category="news", base_url="https://bare.example",
            retired=self._retired,
        )  # fmt: skip


def test_plugins_may_be_objects_and_packages(tmp_path, monkeypatch):
    """Samples come from the package; without any the provider stays; a retired one does not."""
    package = tmp_path / "acme_of_a_stranger"
    (package / "samples").mkdir(parents=True)
    (package / "__init__.py").write_text(
        "from coinmux import ProviderInfo\n"
        "def provider_info():\n"
        "    return ProviderInfo(name='stranger', title='S', category='news',"
        " base_url='https://s.example')\n"
    )
    sample = {
        "capability": "news", "source": "s", "recorded_at": RECORDED,
        "exchanges": [{"request": {"path": "/n"}, "response": {"body": []}}],
    }  # fmt: skip
    (package / "samples" / "news.json").write_text(json.dumps(sample))
    monkeypatch.syspath_prepend(tmp_path)
    import acme_of_a_stranger

    found = simulated_providers([acme_of_a_stranger, _Plugin(), _Plugin(retired="closed")])
    assert [(one.info.name, len(one.samples)) for one in found] == [("stranger", 1), ("bare", 0)]
    assert isinstance(found[0], SimulatedProvider)


class _Twins:
    """A plugin of two sources."""

    def provider_info(self):
        return tuple(
            ProviderInfo(name=name, title=name, category="news", base_url="https://twin.example")
            for name in ("castor", "pollux")
        )


def test_a_plugin_of_several_sources_is_each_of_them_once():
    """Such a plugin comes once for each of its sources, as the loader lists it."""
    twins = _Twins()
    found = simulated_providers([twins, twins])
    assert [one.info.name for one in found] == ["castor", "pollux"]
