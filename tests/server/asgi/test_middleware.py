"""Who comes in, under which id, and what every response carries."""

import re

import httpx
import pytest

TICKER = "/api/market/ticker?symbol=BTC/USDT"


@pytest.mark.parametrize(
    "given", ["abc", "A.b-c_9", "x" * 64, "job:17", "a/b/c", "q=1+2", "me@host", "urn:uuid:0-1"]
)
async def test_a_sane_request_id_is_kept(app_of, given):
    """The caller's own id comes back, and its decision is kept under it."""
    async with app_of(a=[1.0]) as world:
        for _ in range(3):
            answer = await world.client.get(TICKER, headers={"X-Request-ID": given})
            assert answer.headers["x-request-id"] == given
            assert "x-request-id-replaced" not in answer.headers
        decision = await world.client.get(f"/api/routing/decisions/{given}")
        assert (decision.status_code, decision.json()["provider"]) == (200, "a")
        assert decision.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\nb", "é", "<script>"])
async def test_any_other_request_id_is_replaced(app_of, given):
    """By one that is unique."""
    async with app_of(a=[1.0]) as world:
        ids = set()
        for _ in range(3):
            answer = await world.client.get(TICKER, headers={b"X-Request-ID": given.encode()})
            ids.add(answer.headers["x-request-id"])
            assert answer.headers["x-request-id-replaced"].startswith("it takes 1 to 64 letters")
        assert given not in ids
        assert len(ids) == 3


TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def test_the_id_of_a_trace_is_taken(app_of):
    """`traceparent` names the trace and the caller's span; an id of the caller's own goes first."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get(TICKER, headers={"traceparent": TRACE})
        trace = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"
        assert answer.headers["x-request-id"] == trace
        found = await world.client.get(f"/api/routing/decisions/{trace}")
        assert found.json()["provider"] == "a"
        own = {"traceparent": TRACE, "X-Request-ID": "mine"}
        assert (await world.client.get(TICKER, headers=own)).headers["x-request-id"] == "mine"
        bad = await world.client.get(TICKER, headers={"traceparent": "00-xyz-1-01"})
        assert bad.headers["x-request-id"] != trace


async def test_a_request_for_many_pairs_has_all_its_decisions(app_of):
    """Under the id of the request, as a request for one pair has its one."""
    async with app_of(a=[1.0, 2.0, 3.0]) as world:
        asked = "/api/market/tickers?symbols=BTC/USDT,ETH/USDT,SOL/USDT"
        answer = await world.client.get(asked)
        own = answer.headers["x-request-id"]
        found = (await world.client.get(f"/api/routing/decisions/{own}")).json()
        assert found["request_id"] == own
        assert {one["query"]["symbol"] for one in found["decisions"]} == {
            "BTC/USDT", "ETH/USDT", "SOL/USDT"
        }  # fmt: skip
        assert all(one["outcome"] == "answered" for one in found["decisions"])


async def test_the_same_id_of_two_clients_is_two_requests(app_of):
    """Neither replaces nor reads the decision of the other; ids the server gave are for all."""
    async with app_of(a=[1.0]) as world:
        mine = {"X-Request-ID": "job-1"}
        await world.client.get(TICKER, headers=mine)
        given = (await world.client.get("/api/market/ticker?symbol=SOL/USDT")).headers
        transport = httpx.ASGITransport(world.edge, client=("10.0.0.9", 50_000))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1:7860"
        ) as other:
            path = "/api/routing/decisions/job-1"
            assert (await other.get(path)).status_code == 404
            await other.get("/api/market/ticker?symbol=ETH/USDT", headers=mine)
            assert (await other.get(path)).json()["query"]["symbol"] == "ETH/USDT"
            theirs = await other.get(f"/api/routing/decisions/{given['x-request-id']}")
            assert theirs.json()["query"]["symbol"] == "SOL/USDT"
        assert (await world.client.get(path)).json()["query"]["symbol"] == "BTC/USDT"


HOSTS = [
    ("127.0.0.1:7860", 200),
    ("127.0.0.1", 200),
    ("localhost:9", 200),
    ("LOCALHOST", 200),
    ("[::1]:7860", 200),
    ("192.168.1.7:7860", 200),
    ("example.com:8443", 200),
    ("EXAMPLE.com:8443", 200),
    ("box.lan:7860", 200),
    ("example.com", 400),
    ("example.com:80", 400),
    ("evil.example", 400),
    ("localhost.evil.example", 400),
    ("127.0.0.1.evil.example", 400),
    ("127.0.0.1:99999", 400),
    ("127.0.0.1:7860@evil.example", 400),
    ("a b", 400),
    ("", 400),
    ("localhost:", 400),
    ("[::1", 400),
    ("2130706433", 400),
]


@pytest.mark.parametrize(("host", "status"), HOSTS)
@pytest.mark.parametrize("path", ["/healthz", "/", TICKER, "/static/site.css"])
async def test_host_check(app_of, host, status, path):
    """Loopback names, IP literals, the bound name and ALLOWED_HOSTS, exactly; on every route."""
    async with app_of(
        a=[1.0], _settings={"ALLOWED_HOSTS": "example.com:8443"}, _bound="box.lan"
    ) as world:
        for _ in range(2):
            answer = await world.client.get(path, headers={"Host": host})
            assert answer.status_code == status


async def test_a_missing_or_doubled_host_is_refused(app_of):
    """Two names are one too many, even if both are ours."""
    async with app_of(a=[1.0]) as world:
        statuses = []
        for headers in ([], [(b"host", b"localhost")] * 2, [(b"host", b"localhost")]):
            sent = []

            async def send(message, sent=sent):
                sent.append(message)

            scope = {
                "type": "http", "method": "GET", "path": "/healthz", "raw_path": b"/healthz",
                "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1),
                "scheme": "http", "http_version": "1.1", "root_path": "", "server": ("x", 1),
            }  # fmt: skip
            await world.edge(scope, None, send)
            statuses.append(sent[0]["status"])
        assert statuses == [400, 400, 200]


async def test_allowed_hosts_follow_a_reload(app_of):
    """No restart is needed to let a name in."""
    async with app_of(a=[1.0]) as world:
        headers = {"Host": "new.example"}
        assert (await world.client.get("/healthz", headers=headers)).status_code == 400
        world.environ["ALLOWED_HOSTS"] = "new.example"
        assert (await world.client.post("/api/config/reload")).status_code == 200
        assert (await world.client.get("/healthz", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "/api/market/ticker?symbol=" + "A" * 10_000,
        "/api/market/ticker?symbol=%00",
        "/api/market/ticker?symbol=%ED%A0%80",
        "/api/market/ticker?symbol=%FF",
        "/api/%00",
        "/" + "a" * 10_000,
    ],
)
async def test_h3_targets_no_honest_client_sends(app_of, target):
    """H3: NUL, 10 kB and lone surrogates are 400 with `errors`."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get(target)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert answer.json()["errors"]


async def test_every_response_carries_the_security_headers(app_of):
    """Answers, errors, pages and files; JSON says how it may be kept."""
    async with app_of(a=[1.0]) as world:
        for path in (TICKER, TICKER, "/api/nope", "/api/status", "/", "/docs", "/static/site.css"):
            answer = await world.client.get(path)
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert answer.headers["cache-control"]
            assert "access-control-allow-origin" not in answer.headers
            assert "server" not in answer.headers
        for path in ("/", "/docs"):
            policy = (await world.client.get(path)).headers["content-security-policy"]
            for part in (
                "default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'none'",
                "frame-ancestors 'self'",
            ):  # fmt: skip
                assert part in policy


async def test_pages_hold_no_inline_script_style_or_foreign_address(app_of):
    """What the policy forbids is not there."""
    async with app_of(a=[1.0]) as world:
        for path in ("/", "/docs"):
            page = (await world.client.get(path)).text
            for mark in ("<style", " style=", "onclick"):
                assert mark not in page.partition("<pre>")[0]
            loaded = re.findall(r"<(?:script|link|img|iframe)[^>]*>", page)
            assert loaded
            assert all("//" not in tag for tag in loaded)
            assert all("src=" in tag for tag in loaded if tag.startswith("<script"))


