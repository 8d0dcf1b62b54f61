"""Addresses as people have them: read where they can be, else told without any part of them."""

from urllib.parse import unquote, urlsplit

import pytest

from coinmux.framework.config.addresses import password_of, well_formed
from coinmux.framework.config.settings import InvalidSetting, Settings

HARD = [
    "Ab3xYz9Q/k7+w==", "p@ss@word", "what?now", "a#b", "s:e:c", "50%off", "/", "a/b@c/d?e#f",
    "12345/x", "ünïcode/1", "q[x]y", "sp&ce=1;2",
]  # fmt: skip


@pytest.mark.parametrize("password", HARD)
@pytest.mark.parametrize(
    "form",
    ["redis://:{}@host", "rediss://user:{}@host:6380/2", "valkey://:{}@valkey:6379/0",
     "postgresql://me:{}@db.example.com/name", "postgres://me:{}@[::1]:5432/name?sslmode=require"],
)  # fmt: skip
def test_a_password_may_hold_anything(form, password):
    address = well_formed(form.format(password))
    parts = urlsplit(address)
    plain = urlsplit(form.format("x"))
    assert password_of(address) == password
    assert (parts.hostname, parts.port, parts.path, parts.query, parts.username) == (
        plain.hostname, plain.port, plain.path, plain.query, plain.username,
    )  # fmt: skip


@pytest.mark.parametrize(
    "address",
    ["redis://host", "redis://host:6379/1", "redis://:p%2Fq@host", "postgresql://a:b@h/d?x=a@b",
     "postgresql:///name?host=/run/postgresql", "redis://[::1]:7/0", "valkeys://u:p@h:1"],
)  # fmt: skip
def test_a_well_formed_address_stays_as_it_is(address):
    assert well_formed(address) == address


def test_what_is_encoded_already_is_not_encoded_twice():
    assert unquote(password_of(well_formed("redis://:p%2Fq@host"))) == "p/q"


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("STATE_URL", "redis://:hunter22@host:port"),
        ("STATE_URL", "redis://:hunter22@host:99999"),
        ("STATE_URL", "redis://:hunter22@ho st"),
        ("STATE_URL", "http://:hunter22@host"),
        ("STATE_URL", "redis://hunter22/only"[:16] + "#x"),
        ("DATABASE_URL", "postgresql://me:hunter22@host:54x2/db"),
        ("DATABASE_URL", "postgresql://me:hunter22@host:0/db"),
        ("DATABASE_URL", "postgresql://me:hunter22@host/db?sslmode=hunter22"),
        ("DATABASE_URL", "postgresql://me:pw@host/db?hunter22=1"),
        ("DATABASE_URL", "mysql://me:hunter22@host/db"),
    ],
)
def test_what_cannot_be_read_names_the_variable_and_never_the_password(variable, address):
    with pytest.raises(InvalidSetting) as caught:
        Settings.read({variable: address})
    assert caught.value.detail.startswith(f"{variable} ")
    assert "hunter22" not in str(caught.value) + str(caught.value.extra)


@pytest.mark.parametrize(
    "options",
    ["sslmode=require", "sslmode=require&channel_binding=require", "sslmode=verify-full",
     "connect_timeout=10&application_name=coinmux", "pgbouncer=true&connection_limit=1"],
)  # fmt: skip
def test_the_options_hosted_databases_hand_out_are_taken(options):
    settings = Settings.read({"DATABASE_URL": f"postgresql://me:pw@db.example/name?{options}"})
    assert settings.database_url.reveal().endswith(options)
