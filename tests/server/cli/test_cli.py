"""The command as a person uses it: tables, JSON, exit codes, errors in one line."""

import asyncio
import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from coinmux import Gateway
from coinmux.framework.testing.random_candles import random_candles
from tests.server.cli.in_process import run_here

ROOT = Path(__file__).resolve().parents[3]


def around(environ):
    """The environment of the command."""
    clean = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
    return {
        **clean,
        "PYTHONPATH": str(ROOT / "src"),
        "COLUMNS": "120",
        "PROVIDERS_ONLY": "binance,kraken",
        **environ,
    }


def here(*arguments, cwd=None, **environ):
    """As `coinmux`, without a process of its own."""
    return run_here(arguments, around(environ), cwd)


def coinmux(*arguments, cwd=None, **environ):
    return subprocess.run(
        [sys.executable, "-m", "coinmux", *arguments],
        env=around(environ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=cwd,
    )


def test_a_ticker_as_a_table_says_where_it_came_from():
    done = coinmux("ticker", "btc-usdt", "--simulate", "--env-file", os.devnull)
    assert done.returncode == 0, done.stderr
    assert "BTC/USDT" in done.stdout
    assert "from binance" in done.stdout
    assert "simulated" in done.stdout


def test_no_color_and_pipes_get_no_escapes():
    done = coinmux("ticker", "BTC", "--simulate", "--env-file", os.devnull, NO_COLOR="1")
    assert "\x1b" not in done.stdout


def test_candles_as_json_are_the_contract_envelope():
    done = here(
        "candles", "ETH/USDT", "--limit", "3", "--json", "--simulate", "--env-file", os.devnull
    )
    body = json.loads(done.stdout)
    assert len(body["data"]["rows"]) == 3
    assert body["meta"]["simulated"] is True


def test_explain_names_every_candidate():
    done = here("explain", "ticker", "symbol=BTC/USDT", "--json", "--env-file", os.devnull)
    lines = {c["provider"]: c["reason"] for c in json.loads(done.stdout)["candidates"]}
    assert lines["binance"] == "first_choice"
    assert lines["kraken"] == "lower_priority"
    assert lines["okx"] == "switched_off"


def test_providers_lists_what_is_on_and_why_not():
    done = coinmux("providers", "--json", "--env-file", os.devnull)
    shown = {p["name"]: p for p in json.loads(done.stdout)["providers"]}
    assert shown["binance"]["enabled"]
    assert shown["okx"]["reason"] == "switched_off"


def test_doctor_is_content_with_a_clean_place_and_not_with_a_bad_setting(tmp_path):
    assert coinmux("doctor", cwd=tmp_path, PORT="0").returncode == 0
    done = coinmux("doctor", "--json", "--env-file", os.devnull, PORT="x")
    assert done.returncode == 1
    assert any(f["status"] == "failed" and "PORT" in f["detail"] for f in json.loads(done.stdout))


def test_doctor_warns_of_a_readable_env_file(tmp_path):
    path = tmp_path / ".env"
    path.write_text("DEFAULT_QUOTE=EUR\n")
    path.chmod(0o644)
    findings = json.loads(here("doctor", "--json", "--env-file", str(path)).stdout)
    assert any("chmod 600" in finding["remedy"] for finding in findings)


def test_doctor_probes_say_which_source_cannot_be_reached():
    done = coinmux(
        "doctor", "--probe", "--json", "--env-file", os.devnull,
        PROVIDERS_ONLY="binance", BINANCE_BASE_URL="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.returncode == 1
    assert any(
        f["subject"] == "binance" and f["status"] == "failed" for f in json.loads(done.stdout)
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["ticker", "a b"], 2, "invalid_symbol"),
        (["ticker", "BTC", "--provider", "binanse"], 2, "did you mean binance"),
        (["ticker", "BTC", "--timeout", "99"], 2, "timeout_s takes seconds"),
        (["candles", "BTC", "--interval", "7m"], 2, "7m"),
        (["explain", "ticker", "symbol"], 2, "name=value"),
        (["explain", "tickre"], 2, "no capability"),
        (["nonsense"], 2, "nonsense"),
        (["ticker", "BTC", "--provider", "okx"], 2, "feature_disabled"),
    ],
)
def test_a_wrong_question_exits_with_2_and_says_what_would_do(arguments, code, words):
    done = here(*arguments, *([] if arguments == ["nonsense"] else ["--env-file", os.devnull]))
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_when_nobody_answers_it_exits_with_1_and_says_how_each_failed():
    done = coinmux(
        "ticker", "BTC", "--env-file", os.devnull,
        BINANCE_BASE_URL="http://127.0.0.1:9", KRAKEN_BASE_URL="http://127.0.0.1:9",
    )  # fmt: skip
    assert done.returncode == 1
    assert "all_providers_failed" in done.stderr
    for name in ("binance", "kraken"):
        (line,) = [one for one in done.stderr.splitlines() if one.startswith(f"  {name}: failed")]
        assert line.endswith("ms (upstream_unreachable)")


