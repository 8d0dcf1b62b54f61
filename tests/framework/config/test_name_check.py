"""Names that nothing reads are told, with the one that may be meant; lists of plugins refused."""

import pytest

from coinmux import Gateway
from coinmux.framework.config.name_check import placeholders, refuse_unknown, unknown_variables
from coinmux.framework.config.settings import InvalidSetting
from coinmux.framework.plugins.discovery import PluginLoader

LOADED = ["binance", "kraken", "etherscan", "huggingface"]


@pytest.fixture(scope="module")
def infos():
    loader = PluginLoader()
    loader.load(loader.discover(allow=LOADED), wait_s=20, limit_s=20)
    return [provider.info for provider in loader.providers.values()]


@pytest.fixture
def gateway_in(tmp_path):
    """A gateway with four plugins and this `.env`; `edit` writes another."""
    file = tmp_path / ".env"

    def edit(text):
        file.write_text(text)
        file.chmod(0o600)

    def make(text="", **environ):
        edit(text)
        found = PluginLoader().discover(allow=LOADED)
        gateway = Gateway.from_env(file, environ={"CHECKER": "off", **environ}, found=found)
        return gateway, edit

    return make


async def loaded(gateway):
    assert await gateway.wait_loaded() == []
    return gateway.registry.warnings


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("KRAKN_ENABLED", "KRAKEN_ENABLED"),
        ("BINANCE_RATELIMIT", "BINANCE_RATE_LIMIT"),
        ("REQUEST_TIMEOUT", "REQUEST_TIMEOUT_S"),
        ("ETHERSCN_API_KEY", "ETHERSCAN_API_KEY"),
        ("DATABASE_URI", "DATABASE_URL"),
        ("MAX_ATTEMPT", "MAX_ATTEMPTS"),
        ("KRAKEN_BASEURL", "KRAKEN_BASE_URL"),
        ("BINANCE_TIMEOUT", "BINANCE_TIMEOUT_S"),
        ("ETHERSCAN_KEY", "ETHERSCAN_API_KEY"),
        ("PROVIDER_ONLY", "PROVIDERS_ONLY"),
        ("LOGLEVEL", "LOG_LEVEL"),
    ],
)
@pytest.mark.parametrize("where", ["file", "environment"])
def test_a_misspelt_variable_is_told_with_the_one_that_is_meant(infos, name, meant, where):
    places = ([name], []) if where == "file" else ([], [name])
    assert unknown_variables(*places, infos) == [
        f"{name} is read by nothing; did you mean {meant}?"
    ]


def test_a_variable_like_none_of_ours_is_told_of_the_file_only(infos):
    assert unknown_variables(["ZZQXWJ"], [], infos) == ["ZZQXWJ is read by nothing"]
    assert unknown_variables([], ["ZZQXWJ"], infos) == []


@pytest.mark.parametrize(
    "name",
    ["HOME", "PATH", "HOSTNAME", "SSH_TTY", "CACHE_DIR", "GITHUB_TOKEN", "AWS_ACCESS_KEY_ID",
     "OPENAI_API_KEY", "PGHOST", "XDG_DATA_DIRS", "HTTPS_PROXY", "LANG"],
)  # fmt: skip
def test_variables_of_other_programs_are_not_told_of_the_environment(infos, name):
    assert unknown_variables([], [name], infos) == []


@pytest.mark.parametrize("name", ["https_proxy", "NO_PROXY", "TZ", "POSTGRES_PASSWORD"])
def test_variables_of_neighbours_may_stand_in_the_file(infos, name):
    assert unknown_variables([name], [], infos) == []


def test_what_an_absent_plugin_would_read_is_not_told(infos):
    assert unknown_variables(["ACME_API_KEY"], [], infos, absent=["acme"]) == []


@pytest.mark.parametrize(
    "value",
    ["changeme", "CHANGE_ME", "change-me-please", "your_api_key", "<your key>", "YOUR-API-KEY-HERE",
     "xxxxxxxx", "...", "todo", "replace_me", "insert_your_key_here", "none", "my-token"],
)  # fmt: skip
def test_a_placeholder_is_no_key(infos, value):
    (warning,) = placeholders({"HF_TOKEN": value}, infos)
    assert warning.startswith("HF_TOKEN holds a placeholder")


@pytest.mark.parametrize(
    "value", ["hf_AbCdEf0123456789", "changemeQ8sX2", "k3y-9f8e", "token9x8y7z"]
)
def test_a_key_is_no_placeholder(infos, value):
    assert placeholders({"ETHERSCAN_API_KEY": value}, infos) == []


def test_lists_of_plugins_that_name_an_unknown_one_are_refused_with_the_nearest():
    with pytest.raises(InvalidSetting) as caught:
        refuse_unknown("PROVIDERS_ONLY", ["krakn", "binance"], LOADED)
    assert caught.value.detail == "PROVIDERS_ONLY names krakn, which is not installed"
    assert caught.value.extra["did_you_mean"] == ["kraken"]


@pytest.mark.parametrize(
    ("variable", "text", "near"),
    [
        ("PROVIDERS_ONLY", "krakn", "kraken"),
        ("PROVIDERS_ONLY", "binance,coingeko", "coingecko"),
        ("PLUGINS_ALLOW", "bitfinexx,binance", "bitfinex"),
        ("PLUGINS_BLOCK", "etherscn", "etherscan"),
        ("PLUGINS_BLOCK", "Kraaken", "kraken"),
    ],
)
def test_the_start_is_refused(gateway_in, variable, text, near):
    with pytest.raises(InvalidSetting) as caught:
        gateway_in(f"{variable}={text}\n")
    assert near in caught.value.extra["did_you_mean"]


def test_blocking_what_is_not_installed_is_no_error(gateway_in):
    gateway_in("PLUGINS_BLOCK=somebody_elses_plugin\n")


async def test_a_reload_with_an_unknown_provider_leaves_all_as_it_was(gateway_in):
    gateway, edit = gateway_in("")
    await loaded(gateway)
    before = gateway.sources
    edit("PROVIDERS_ONLY=krakn\n")
    with pytest.raises(InvalidSetting):
        await gateway.reload()
    assert gateway.sources is before
    assert gateway.settings.providers_only == ()
    await gateway.close()


async def test_a_reload_tells_all_that_is_odd(gateway_in):
    gateway, edit = gateway_in("", PORT="8000")
    assert await loaded(gateway) == ()
    edit("PORT=abc\nHF_TOKEN=changeme\nKRAKN_ENABLED=no\nCACHE_MB=32\n")
    warnings = "\n".join((await gateway.reload()).warnings)
    assert "PORT in the file takes a whole number" in warnings
    assert "HF_TOKEN holds a placeholder" in warnings
    assert "did you mean KRAKEN_ENABLED?" in warnings
    assert "CACHE_MB has changed and takes effect after a restart" in warnings
    assert "changeme" not in warnings
    told = [event.message for event in gateway.events.recent() if event.level == "warning"]
    assert any("KRAKEN_ENABLED" in message for message in told)
    await gateway.close()


async def test_the_start_publishes_each_oddity_once(gateway_in):
    gateway, _ = gateway_in("BINANCE_RATELIMIT=5/1\n")
    await loaded(gateway)
    await gateway.reload()
    told = [event for event in gateway.events.recent() if "BINANCE_RATELIMIT" in event.message]
    assert len(told) == 1
    await gateway.close()
