"""Routes of plugins: served as every other, and what a handler does wrong is its answer's error."""

import asyncio
import threading
from functools import partial

import pytest

from coinmux import InvalidRequest, Route, TickerQuery, hookimpl
from coinmux.framework.plugins.discovery import in_process
from coinmux.framework.plugins.extensions import routes
from tests.server.keyed import Asked, bearer, keyed, line

RATE = "/plugins/acme/rate"


class Plugin:
    """With one route at `/rate`, or those given."""

    def __init__(self, handler=None, *, more=(), **route):
        self.routes = [*more]
        if handler is not None:
            self.routes.append(Route("/rate", handler, "The rate.", **route))

    @hookimpl
    def register_routes(self):
        return self.routes


def acme(handler=None, **route):
    return [in_process("acme", Plugin(handler, **route))]


async def nothing(request):
    return {}


async def test_a_handler_asks_the_gateway_and_its_answer_is_json(app_of):
    async def rate(request):
        answer = await request.gateway.fetch(TickerQuery(symbol=request.query["symbol"]))
        return {"rate": answer.data.last, "by": answer.provider, "id": request.id}

    async with app_of(a=[1.5], _found=acme(rate)) as world:
        answer = await world.client.get(
            f"{RATE}?symbol=BTC/USDT&symbol=ETH/USDT", headers={"x-request-id": "r-1"}
        )
        assert answer.status_code == 200
        assert answer.json() == {"rate": 1.5, "by": "a", "id": "r-1"}
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-request-id"] == "r-1"
        assert world.plugins["a"].calls == 1


async def test_a_page_has_the_headers_of_a_page(app_of):
    async def page(request):
        return "<!doctype html><title>é</title>"

    found = acme(page, media_type="text/html; charset=utf-8", page="Rates")
    async with app_of(a=[1.0], _found=found) as world:
        answer = await world.client.get(RATE)
        ours = await world.client.get("/providers")
        assert answer.content == "<!doctype html><title>é</title>".encode()
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = "content-security-policy"
        assert answer.headers[policy] == ours.headers[policy]
        assert answer.headers["x-content-type-options"] == "nosniff"
        head = await world.client.head(RATE)
        assert (head.status_code, head.content) == (200, b"")
        listed = (await world.client.get("/api/providers")).json()["pages"]
        assert listed == [{"plugin": "acme", "title": "Rates", "path": RATE}]


async def test_a_plain_handler_runs_in_a_thread(app_of):
    """And bytes go out as they are."""
    threads = []

    def rate(request):
        threads.append(threading.current_thread())
        return b"\x89PNG"

    async with app_of(a=[1.0], _found=acme(rate, media_type="image/png")) as world:
        answer = await world.client.get(RATE)
        assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")
        assert threads[0] is not threading.main_thread()


class Counter:
    """A handler with a state, which cannot be hashed."""

    __hash__ = None

    def __init__(self):
        self.count = 0

    def __call__(self, request):
        self.count += 1
        return self.count


class Later(Counter):
    async def __call__(self, request):
        return super().__call__(request)


@pytest.mark.parametrize(
    "handler",
    [Counter, Later, lambda: partial(Counter()), lambda: partial(Later().__call__)],
    ids=["object", "async object", "partial", "async partial"],
)
async def test_whatever_can_be_called_is_a_handler(app_of, handler):
    async with app_of(a=[1.0], _found=acme(handler())) as world:
        for count in range(1, 11):
            assert (await world.client.get(RATE)).json() == count


async def test_a_post_is_given_its_body(app_of):
    async def rate(request):
        return [request.method, request.body.decode()]

    async with app_of(a=[1.0], _found=acme(rate, method="POST")) as world:
        answer = await world.client.post(RATE, content=b"some words")
        assert answer.json() == ["POST", "some words"]
        refused = await world.client.post(RATE, content=b"x" * 1_048_577)
        assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
        wrong = await world.client.get(RATE)
        assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("path", ["/plugins/acme/rates", "/plugins/other/rate", "/plugins/acme"])
async def test_where_no_route_is_a_problem_says_so(app_of, path):
    async with app_of(a=[1.0], _found=acme(nothing)) as world:
        answer = await world.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_an_error_of_coinmux_is_answered_as_anywhere(app_of):
    """A caller's mistake is no fault of the plugin."""

    async def rate(request):
        raise InvalidRequest("symbol is missing")

    async with app_of(a=[1.0], _found=acme(rate)) as world:
        answer = await world.client.get(RATE)
        assert answer.status_code == 400
        assert answer.json()["detail"] == "symbol is missing"
        assert world.gateway.extensions.faults.of("acme") == []


def raises(request):
    raise ValueError("bad day")


