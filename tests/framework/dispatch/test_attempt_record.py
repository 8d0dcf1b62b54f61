"""An attempt is recorded once, and its event and its line in the answer say the same."""

import pytest

from coinmux import AllProvidersFailed, TickerQuery, Unreachable

QUERY = TickerQuery(symbol="BTC/USDT")


async def test_the_event_and_the_line_agree(gateway_of):
    """Source, duration and code are those of one record, a failed attempt's and a good one's."""
    async with gateway_of(a=[Unreachable("gone")], b=[2.0]) as world:
        answer = await world.gateway.fetch(QUERY)
        events = [one for one in reversed(world.gateway.events.recent()) if one.kind == "attempt"]
        assert [(one.source, one.detail["response_ms"], one.detail["code"]) for one in events] == [
            (line["provider"], line["elapsed_ms"], line.get("code"))
            for line in answer.meta["attempts"]
        ]
        assert [one.detail["decision"] for one in events] == ["fall_back", "answer"]


async def test_an_attempt_that_nothing_follows_is_a_failure(gateway_of):
    """The only source fails: `fail`, with the code that the error's attempts have."""
    async with gateway_of(a=[Unreachable("gone")]) as world:
        with pytest.raises(AllProvidersFailed) as caught:
            await world.gateway.fetch(QUERY)
        (line,) = caught.value.attempts
        (event,) = (one for one in world.gateway.events.recent() if one.kind == "attempt")
        assert (event.detail["decision"], event.detail["code"]) == ("fail", line["code"])