async def test_head_is_get_without_a_body(app_of):
    """The same headers, nothing after them."""
    async with app_of(a=[1.0]) as world:
        for path in (TICKER, "/healthz", "/"):
            await world.client.get(path)
            got = await world.client.get(path)
            head = await world.client.head(path)
            assert (head.status_code, head.content) == (200, b"")
            assert head.headers["content-length"] == got.headers["content-length"]


async def test_H4_one_client_has_its_share_and_others_theirs(app_of):
    """H4: 600 requests a minute for one distant client; loopback and others do not notice."""
    async with app_of(a=[1.0], _peer="203.0.113.9") as world:
        statuses = [(await world.client.get(TICKER)).status_code for _ in range(605)]
        assert statuses == [200] * 600 + [429] * 5
        refused = await world.client.get(TICKER)
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["code"] == "rate_limited"
        world.clock.advance(0.2)
        assert (await world.client.get(TICKER)).status_code == 200


async def test_loopback_has_no_share(app_of):
    """The machine's own may ask as often as they like."""
    async with app_of(a=[1.0]) as world:
        statuses = {(await world.client.get(TICKER)).status_code for _ in range(700)}
        assert statuses == {200}


async def test_too_much_in_flight_is_503(app_of):
    """Past the limit there is no queue; liveness is answered all the same."""
    async with app_of(a=[1.0], _settings={"MAX_IN_FLIGHT": "2"}) as world:
        world.edge.traffic.in_flight = 2
        answer = await world.client.get(TICKER)
        assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
        assert answer.headers["retry-after"] == "1"
        assert (await world.client.get("/healthz")).status_code == 200
        world.edge.traffic.in_flight = 0
        assert (await world.client.get(TICKER)).status_code == 200


async def test_a_stopping_server_takes_no_new_work(app_of):
    """G10: `/readyz` says so, `/healthz` stays."""
    async with app_of(a=[1.0]) as world:
        assert (await world.client.get("/readyz")).status_code == 200
        world.edge.traffic.draining = True
        assert (await world.client.get("/readyz")).status_code == 503
        assert (await world.client.get("/healthz")).status_code == 200
        answer = await world.client.get(TICKER)
        assert (answer.status_code, answer.headers["connection"]) == (503, "close")


async def test_one_request_event_for_each_request(app_of):
    """Template, status and time, whichever way it went."""
    async with app_of(a=[1.0]) as world:
        seen = []
        world.gateway.events.subscribe(seen.append)
        for path in (TICKER, TICKER, "/api/chain/bitcoin/gas", "/api/nope", "/api/market/ticker"):
            await world.client.get(path)
        got = [(e.message, e.detail["status"]) for e in seen if e.kind == "request"]
        assert got == [
            ("/api/market/ticker", 200),
            ("/api/market/ticker", 200),
            ("/api/chain/{chain}/gas", 200),
            ("unmatched", 404),
            ("/api/market/ticker", 400),
        ]
        assert all(e.detail["elapsed_ms"] > 0 for e in seen if e.kind == "request")


@pytest.mark.parametrize(
    ("path", "near"),
    [
        ("/api/market/tiker", "/api/market/ticker"),
        ("/api/markets/ticker", "/api/market/ticker"),
        ("/api/chain/bitcoin/gass", "/api/chain/bitcoin/gas"),
        ("/api/provider", "/api/providers"),
        ("/healtz", "/healthz"),
        ("/wp-login.php", None),
    ],
)
async def test_an_unknown_path_leads_on(app_of, path, near):
    """To the documentation, and to a path that is near."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "/docs" in answer.json()["detail"]
        assert near in answer.json().get("did_you_mean", [None])


async def test_what_browsers_and_crawlers_look_for_is_there(app_of):
    """The mark of the pages, and what crawlers may ask."""
    async with app_of(a=[1.0]) as world:
        mark = await world.client.get("/favicon.ico")
        assert (mark.status_code, mark.headers["content-type"]) == (200, "image/x-icon")
        robots = await world.client.get("/robots.txt")
        assert robots.headers["content-type"].startswith("text/plain")
        assert "Disallow: /api/" in robots.text
