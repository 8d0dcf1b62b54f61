"""What an open candle gives is computed from the candles an indicator looks back on alone."""

import numpy as np

from coinmux.framework.indicators.candle_window import CandleWindow


def test_the_newest_values_need_no_more_candles_than_they_say(catalogue, candles):
    """Of every indicator that says how many: its values and reading are those of all candles."""
    window = CandleWindow(candles.model_copy(update={"last_closed": False}), 500)
    looked = 0
    for indicator in catalogue:
        plan = catalogue.plan(indicator)
        if plan.looks_back is None:
            continue
        looked += 1
        whole = plan.run(window.frame(with_open=True))
        short = plan.run(window.frame(with_open=True, last=plan.looks_back))
        assert short.frame.size == min(plan.looks_back + 1, whole.frame.size)
        assert list(short.latest) == list(whole.latest)
        for name, value in whole.latest.items():
            got = short.latest[name]
            near = got == value or (
                None not in (got, value) and np.isclose(got, value, rtol=1e-7, atol=1e-9)
            )
            assert near, f"{indicator.info.name}.{name}: {got}, and {value} of all candles"
        assert short.reading == whole.reading, indicator.info.name
    assert looked > 100
