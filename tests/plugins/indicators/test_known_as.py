"""Names that others use: read where they mean one indicator, suggested where they may mean two."""

import pytest

from coinmux import UnknownIndicator


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("PSAR", "sar"),
        ("BollingerBands", "bollinger-bands"),
        ("Williams %R", "willr"),
        ("hl2", "medprice"),
        ("SMMA", "rma"),
        ("CDL_DOJI", "cdldoji"),
        ("engulfing", "cdlengulfing"),
        ("ht_trendline", "ht-trendline"),
        ("Ultimate Oscillator", "ultosc"),
        ("linreg", "linearreg"),
        ("StochRSI", "stochrsi"),
        ("stoch_rsi", "stoch-rsi"),
    ],
)
def test_a_name_that_means_one_indicator_is_read(catalogue, written, name):
    assert catalogue.find(written).info.name == name


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("BB", ["bollinger-bands", "bbands"]),
        ("Stoch RSI", ["stoch-rsi", "stochrsi"]),
        ("Keltner", ["keltner-channels", "kc"]),
        ("dmi", ["adx", "plus-di", "minus-di"]),
    ],
)
def test_a_name_that_may_mean_two_is_refused_with_both(catalogue, written, meant):
    """Their formulas differ, so neither is taken for the other."""
    with pytest.raises(UnknownIndicator) as refusal:
        catalogue.find(written)
    assert sorted(refusal.value.extra["did_you_mean"]) == sorted(meant)
