"""Streams that a tab with a key reads: as any other, shared where the key is the same."""

import asyncio
import re
from contextlib import asynccontextmanager

import pytest

from tests.server.keyed import KEYS, line
from tests.static.conftest import served
from tests.static.test_chart_live import READY, STREAM, follows


@pytest.fixture(scope="module")
def keyed(tmp_path_factory):
    """The address of a simulated server that answers two consumers."""
    folder = tmp_path_factory.mktemp("keyed_streams")
    with served(folder, "--simulate", API_KEYS=line("alice", "bob"), DATA_DIR=str(folder)) as found:
        yield found.address


def carrying(name, asked):
    """A tab with that consumer's key, before a server that its operator does not ask."""

    async def before(page):
        # A header of a relay: what comes through a proxy has not the operator's right.
        await page.set_extra_http_headers({"Via": "1.1 proxy"})
        await page.add_init_script(f"sessionStorage.setItem('coinmux.key', '{KEYS[name]}')")
        page.on("request", lambda one: STREAM.search(one.url) and asked.append(one))

    return before


async def test_a_tab_with_a_key_follows(page_of, keyed, until):
    """The key goes in a header; the price moves without a question."""
    asked = []
    async with page_of("chart?interval=1m", base=keyed, before=carrying("alice", asked)) as page:
        await page.wait_for_selector(READY)
        await follows(page, until)
        await page.route("**/api/pages/chart*", lambda route: route.abort())
        seen = set()

        async def moves():
            seen.add(await page.inner_text("#last"))
            return len(seen) >= 3

        assert await until(moves, 40)
        assert asked[-1].headers["x-api-key"] == KEYS["alice"]
        assert KEYS["alice"] not in asked[-1].url
        assert asked[-1].resource_type == "fetch"
        assert page.refused == []


class Relay:
    """Before a server: what runs through it can be cut."""

    def __init__(self, address):
        self._port = int(address.rpartition(":")[2])
        self._open = set()

    @asynccontextmanager
    async def listening(self):
        """Its own address."""
        server = await asyncio.start_server(self._joined, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            self.cut()

    def cut(self):
        """End every connection as it is."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def _joined(self, reader, writer):
        theirs, mine = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {writer, mine}
        await asyncio.gather(self._passed(reader, mine), self._passed(theirs, writer))

    async def _passed(self, reader, writer):
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
            writer.close()
        except OSError:
            writer.close()


async def test_a_stream_that_is_cut_is_resumed_from_its_last_event(page_of, keyed, until):
    """With `Last-Event-ID`, after a pause."""
    asked, relay = [], Relay(keyed)
    async with (
        relay.listening() as base,
        page_of("chart?interval=1m", base=base, before=carrying("alice", asked)) as page,
    ):
        await page.wait_for_selector(READY)
        await follows(page, until)
        assert "last-event-id" not in asked[-1].headers
        before = len(asked)
        relay.cut()

        async def resumes():
            return len(asked) > before

        assert await until(resumes, 20)
        await follows(page, until)
        assert asked[-1].headers["last-event-id"]
        assert asked[-1].headers["x-api-key"] == KEYS["alice"]


async def test_tabs_share_a_stream_where_their_key_is_the_same(page_of, keyed, until):
    """Another consumer's tab has a stream of its own, charged to its own key."""
    asked = []
    path = "chart?interval=3m&symbol=XRP/USDT"
    async with page_of(path, base=keyed, before=carrying("alice", asked)) as first:
        await first.wait_for_selector(READY)
        await follows(first, until)
        assert asked
        for name, keys in (("alice", set()), ("bob", {KEYS["bob"]})):
            theirs = []
            page = await first.context.new_page()
            await carrying(name, theirs)(page)
            await page.goto(f"{keyed}/{path}")
            await page.wait_for_selector(READY)
            await follows(page, until)
            # A machine under load may open its own once more; nobody opens another's.
            assert {one.headers["x-api-key"] for one in theirs} == keys
            await page.close()
        # The name by which tabs find each other does not tell the key.
        names = await first.evaluate(
            "navigator.locks.query().then(({ held }) => held.map(({ name }) => name))"
        )
        assert any(re.search(r"interval=3m#[\d.]+$", name) for name in names)
        assert not [name for name in names if KEYS["alice"] in name]


async def test_pieces_of_a_stream_are_read_however_they_are_cut(page_of):
    """Every cut of a text with all that the format has gives the same events."""
    async with page_of("chart") as page:
        await page.wait_for_selector(READY)
        found = await page.evaluate(
            """async () => {
              const place = new URL("static/shared/js/event_reader.js", location.href);
              const { EventParser } = await import(place);
              const text = ": a comment\\r\\nevent: one\\r\\nid: 7\\r\\ndata: a\\r\\n"
                + "data:b: c\\r\\n\\r\\ndata\\n\\nevent: none\\n\\nid:\\rdata:  €\\r\\r"
                + "retry: 5\\nunknown: x\\ndata: last\\n\\ndata: not whole\\n";
              const seen = new Set();
              for (let cut = 0; cut <= text.length; cut += 1) {
                for (let next = cut; next <= text.length; next += 1) {
                  const told = [];
                  const parser = new EventParser((...event) => told.push(event), "3");
                  parser.push(text.slice(0, cut));
                  parser.push(text.slice(cut, next));
                  parser.push(text.slice(next));
                  seen.add(JSON.stringify(told));
                }
              }
              return [...seen].map((one) => JSON.parse(one));
            }"""
        )
        assert found == [
            [
                ["one", "a\nb: c", "7"],
                ["message", "", "7"],
                ["message", " €", ""],
                ["message", "last", ""],
            ]
        ]
