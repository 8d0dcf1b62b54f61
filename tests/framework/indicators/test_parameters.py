"""Parameters: by name or alias, of their type, within their bounds; else an error naming which."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinmux import IndicatorInfo, InvalidRequest, Output, Parameter, UnknownIndicatorParameter
from coinmux.framework.indicators.parameters import read_parameters
from coinmux.framework.plugins.indicator_info import period


def info(**changes):
    return IndicatorInfo(
        **{
            "name": "it",
            "title": "It",
            "group": "Tests",
            "series": {"price": "close"},
            "parameters": (
                period(14),
                Parameter("width", 2.0, 0, 10),
                Parameter("kind", "sma", choices=("sma", "ema")),
            ),
            "outputs": (Output("it"),),
            "minimum": lambda values: values["period"],
            **changes,
        }
    )


def test_defaults_are_taken_where_nothing_is_given():
    assert read_parameters(info(), {}) == {
        "period": 14, "width": 2.0, "kind": "sma", "source": "close",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given_", "read"),
    [
        ({"period": "21"}, {"period": 21}),
        ({"timeperiod": 21}, {"period": 21}),
        ({"length": 21.0}, {"period": 21}),
        ({"width": "2.5e0"}, {"width": 2.5}),
        ({"width": 3}, {"width": 3.0}),
        ({"kind": "EMA"}, {"kind": "ema"}),
        ({"source": "HLC3"}, {"source": "hlc3"}),
    ],
)
def test_values_and_texts_of_them_are_read(given_, read):
    values = read_parameters(info(), given_)
    assert {name: values[name] for name in read} == read


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"period": 1}, "takes a whole number from 2 to 1000"),
        ({"period": 1001}, "takes a whole number from 2 to 1000"),
        ({"period": 14.5}, "takes a whole number from 2 to 1000"),
        ({"period": True}, "takes a whole number from 2 to 1000"),
        ({"period": None}, "takes a whole number from 2 to 1000"),
        ({"period": 10**400}, "takes a whole number from 2 to 1000"),
        ({"period": "1_4"}, "takes a whole number from 2 to 1000"),
        ({"width": "nan"}, "takes a number from 0 to 10"),
        ({"width": "inf"}, "takes a number from 0 to 10"),
        ({"width": "1_0"}, "takes a number from 0 to 10"),
        ({"width": [1]}, "takes a number from 0 to 10"),
        ({"kind": "hull"}, "takes one of sma, ema"),
        ({"kind": 3}, "takes one of sma, ema"),
    ],
)
def test_what_will_not_do_is_refused_with_the_bounds(given_, message):
    with pytest.raises(InvalidRequest) as refusal:
        read_parameters(info(), given_)
    (error,) = refusal.value.errors
    assert error["name"] in given_
    assert error["message"] == message


def test_a_parameter_under_two_names_is_given_twice():
    with pytest.raises(InvalidRequest, match="given already"):
        read_parameters(info(), {"period": 3, "length": 4})


def test_an_unknown_parameter_is_told_with_those_there_are():
    with pytest.raises(UnknownIndicatorParameter) as refusal:
        read_parameters(info(), {"perod": 3})
    error = refusal.value
    assert error.code == "unknown_indicator_parameter"
    assert error.extra["known"] == ["period", "width", "kind", "source"]
    assert error.extra["did_you_mean"] == ["period", "timeperiod"]
    assert "period takes a whole number from 2 to 1000" in error.detail


def test_a_rule_between_parameters_is_checked_last():
    def check(values):
        return "width: takes less than period" if values["width"] >= values["period"] else None

    with pytest.raises(InvalidRequest) as refusal:
        read_parameters(info(check=check), {"period": 2, "width": 3.0})
    assert refusal.value.errors == [{"name": "width", "message": "takes less than period"}]


@settings(deadline=None, database=None)
@given(
    st.dictionaries(
        st.sampled_from(["period", "width", "kind", "source", "other", ""]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()),
    )
)
def test_whatever_is_given_is_read_within_bounds_or_refused(given_):
    try:
        values = read_parameters(info(), given_)
    except InvalidRequest:
        return
    assert isinstance(values["period"], int)
    assert 2 <= values["period"] <= 1000
    assert isinstance(values["width"], float)
    assert 0 <= values["width"] <= 10
    assert values["kind"] in ("sma", "ema")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "Not good"}, "lower case words"),
        ({"name": "batch"}, "lower case words"),
        ({"outputs": ()}, "no outputs"),
        ({"series": {}}, "reads no column"),
        ({"inputs": ("turnover",)}, "no column turnover"),
        ({"series": {"price": "mid"}}, "taken from a price"),
        ({"parameters": (period(3), period(4))}, "two parameters of one name"),
    ],
)
def test_a_declaration_that_cannot_work_is_refused_where_it_is_made(changes, message):
    with pytest.raises(ValueError, match=message):
        info(**changes)


@pytest.mark.parametrize("name", ["symbol", "interval", "limit", "provider"])
def test_a_parameter_cannot_have_the_name_of_one_of_the_routes(name):
    with pytest.raises(ValueError, match="the routes take that themselves"):
        Parameter(name, 1, 0, 2)
