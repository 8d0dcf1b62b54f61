"""For which client a proxy asks, and whom nobody can pretend to be."""

import ipaddress

import pytest

from coinmux.server.asgi.trusted_proxies import TrustedProxies

TICKER = "/api/market/ticker?symbol=BTC/USDT"
NAMED = {"TRUSTED_PROXIES": "192.0.2.1, 10.0.0.0/8", "CLIENT_REQUESTS_PER_MIN": "2"}


def proxies(header="x-forwarded-for", *networks):
    return TrustedProxies(
        [ipaddress.ip_network(one) for one in networks or ("192.0.2.1", "10.0.0.0/8")], header
    )


@pytest.mark.parametrize(
    ("values", "client"),
    [
        (["198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6, 198.51.100.7"], "198.51.100.7"),
        (["6.6.6.6", "198.51.100.7"], "198.51.100.7"),
        (["198.51.100.7, 10.1.2.3"], "198.51.100.7"),
        (["198.51.100.7, 6.6.6.6, 10.1.2.3, 10.9.9.9"], "6.6.6.6"),
        (["10.1.2.3"], "10.1.2.3"),
        (["198.51.100.7:4711"], "198.51.100.7"),
        (["[2001:db8::1]:4711"], "2001:db8::1"),
        (["2001:db8::1"], "2001:db8::1"),
        (["::ffff:198.51.100.7"], "198.51.100.7"),
        (["198.51.100.7, unknown"], None),
        (["unknown, 10.1.2.3"], "10.1.2.3"),
        ([""], None),
        ([], None),
    ],
)
def test_the_nearest_that_is_no_proxy_is_the_client(values, client):
    """What stands to the left of it was written by the client itself."""
    headers = [(b"x-forwarded-for", value.encode()) for value in values]
    assert proxies().client([*headers, (b"forwarded", b"for=6.6.6.6")]) == client


@pytest.mark.parametrize(
    ("value", "client"),
    [
        ("for=198.51.100.7", "198.51.100.7"),
        ('for=6.6.6.6, For="[2001:db8::1]:4711";proto=https;by=10.0.0.1', "2001:db8::1"),
        ("proto=https;for=198.51.100.7;by=10.0.0.1, for=10.1.1.1", "198.51.100.7"),
        ("for=_hidden", None),
        ("by=10.0.0.1", None),
    ],
)
def test_forwarded_is_read_where_it_is_the_one_that_counts(value, client):
    """Then `X-Forwarded-For`, which such a proxy passes on as it came, is not."""
    headers = [(b"forwarded", value.encode()), (b"x-forwarded-for", b"6.6.6.6")]
    assert proxies("forwarded").client(headers) == client


def test_a_proxy_is_named_by_its_address_or_network():
    """Also where a socket shows it as an IPv6 one."""
    found = proxies()
    assert [found.names(one) for one in ("192.0.2.1", "::ffff:192.0.2.1", "10.255.0.1")] == [
        True, True, True,
    ]  # fmt: skip
    assert not any(found.names(one) for one in ("192.0.2.2", "testclient", "", "2001:db8::1"))
    assert not TrustedProxies((), "x-forwarded-for")


async def test_limits_count_the_client_that_a_named_proxy_names(app_of):
    """Each has its own, and none gets more by naming others."""
    async with app_of(_settings=NAMED, _peer="192.0.2.1", a=[1.0]) as world:

        async def ask(client, *pretended):
            chain = ", ".join([*pretended, client])
            answer = await world.client.get(TICKER, headers={"X-Forwarded-For": chain})
            return answer.status_code

        assert [await ask("198.51.100.7") for _ in range(3)] == [200, 200, 429]
        assert [await ask("198.51.100.8") for _ in range(3)] == [200, 200, 429]
        assert await ask("198.51.100.7", "203.0.113.1") == 429
        assert await ask("2001:db8::1") == 200


async def test_a_header_of_anybody_else_is_not_believed(app_of):
    """Whoever is no named proxy is counted by their own address, whatever they send."""
    async with app_of(_settings=NAMED, _peer="192.0.2.99", a=[1.0]) as world:
        statuses = [
            (await world.client.get(TICKER, headers={"X-Forwarded-For": f"198.51.100.{at}"}))
            for at in range(3)
        ]
        assert [one.status_code for one in statuses] == [200, 200, 429]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Forwarded-For": "127.0.0.1"},
        {"X-Forwarded-For": "198.51.100.7"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
        {"Via": "1.1 proxy"},
    ],
)
@pytest.mark.parametrize("named", [True, False])
async def test_what_a_proxy_on_this_machine_relays_is_never_local(app_of, headers, named):
    """Named, whatever it sends; not named, whatever says that it was relayed."""
    settings = {"TRUSTED_PROXIES": "127.0.0.1"} if named else {}
    async with app_of(_settings=settings, a=[1.0]) as world:
        answer = await world.client.post("/api/config/reload", headers=headers)
        is_direct = not named and not headers
        assert answer.status_code == (200 if is_direct else 403)


async def test_the_token_works_through_a_proxy(app_of):
    """It is how an operator changes things from afar."""
    settings = {"TRUSTED_PROXIES": "127.0.0.1", "ADMIN_TOKEN": "sixteen characters and more"}
    async with app_of(_settings=settings, a=[1.0]) as world:
        headers = {
            "Authorization": f"Bearer {settings['ADMIN_TOKEN']}",
            "X-Forwarded-For": "1.2.3.4",
        }
        assert (await world.client.post("/api/config/reload", headers=headers)).status_code == 200
