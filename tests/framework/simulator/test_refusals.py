"""A refusal that is played for another pair than its sample's names the pair that was asked for."""

import pytest

from coinmux.framework.plugins.provider_info import ProviderInfo
from coinmux.framework.simulator.providers import SimulatedProvider
from coinmux.framework.simulator.simulator import Simulator
from tests.framework.simulator.conftest import exchange, sample_of


def played(path, params, body):
    """A simulator of one source that refuses NOPE in these words."""
    sample = sample_of(
        "ticker",
        [exchange(path, body, params, status=400)],
        case="_unknown_symbol",
        query={"symbol": "NOPE/USDT"},
        outcome="unknown_symbol",
    )
    info = ProviderInfo(name="acme", title="A", category="market", base_url="https://a.example")
    return Simulator([SimulatedProvider(info, [sample])])


@pytest.mark.parametrize(
    ("path", "params", "body", "target", "said"),
    [
        (
            "/t",
            {"pair": "NOPE_USDT"},
            {"m": "Invalid pair NOPE_USDT"},
            "/t?pair=WAGMI_USDT",
            {"m": "Invalid pair WAGMI_USDT"},
        ),
        (
            "/t",
            {"pair": "NOPE_USDT"},
            {"m": "Invalid currency NOPE"},
            "/t?pair=WAGMI_EUR",
            {"m": "Invalid currency WAGMI"},
        ),
        ("/t/nopeusdt", {}, {"m": ["no 'nopeusdt'"]}, "/t/nopexusdt", {"m": ["no 'nopexusdt'"]}),
        ("/t", {"pair": "tNOPE:UST"}, ["error", 1], "/t?pair=tWAGMI:USD", ["error", 1]),
    ],
)
async def test_a_refusal_names_what_was_asked(connect, path, params, body, target, said):
    """By the whole spelling, or by the coin alone."""
    async with played(path, params, body) as simulator:
        client = await connect(simulator.url)
        reply = await client.get(f"/acme{target}")
        assert (reply.status, reply.json()) == (400, said)
