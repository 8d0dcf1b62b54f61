"""The change of the closing price over some candles, in percent."""

from coinmux import Column, Columns, IndicatorInfo, Output, Values, hookimpl, period


@hookimpl
def indicator_info() -> IndicatorInfo:
    return IndicatorInfo(
        name="change",
        title="Change in percent",
        group="Momentum Indicators",
        inputs=("close",),
        parameters=(period(10),),
        outputs=(Output("change"),),
        minimum=lambda values: values["period"] + 1,
    )


@hookimpl
def compute(inputs: Columns, parameters: Values) -> Column:
    size, close = parameters["period"], inputs["close"]
    values = close * float("nan")
    values[size:] = 100 * (close[size:] / close[:-size] - 1)
    return values
