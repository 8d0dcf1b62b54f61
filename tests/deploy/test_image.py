"""The Dockerfile: what it says, and what its steps make when they are run."""

import json
import re
import time

import httpx
import pytest

from tests.deploy.dockerfile import FILE, ROOT, context, stages
from tests.deploy.image import Image, may_mount
from tests.e2e.conftest import free_port


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """The image, built once: from the lock, with every hash compared, into an empty environment."""
    # Under CI too: it is a right of the machine, which nothing that is installed can give.
    if not may_mount(tmp_path_factory.mktemp("may-mount")):
        pytest.skip("laying a folder over the root takes root, and a machine that permits it")
    return Image(tmp_path_factory.mktemp("image"))


@pytest.fixture
def data(tmp_path):
    """The volume."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    return folder


def last_of(process):
    """How a process ended, and what it said."""
    said = process.communicate(timeout=60)[0]
    return process.returncode, said


def health_check():
    """The command of HEALTHCHECK."""
    return json.loads(stages()[-1].last("HEALTHCHECK").partition("CMD ")[2])


# What it says


def test_the_last_stage_is_a_user_without_a_compiler_or_the_sources():
    """Only the environment is copied into it, the user has a number, and a check is declared."""
    build, last = stages()
    assert build.base == last.base
    copied = [text for word, text in last.steps if word == "COPY"]
    assert copied == ["--from=build /opt/coinmux /opt/coinmux"]
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", last.last("USER"))
    assert last.last("VOLUME") == last.last("WORKDIR") == "/data"
    assert last.last("STOPSIGNAL") == "SIGTERM"
    assert health_check()[0] == "python"


def test_every_installation_is_of_files_with_hashes_or_of_our_own_wheel():
    """Nothing else is asked of a registry, neither by pip nor while our wheel is built."""
    runs = " && ".join(text for stage in stages() for word, text in stage.steps if word == "RUN")
    installs = [one for one in runs.split("&&") if "pip install" in one]
    assert len(installs) == 3
    for one in installs:
        assert "--no-cache-dir" in one
        assert "--require-hashes --only-binary :all:" in one or "--no-deps --no-index" in one
    assert "pip wheel" not in runs, "it would fetch the build's own needs without hashes"


def test_the_build_is_given_the_package_and_the_locks_and_nothing_else():
    """No key, no archive, no test, and every file that the wheel is made of."""
    given = {path.as_posix() for path in context()}
    tops = {path.split("/")[0] for path in given}
    assert tops == {
        "LICENSE", "README.md", "deploy", "framework", "plugins", "pyproject.toml", "server",
        "src", "static",
    }  # fmt: skip
    assert {path for path in given if path.startswith("deploy/")} == {
        "deploy/build.lock", "deploy/requirements.lock",
    }  # fmt: skip
    assert not [path for path in given if "__pycache__" in path or path.endswith(".env")]
    assert {"src/coinmux/framework", "framework/archive/migrations/env.py"} <= given
    for source in re.findall(r"^COPY (deploy/.+) /", FILE.read_text(), flags=re.MULTILINE):
        assert all((ROOT / one).is_file() for one in source.split())


# What its steps make


def test_a_container_serves_as_a_user_who_can_write_nothing_but_its_data(image, data):
    """Read-only root, no rights; the health check and the stop are as Docker would have them."""
    port = str(free_port())
    quiet = {"PORT": port, "CHECKER": "off"}
    ended, _ = last_of(image.execute(data, *health_check(), **quiet))
    assert ended != 0, "nobody serves yet"
    server = image.start(data, **quiet)
    try:
        url, until = f"http://127.0.0.1:{port}", time.monotonic() + 60
        while last_of(image.execute(data, *health_check(), **quiet))[0] != 0:
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < until
        status = {"database": None}
        while status["database"] != "ONLINE":
            assert time.monotonic() < until
            told = httpx.get(f"{url}/api/status", timeout=10).json()["services"]
            status = {one["name"]: one["status"] for one in told}
        for page in ("/", "/docs", "/metrics"):
            assert httpx.get(url + page, timeout=30).status_code == 200
        assert httpx.get(f"{url}/api/providers", timeout=30).json()["broken"] == []
    finally:
        server.terminate()
        ended, said = last_of(server)
    assert ended == 0, said
    # JSON lines, as LOG_FORMAT has them, and no complaint but of the load while tests run.
    lines = [json.loads(line) for line in said.splitlines()]
    bad = [one["message"] for one in lines if one["level"] in ("warning", "error")]
    assert [one for one in bad if "the event loop stood still" not in one] == []
    assert (data / "archive.db").stat().st_mode & 0o777 == 0o600
    assert (data / "archive.db").stat().st_uid == 10001


def test_two_workers_serve_on_a_read_only_root_as_well(image, data):
    """As compose starts it; what workers share of their figures needs /tmp alone."""
    port = str(free_port())
    server = image.start(data, "serve", "--workers", "2", PORT=port, CHECKER="off")
    try:
        until = time.monotonic() + 90
        while last_of(image.execute(data, *health_check(), PORT=port))[0] != 0:
            assert server.poll() is None, server.communicate()[0]
            assert time.monotonic() < until
        assert httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30).status_code == 200
    finally:
        server.terminate()
        ended, said = last_of(server)
    assert ended == 0, said
    assert "Read-only file system" not in said
    assert "Traceback" not in said


def test_nothing_but_data_and_tmp_can_be_written_to(image, data):
    tried = "for at in /x /opt/coinmux/x /etc/x /data/x /tmp/x; do (: > $at) 2>&- && echo $at; done"
    _, said = last_of(image.execute(data, "sh", "-c", f"{tried}; id -u; id -G"))
    assert said.split() == ["/data/x", "/tmp/x", "10001", "10001"]


def test_the_command_is_the_installed_one_and_doctor_is_content(image, data):
    """The environment has what the lock has and coinmux, no pip, and no file of a checkout."""
    _, where = last_of(
        image.execute(data, "python", "-c", "import coinmux; print(coinmux.__file__)")
    )
    assert where.startswith("/opt/coinmux/lib/python")
    assert last_of(image.execute(data, "python", "-c", "import pip"))[0] == 1
    ended, said = last_of(image.start(data, "doctor", "--json", PORT="0"))
    assert ended == 0, said
    assert not [one for one in json.loads(said) if one["status"] == "failed"]
