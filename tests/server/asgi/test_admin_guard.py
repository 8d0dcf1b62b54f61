"""Who may change things: the whole matrix, on each mutating route."""

import pytest

TOKEN = "0123456789abcdef-token"
ROUTES = ["/api/config/reload", "/api/source-health/reset-all", "/api/source-health/reset/a"]
HERE = {"Host": "127.0.0.1:7860"}

WITHOUT_TOKEN = [
    ("plain", "127.0.0.1", {}, 200),
    ("ipv6 loopback", "::1", {"Host": "[::1]:7860"}, 200),
    ("mapped loopback", "::ffff:127.0.0.1", {}, 200),
    ("localhost", "127.0.0.1", {"Host": "localhost:7860"}, 200),
    ("same origin", "127.0.0.1", {"Origin": "http://127.0.0.1:7860"}, 200),
    ("same site by fetch", "127.0.0.1", {"Sec-Fetch-Site": "same-origin"}, 200),
    ("typed by a person", "127.0.0.1", {"Sec-Fetch-Site": "none"}, 200),
    ("distant peer", "203.0.113.5", {}, 403),
    ("private peer", "192.168.1.5", {}, 403),
    ("peer claims loopback", "203.0.113.5", {"X-Forwarded-For": "127.0.0.1"}, 403),
    ("forwarded", "127.0.0.1", {"Forwarded": "for=1.2.3.4"}, 403),
    ("x-forwarded-for", "127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 403),
    ("x-forwarded-proto", "127.0.0.1", {"X-Forwarded-Proto": "https"}, 403),
    ("via", "127.0.0.1", {"Via": "1.1 proxy"}, 403),
    ("behind Cloudflare", "127.0.0.1", {"CF-Connecting-IP": "1.2.3.4"}, 403),
    ("true client", "127.0.0.1", {"True-Client-IP": "1.2.3.4"}, 403),
    ("behind Fly", "127.0.0.1", {"Fly-Client-IP": "1.2.3.4"}, 403),
    ("cluster client", "127.0.0.1", {"X-Cluster-Client-IP": "1.2.3.4"}, 403),
    *(
        (f"behind {name}", "127.0.0.1", {name: "1"}, 403)
        for name in (
            "X-Real-IP", "CF-Visitor", "CDN-Loop", "X-Amz-Cf-Id", "X-ARR-LOG-ID", "X-Azure-Ref",
            "Ali-CDN-Real-IP", "X-Vercel-Id", "X-Envoy-Attempt-Count", "Tailscale-User-Login",
            "X-Goog-Authenticated-User-Email", "Front-End-Https", "Proxy-Connection",
            "X-A-Header-Nobody-Knows",
        )
    ),
    ("all a browser sends", "127.0.0.1", {
        "User-Agent": "Mozilla/5.0", "Accept": "*/*", "Accept-Language": "en", "DNT": "1",
        "Accept-Encoding": "gzip, br, zstd", "Referer": "http://127.0.0.1:7860/monitor",
        "Origin": "http://127.0.0.1:7860", "Connection": "keep-alive", "Cookie": "other=1",
        "Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin",
        "Sec-GPC": "1", "sec-ch-ua": "x", "Priority": "u=4", "Cache-Control": "no-cache",
    }, 200),
    ("host is an address of the network", "127.0.0.1", {"Host": "192.168.1.7:7860"}, 403),
    ("foreign origin", "127.0.0.1", {"Origin": "https://evil.example"}, 403),
    ("other port", "127.0.0.1", {"Origin": "http://127.0.0.1:3000"}, 403),
    ("other scheme", "127.0.0.1", {"Origin": "https://127.0.0.1:7860"}, 403),
    ("null origin", "127.0.0.1", {"Origin": "null"}, 403),
    ("cross site", "127.0.0.1", {"Sec-Fetch-Site": "cross-site"}, 403),
    ("other port by fetch", "127.0.0.1", {"Sec-Fetch-Site": "same-site"}, 403),
    ("rebound name", "127.0.0.1", {"Host": "evil.example"}, 400),
]  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "headers", "status"), [case[1:] for case in WITHOUT_TOKEN],
    ids=[case[0] for case in WITHOUT_TOKEN],
)  # fmt: skip
@pytest.mark.parametrize("route", ROUTES)
async def test_without_a_token_only_this_machine(app_of, route, peer, headers, status):
    """The socket's peer counts, not what a header claims."""
    async with app_of(a=[1.0], _peer=peer) as world:
        answer = await world.client.post(route, headers={**HERE, **headers})
        assert answer.status_code == status
        assert answer.headers["cache-control"] == "no-store"
        if status == 403:
            assert answer.json()["code"] == "forbidden_origin"


