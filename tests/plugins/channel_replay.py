"""The replayer of the conformance kit under other names: for channels, posts and feeds."""

from coinmux.framework.testing.conformance import ReplayClient
from tests.plugins.sample_replay import ask, bound, play

__all__ = ["ChannelClient", "ask_channels", "bound", "play_channels"]

ChannelClient = ReplayClient
play_channels = play


async def ask_channels(name, capability, query, exchanges, values=None):
    """What the provider makes of these exchanges; header lines are text."""
    return await ask(name, capability, query, exchanges, values, ReplayClient)
