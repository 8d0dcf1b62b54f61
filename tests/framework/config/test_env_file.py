"""Configuration: what the environment switches on, and how bad files and values are told."""

import os
from pathlib import Path

import pytest

from coinmux import EnvVar, ProviderInfo
from coinmux.framework.config.env_file import EnvConfig, EnvFile
from coinmux.framework.config.provider_config import find_feature
from coinmux.framework.config.settings import InvalidSetting, Settings
from coinmux.framework.errors import UnknownFeature
from coinmux.framework.plugins.provider_info import Channel
from coinmux.framework.plugins.rate_limit import RateLimit

INFO = ProviderInfo(
    name="acme",
    title="Acme",
    category="market",
    base_url="https://api.acme.example",
    hosts={"coins": "https://coins.acme.example"},
    channels=(Channel("one", "https://one.acme.example"),),
    env=(EnvVar("ACME_KEY", aliases=("ACME_OLD_KEY",)), EnvVar("ACME_EXTRA", required=False)),
)


def config(tmp_path, text=None, **environ):
    path = tmp_path / ".env"
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        path.chmod(0o600)
    return EnvConfig(path, environ)


def test_the_process_environment_wins_over_the_file(tmp_path):
    env = config(tmp_path, "DEFAULT_QUOTE=EUR\nPORT=1234\n", DEFAULT_QUOTE="USD")
    assert (env.settings.default_quote, env.settings.port) == ("USD", 1234)


def test_a_missing_file_is_no_trouble(tmp_path):
    assert config(tmp_path).warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        'export ACME_KEY="secret value"\n',
        "ACME_KEY='secret value'\r\n",
        b"\xef\xbb\xbfACME_KEY=secret value\n",
        "# words\n\nACME_KEY=secret value # why\n",
    ],
    ids=["export", "crlf", "bom", "comment"],
)
def test_G11_usual_ways_of_writing_a_file_are_read(tmp_path, text):
    env = config(tmp_path, text)
    assert env.value_of(INFO.env[0]).reveal() == "secret value"


def test_G11_a_broken_line_is_told_by_number_never_by_value(tmp_path):
    env = config(tmp_path, "PORT=1\nthis is = 'hunter2\nDEFAULT_QUOTE=EUR\n")
    assert any("line 2" in warning for warning in env.warnings)
    assert not any("hunter2" in warning for warning in env.warnings)


def test_G11_duplicate_keys_are_told_and_the_last_counts(tmp_path):
    env = config(tmp_path, "PORT=1\nPORT=2\n")
    assert env.settings.port == 2
    assert "line 2 sets PORT again (first on line 1)" in env.warnings[0]


def test_G11_bytes_that_are_not_utf8_are_told_by_line(tmp_path):
    env = config(tmp_path, b"PORT=1\nX=\xff\xfe\n")
    assert "line 2 is not UTF-8" in env.warnings[0]
    assert env.settings.port == 7860


def test_a_file_others_may_read_is_warned_of(tmp_path):
    path = tmp_path / ".env"
    path.write_text("PORT=1\n")
    path.chmod(0o644)
    assert "chmod 600" in EnvFile.read(path).warnings[0]


def test_what_stands_for_no_file_is_not_warned_of():
    """`--env-file /dev/null` is how one has none; nobody can close it to others."""
    assert EnvFile.read(Path(os.devnull)).warnings == ()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORT", "70000"),
        ("ADMIN_TOKEN", "short"),
        ("CHECKER", "maybe"),
        ("REQUEST_TIMEOUT_S", "nan"),
        ("LOG_LEVEL", "loud"),
    ],
)
def test_a_bad_setting_names_its_variable_and_what_would_do(variable, value):
    with pytest.raises(InvalidSetting) as caught:
        Settings.read({variable: value})
    assert caught.value.errors[0]["name"] == variable
    assert "takes" in caught.value.detail
    assert value not in caught.value.detail.replace("takes", "")


@pytest.mark.parametrize(
    ("environ", "enabled", "reason"),
    [
        ({}, False, "missing_key"),
        ({"ACME_KEY": " "}, False, "missing_key"),
        ({"ACME_KEY": "k"}, True, None),
        ({"ACME_OLD_KEY": "k"}, True, None),
        ({"ACME_KEY": "k", "ACME_ENABLED": "false"}, False, "switched_off"),
        ({"ACME_KEY": "k", "PROVIDERS_ONLY": "binance,kraken"}, False, "switched_off"),
        ({"ACME_KEY": "k", "PROVIDERS_ONLY": "Acme"}, True, None),
    ],
)
def test_a_feature_is_on_or_off_for_a_reason(tmp_path, environ, enabled, reason):
    feature = config(tmp_path, **environ).feature(INFO)
    assert (feature.enabled, feature.reason) == (enabled, reason)


def test_values_never_leave_in_the_feature(tmp_path):
    feature = config(tmp_path, ACME_KEY="hunter2hunter2").feature(INFO)
    assert "hunter2" not in str(feature)
    assert "ACME_KEY" in feature.present


def test_overrides_are_read_per_provider_host_and_channel(tmp_path):
    overrides = config(
        tmp_path,
        ACME_BASE_URL="http://127.0.0.1:1/x/",
        ACME_BASE_URL_COINS="http://127.0.0.1:2",
        ACME_BASE_URL_ONE="http://127.0.0.1:3",
        ACME_PRIORITY="5",
        ACME_RATE_LIMIT="10/1, 600/60",
    ).overrides(INFO)
    assert overrides.base_urls == {
        "": "http://127.0.0.1:1/x",
        "coins": "http://127.0.0.1:2",
        "one": "http://127.0.0.1:3",
    }
    assert overrides.priority == 5
    assert overrides.rate_limits == (RateLimit(10, 1), RateLimit(600, 60))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ACME_BASE_URL", "ftp://x"),
        ("ACME_PRIORITY", "high"),
        ("ACME_RATE_LIMIT", "10"),
        ("ACME_TIMEOUT_S", "0"),
    ],
)
def test_a_bad_override_names_its_variable(tmp_path, variable, value):
    with pytest.raises(InvalidSetting, match=variable):
        config(tmp_path, **{variable: value}).overrides(INFO)


def test_an_unknown_feature_offers_near_names(tmp_path):
    with pytest.raises(UnknownFeature) as caught:
        find_feature({"binance": config(tmp_path).feature(INFO)}, "Binanse")
    assert caught.value.extra["did_you_mean"] == ["binance"]


def test_a_path_that_names_a_provider_or_its_channel_holds_no_secret():
    """The simulator's addresses do; what else a path holds may be somebody's key."""
    info = ProviderInfo(
        name="rss_reader_of_ours", title="R", category="news", base_url="https://r.example",
        channels=(Channel("bitcoin_magazine", "https://c.example"),),
    )  # fmt: skip
    values = {
        "RSS_READER_OF_OURS_BASE_URL": "http://127.0.0.1:1/rss_reader_of_ours",
        "RSS_READER_OF_OURS_BASE_URL_BITCOIN_MAGAZINE": "http://127.0.0.1:1/bitcoin_magazine/k3y-k3y-k3y-k3y-k3y",
    }
    assert EnvConfig(None, values).secrets([info]) == ["k3y-k3y-k3y-k3y-k3y"]