WITH_TOKEN = [
    ("right", "127.0.0.1", {"Authorization": f"Bearer {TOKEN}"}, 200),
    ("right from afar", "203.0.113.5", {"Authorization": f"Bearer {TOKEN}"}, 200),
    ("right through a proxy", "127.0.0.1",
     {"Authorization": f"bearer {TOKEN}", "X-Forwarded-For": "1.2.3.4"}, 200),
    ("missing", "127.0.0.1", {}, 401),
    ("wrong", "127.0.0.1", {"Authorization": f"Bearer {TOKEN[:-1]}X"}, 401),
    ("shorter", "127.0.0.1", {"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
    ("empty", "127.0.0.1", {"Authorization": "Bearer "}, 401),
    ("other scheme", "127.0.0.1", {"Authorization": f"Basic {TOKEN}"}, 401),
    ("not ASCII", "127.0.0.1", {"Authorization": "Bearer ü"}, 401),
]  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "headers", "status"), [case[1:] for case in WITH_TOKEN],
    ids=[case[0] for case in WITH_TOKEN],
)  # fmt: skip
@pytest.mark.parametrize("route", ROUTES)
async def test_with_a_token_the_token_alone(app_of, route, peer, headers, status):
    """No other sign of trust is taken in its place."""
    async with app_of(a=[1.0], _settings={"ADMIN_TOKEN": TOKEN}, _peer=peer) as world:
        given = {name: value.encode() for name, value in headers.items()}
        answer = await world.client.post(route, headers=given)
        assert answer.status_code == status
        if status == 401:
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["code"] == "admin_required"
        assert TOKEN not in answer.text


@pytest.mark.parametrize("bound", ["0.0.0.0", "::", "192.168.1.7", "box.lan"])
async def test_on_another_bind_address_nobody_without_a_token(app_of, bound):
    """403 even for this machine, and the status says why."""
    async with app_of(a=[1.0], _bound=bound) as world:
        answer = await world.client.post(ROUTES[0])
        assert answer.status_code == 403
        assert "ADMIN_TOKEN" in answer.json()["detail"]
        admin = (await world.client.get("/api/status")).json()["admin"]
        assert admin["allowed"] == "nobody"
        assert "ADMIN_TOKEN" in admin["detail"]


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, b"", 200),
        ({"Content-Type": "application/json"}, b"{}", 200),
        ({"Content-Type": "application/json; charset=utf-8"}, b"{}", 200),
        ({"Content-Type": "text/plain"}, b"{}", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"a=1", 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b"", 415),
        ({}, b"{}", 415),
    ],
)
async def test_bodies_only_as_json(app_of, headers, body, status):
    """A form is refused before anything is done."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.post(ROUTES[0], headers=headers, content=body)
        assert answer.status_code == status


async def test_a_reset_answers_the_state_after_it(app_of):
    """An offline source is unproven again."""
    from coinmux import Empty

    async with app_of(a=[Empty("no")]) as world:
        for _ in range(3):
            await world.client.get("/api/market/ticker?symbol=BTC&max_age_s=0")
        health = (await world.client.get("/api/source-health/status/a")).json()
        assert health["state"] == "OFFLINE"
        after = (await world.client.post("/api/source-health/reset/a")).json()
        assert after["state"] == "UNKNOWN"


async def test_a_reload_switches_a_provider(app_of):
    """What changed is answered and listed in the activity."""
    async with app_of(a=[1.0], b=[2.0]) as world:
        world.environ["A_ENABLED"] = "false"
        changes = (await world.client.post("/api/config/reload")).json()
        assert (changes["enabled"], changes["disabled"]) == ([], ["a"])
        answer = await world.client.get("/api/market/ticker?symbol=BTC")
        assert answer.json()["meta"]["provider"] == "b"
        events = (await world.client.get("/api/monitoring/activity")).json()["events"]
        assert any(event["kind"] == "config" for event in events)
