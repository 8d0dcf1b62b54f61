"""Indicators of markets that do not move, or move in tiny steps."""

import re

import pytest

from tests.field.harness import Case, run

#: Closes of a coin of many noughts, by the hour, in units of 1e-13.
TINY = (
    99744120, 100254243, 100027572, 99712417, 98785073, 98574363, 99670428, 100093177,
    101131022, 101382740, 101782968, 101971599, 100272688, 101130271, 101642379, 102149390,
    100421671, 98670429, 97792642, 97334787, 97632092, 97587267, 98095672, 97465668, 97766548,
    98151899, 97502980, 99177623, 99729655, 100923424, 100297363, 99555648, 99213130, 99107546,
    99733984, 99981750, 99534477, 98582019, 98068811, 99266154, 98464137, 98705137, 99126133,
    97649408, 97696743, 98972900, 96979226, 96667347, 96564745, 95775560, 96251938, 96191992,
    94783110, 95567768, 96207437, 97117407, 98516478, 98873348, 98991278, 97705215, 98306535,
    97705136, 97262823, 96032655, 95103429, 94598315, 95817534, 93870721, 92502362, 92723767,
    94062095, 94606241, 92808776, 90471633, 90794976, 90126487, 89117263, 89988269, 90979747,
    91122814, 91346772, 91743548, 93205944, 93782915, 94269320, 94785668, 93299134, 94494980,
    95397504, 95902752, 94009751, 93414030, 94200860, 92494681, 92324470, 93265744, 92042854,
    93524842, 94041065, 93899873, 94204923, 94817096, 94931250, 96018840, 95383633, 94988043,
    95977519, 96003240, 95157966, 96058594, 97466330, 97032774, 95693728, 95564782, 95422373,
    95138015, 96474486, 95483754, 96687409, 95461101,
)  # fmt: skip


def candles(closes):
    """One candle an hour for each close, which opens where the one before closed."""
    opens = [closes[0], *closes[:-1]]
    return [
        [1764000000000 + at * 3_600_000, o, max(o, c) * 1.003, min(o, c) * 0.997, c, 1000.0]
        for at, (o, c) in enumerate(zip(opens, closes, strict=True))
    ]


CASES = [
    Case(
        "flat rsi",
        "prices that never moved are neither oversold nor overbought",
        "",
        "/api/indicators/rsi",
        data={"reading": lambda v: not re.search("oversold|overbought", str(v))},
        body={"rows": [[row[0], 1.0, 1.0, 1.0, 1.0, 0.0] for row in candles([1.0] * 60)]},
    ),
    Case(
        "tiny rsi",
        "RSI does not depend on the size of prices",
        "",
        "/api/indicators/rsi",
        data={"latest.rsi": lambda v: abs(v - 50.76131770684516) < 1e-9},
        body={"rows": candles([float(f"{one}e-13") for one in TINY])},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_indicators(case):
    """The right value comes, or the honest error."""
    await run(case)
