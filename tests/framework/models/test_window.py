"""The opening times a request for candles must cover."""

import pytest

from coinmux import CandlesQuery
from coinmux.framework.models.window import CandleWindow

HOUR = 3_600_000
START = 400_000 * HOUR


@pytest.mark.parametrize(
    ("given", "now_ms", "window"),
    [
        ({}, None, CandleWindow(None, None, 3)),
        ({}, START, CandleWindow(START - 3 * HOUR + 1, START, 3)),
        ({"start": START}, None, CandleWindow(START, START + 3 * HOUR - 1, 3)),
        ({"start": START, "end": START + HOUR}, None, CandleWindow(START, START + HOUR, 3)),
        (
            {"start": START, "end": START + 9 * HOUR},
            None,
            CandleWindow(START, START + 3 * HOUR - 1, 3),
        ),
        ({"start": START}, START + HOUR, CandleWindow(START, START + HOUR, 3)),
        ({"end": START}, START + 9 * HOUR, CandleWindow(START - 3 * HOUR + 1, START, 3)),
        ({"limit": 2, "end": START}, None, CandleWindow(START - 2 * HOUR + 1, START, 2)),
    ],
)
def test_the_first_from_a_start_on_or_the_last_before_an_end(given, now_ms, window):
    """Both bounds are included, and no more candles lie between them than are asked or given."""
    query = CandlesQuery(**{"symbol": "BTC/USD", "interval": "1h", "limit": 5, **given})
    assert query.window(3, now_ms) == window
