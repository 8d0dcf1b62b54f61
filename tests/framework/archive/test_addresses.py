"""Addresses of PostgreSQL as hosted databases hand them out, against a real one."""

import subprocess

import pytest

from coinmux import InvalidRequest
from coinmux.framework.archive.archive import Archive
from coinmux.framework.archive.database import Database, read_database_url
from coinmux.framework.config.settings import Settings
from coinmux.framework.events import EventBus


@pytest.fixture
def over_tls(cluster):
    """A database that offers TLS, and its certificate."""
    address = cluster.new()
    folder = cluster._folder
    subprocess.run(
        [*cluster._prefix, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem"),
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    settings = {
        "ssl_cert_file": f"'{folder / 'cert.pem'}'",
        "ssl_key_file": f"'{folder / 'key.pem'}'",
        "ssl": "on",
    }
    for name, value in settings.items():
        psql(cluster, f"ALTER SYSTEM SET {name} = {value}")
    psql(cluster, "SELECT pg_reload_conf()")
    yield address, folder / "cert.pem"
    psql(cluster, "ALTER SYSTEM SET ssl = off")
    psql(cluster, "SELECT pg_reload_conf()")


def psql(cluster, text):
    subprocess.run(
        [*cluster._prefix, str(cluster._programs / "psql"), "-h", "127.0.0.1", "-p",
         str(cluster.port), "-U", "coinmux", "-d", "postgres", "-c", text],
        check=True, capture_output=True,
    )  # fmt: skip


async def told_of(address, clock, asked):
    settings = Settings.read({"DATABASE_URL": address})
    database = Database(read_database_url(settings.database_url.reveal()), clock)
    archive = Archive(database, clock, EventBus(clock))
    await archive.open()
    try:
        assert archive.status()[0] == "ONLINE", archive.status()
        async with database.engine.connect() as connection:
            return (await connection.exec_driver_sql(asked)).scalar_one()
    finally:
        await archive.close()


IS_TLS = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.mark.parametrize(
    ("options", "secure"),
    [
        ("sslmode=require", True),
        ("sslmode=require&channel_binding=prefer&connect_timeout=10", True),
        ("ssl=require", True),
        ("sslmode=prefer", True),
        ("sslmode=disable", False),
        ("sslmode=verify-full&sslrootcert={cert}", True),
        ("sslmode=verify-ca&sslrootcert={cert}", True),
    ],
)
async def test_sslmode_is_kept(over_tls, clock, options, secure):
    address, certificate = over_tls
    options = options.format(cert=certificate)
    assert await told_of(f"{address}?{options}", clock, IS_TLS) is secure


async def test_other_options_of_libpq_are_taken(cluster, clock):
    address = f"{cluster.new()}?application_name=coinmux-1&pgbouncer=true&connection_limit=1"
    assert await told_of(address, clock, "SHOW application_name") == "coinmux-1"


async def test_a_certificate_that_is_not_there_names_the_variable(clock):
    address = "postgresql://me:hunter22@db/x?sslmode=verify-full&sslrootcert=/nowhere/hunter22.pem"
    with pytest.raises(InvalidRequest) as caught:
        Database(read_database_url(address), clock)
    assert caught.value.detail.startswith("DATABASE_URL ")
    assert "hunter22" not in str(caught.value)