@pytest.mark.parametrize(
    ("arguments", "environ", "words"),
    [
        (
            ["ticker", "BTC", "--provider", "coincap"],
            {"PROVIDERS_ONLY": ""},
            "set COINCAP_API_KEY in .env or in the environment",
        ),
        (["ticker", "BTC", "--provider", "okx"], {}, "PROVIDERS_ONLY names the providers"),
        (["serve"], {"PORT": "x"}, "PORT takes a whole number from 0 to 65535"),
        (["serve"], {"LOG_FORMAT": "xml"}, "LOG_FORMAT takes auto, json or console"),
        (["serve"], {"STATE_URL": "x"}, "see `coinmux env-example`"),
    ],
)
def test_an_error_names_the_setting_and_what_would_do(arguments, environ, words):
    # A server that begins after all is ended by the time limit of a process.
    run = coinmux if arguments == ["serve"] else here
    done = run(*arguments, "--env-file", os.devnull, **environ)
    assert done.returncode == 2
    assert words in done.stderr


def test_sources_passed_over_for_one_reason_are_one_line():
    done = here(
        "ticker", "BTC", "--env-file", os.devnull, PROVIDERS_ONLY="lexicon",
    )  # fmt: skip
    assert done.returncode == 1
    (line,) = [one for one in done.stderr.splitlines() if "(switched_off)" in one]
    assert {"binance", "kraken"} <= set(line.strip().partition(":")[0].split(", "))


def test_the_version_is_told():
    done = coinmux("--version")
    assert done.returncode == 0
    assert "coinmux" in done.stdout


def test_the_env_example_is_a_file_that_reads_back(tmp_path):
    text = here("env-example", "--env-file", os.devnull).stdout
    path = tmp_path / ".env"
    path.write_text(text.replace("#DEFAULT_QUOTE=", "DEFAULT_QUOTE=EUR"))
    path.chmod(0o600)
    findings = json.loads(here("doctor", "--json", "--env-file", str(path)).stdout)
    assert not [f for f in findings if f["subject"] == "settings"]


def test_an_indicator_as_a_table_with_its_reading():
    done = here(
        "indicator", "rsi", "BTC", "period=9", "--limit", "3", "--simulate",
        "--env-file", os.devnull,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "RSI(9) of BTC/USDT 1h" in done.stdout
    assert "rsi" in done.stdout
    assert "simulated" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("rsy", "BTC"), "did you mean rsi"),
        (("rsi", "BTC", "period=1"), "takes a whole number from 2 to 1000"),
        (("rsi", "BTC", "period"), "not name=value"),
    ],
)
def test_an_indicator_that_cannot_be_asked_so_exits_with_2(arguments, word):
    done = here("indicator", *arguments, "--simulate", "--env-file", os.devnull)
    assert done.returncode == 2
    assert word in " ".join(done.stderr.split())


def test_indicators_are_listed_with_their_parameters():
    done = here("indicators", "--json", "--env-file", os.devnull)
    lines = {one["name"]: one for one in json.loads(done.stdout)["indicators"]}
    assert len(lines) > 200
    assert lines["macd"]["minimum_candles"] == 35


@pytest.fixture
def kept(tmp_path):
    """A folder with an archive of twenty-nine candles."""

    async def keep():
        environ = {"CHECKER": "off", "DATABASE_URL": f"sqlite:///{tmp_path}/data/archive.db"}
        async with Gateway.from_env(None, environ=environ, found=[]) as gateway:
            gateway.archive.keep_candles(random_candles(30), "binance")
            assert await gateway.archive.flush()

    asyncio.run(keep())
    return tmp_path


def test_kept_candles_are_exported_as_csv_and_parquet(kept):
    done = coinmux("candles", "export", "btc", "--start", "2025-11-24", cwd=kept)
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert done.returncode == 0, done.stderr
    assert [row["provider"] for row in rows] == ["binance"] * 16
    assert int(rows[0]["timestamp"]) == 1763942400000
    candles = random_candles(30)
    assert [float(row["close"]) for row in rows] == candles.close[13:-1].tolist()
    done = coinmux(
        "candles", "export", "BTC/USDT", "--format", "parquet", "--out", "kept.parquet", cwd=kept
    )
    assert done.returncode == 0, done.stderr
    table = parquet.read_table(kept / "kept.parquet")
    assert table.num_rows == 29
    assert str(table.schema.field("timestamp").type) == "timestamp[ms, tz=UTC]"
    assert table.column("close").to_pylist() == candles.close[:-1].tolist()


@pytest.mark.parametrize(
    ("arguments", "code", "word"),
    [
        (("ETH",), 2, "has no 1h candles of ETH/USDT"),
        (("BTC", "--start", "soon"), 2, "takes Unix milliseconds"),
        (("BTC", "--format", "parquet"), 2, "needs --out"),
    ],
)
def test_an_export_of_nothing_says_what_there_is_not(arguments, code, word, kept):
    done = here("candles", "export", *arguments, cwd=kept)
    assert done.returncode == code
    assert word in " ".join(done.stderr.split())


def test_without_an_archive_there_is_nothing_to_export_and_none_is_made(tmp_path):
    done = here("candles", "export", "BTC", cwd=tmp_path)
    assert done.returncode == 2
    assert "there is no archive here" in done.stderr
    assert not list(tmp_path.iterdir())