def exits(request):
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("handler", "route", "said"),
    [
        (raises, {}, "acme: ValueError: bad day"),
        (exits, {}, "SystemExit: 3"),
        (lambda request: object(), {}, "acme: TypeError: "),
        (
            lambda request: {},
            {"media_type": "text/plain"},
            "/rate returned dict, and is text/plain",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_what_a_handler_does_wrong_is_that_answers_error(app_of, handler, route, said, kind):
    """Counted, said once, and the plugin's other routes and all others answer."""

    async def later(request):
        await asyncio.sleep(0)
        return handler(request)

    good = Route("/good", nothing, "Something.")
    plugin = in_process("acme", Plugin(handler if kind == "plain" else later, more=[good], **route))
    async with app_of(a=[1.5], _found=[plugin]) as world:
        for _ in range(3):
            answer = await world.client.get(RATE)
            assert (answer.status_code, answer.json()["code"]) == (502, "plugin_error")
            assert said in answer.json()["detail"]
        assert (await world.client.get("/plugins/acme/good")).json() == {}
        (fault,) = world.gateway.extensions.faults.of("acme")
        assert (fault.hook, fault.count) == ("register_routes", 3)
        events = [one for one in world.gateway.events.recent() if one.kind == "plugin"]
        assert len(events) == 1


@pytest.mark.parametrize("kind", ["plain", "async"])
async def test_one_that_hangs_is_given_up(app_of, kind, monkeypatch):
    """Others are answered meanwhile and afterwards."""
    monkeypatch.setattr(routes, "LIMIT_S", 0.05)
    going = threading.Event()

    def hang(request):
        going.wait(30)

    async def hang_later(request):
        await asyncio.sleep(3600)

    handler = hang if kind == "plain" else hang_later
    async with app_of(a=[1.5], _found=acme(handler)) as world:
        answer = await world.client.get(RATE)
        assert (answer.status_code, answer.json()["code"]) == (502, "plugin_timeout")
        assert (await world.client.get("/healthz")).status_code == 200
        if kind == "plain":
            for _ in range(8):
                answer = await world.client.get(RATE)
            assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert world.gateway.extensions.faults.of("acme")[0].count >= 1
        going.set()


async def test_while_keys_are_set_a_route_takes_one_unless_it_is_open(clock):
    """What it asks is used by whose key it is."""

    async def rate(request):
        answer = await request.gateway.fetch(TickerQuery(symbol="BTC/USDT"))
        return answer.data.last

    class Source(Asked):
        @hookimpl
        def register_routes(self):
            page = Route("/page", nothing, "A page.", is_open=True)
            return [Route("/rate", rate, "The rate."), page]

    async with keyed(clock, {"API_KEYS": line("alice")}, Source("acme")) as world:
        refused = await world.client.get(RATE)
        assert (refused.status_code, refused.json()["code"]) == (401, "api_key_required")
        assert (await world.client.get("/plugins/acme/page")).status_code == 200
        answer = await world.client.get(RATE, headers=bearer("alice"))
        assert answer.status_code == 200
        (alice,) = [one for one in world.gateway.usage().consumers if one.name == "alice"]
        assert (alice.requests, alice.calls) == (1, 1)


async def test_pages_of_other_sites_may_not_ask_it(app_of):
    """As for any route that asks sources, unless `CORS_ORIGINS` says so."""
    foreign = {"origin": "https://evil.example"}
    async with app_of(a=[1.0], _found=acme(nothing)) as world:
        answer = await world.client.get(RATE, headers=foreign)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden_origin")
    settings = {"CORS_ORIGINS": "https://evil.example"}
    async with app_of(settings, a=[1.0], _found=acme(nothing)) as world:
        assert (await world.client.get(RATE, headers=foreign)).status_code == 200


async def test_the_document_and_the_page_of_the_api_have_it(app_of):
    async with app_of(a=[1.0], _found=acme(nothing)) as world:
        api = (await world.client.get("/schema/openapi.json")).json()
        operation = api["paths"][RATE]["get"]
        assert (operation["summary"], operation["tags"]) == ("The rate.", ["plugins"])
        assert {"200", "401", "502"} <= operation["responses"].keys()
        assert "/plugins/{plugin}/{path}" not in api["paths"]
        page = (await world.client.get("/docs")).text
        assert RATE in page


async def test_it_is_counted_by_its_path(app_of):
    """However many paths callers try, only what plugins declare is counted by name."""
    async with app_of(a=[1.0], _found=acme(nothing)) as world:
        await world.client.get(RATE)
        for number in range(3):
            await world.client.get(f"/plugins/acme/{number}")
        counted = {path for _, path in world.desk.metrics.routes}
        assert RATE in counted
        assert not any(path.startswith("/plugins/acme/") for path in counted - {RATE})
