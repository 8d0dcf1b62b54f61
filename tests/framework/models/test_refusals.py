"""Refused values: one sentence each, in the caller's words and never in the validator's."""

import re
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coinmux.framework.models.refusals import refusals_of
from coinmux.framework.models.text import TextSentimentQuery

OF_THE_VALIDATOR = re.compile(
    r"Input should|String should|Tuple should|List should|at least \d+ items? after|Field required"
    r"|Extra inputs|greater than or equal|less than or equal|valid \w+, unable|Value error"
)


class Strange(BaseModel):
    """A field of each kind."""

    model_config = ConfigDict(extra="forbid")

    whole: int = Field(default=1, ge=1, le=9)
    above: float = Field(default=1, gt=0)
    most: int = Field(default=1, le=9)
    word: str = Field(default="a", pattern="^a+$", examples=["aa"])
    form: str = Field(default="a", pattern="^a+$")
    asset: str = Field(default="BTC", pattern="^[A-Z]+$")
    short: str = Field(default="a", min_length=1, max_length=3)
    texts: tuple[Annotated[str, Field(min_length=1)], ...] = Field(default=("a",), min_length=1)
    yes: bool = False
    one: Literal["a", "b"] = "a"
    inner: dict[str, int] = Field(default_factory=dict)
    needed: str


CASES = [
    ({"whole": 0}, "whole", "takes a whole number from 1 to 9"),
    ({"whole": 1.5}, "whole", "takes a whole number"),
    ({"whole": "x"}, "whole", "takes a whole number"),
    ({"above": 0}, "above", "takes a number above 0"),
    ({"above": None}, "above", "takes a number"),
    ({"most": 10}, "most", "takes a whole number of at most 9"),
    ({"word": "b"}, "word", "takes a text such as aa"),
    ({"word": 5}, "word", "takes a text"),
    ({"form": "b"}, "form", "has letters or a length that are not taken"),
    ({"asset": "b!"}, "asset", "takes a ticker such as BTC"),
    ({"short": ""}, "short", "takes a text that is not empty"),
    ({"short": "abcd"}, "short", "takes at most 3 characters"),
    ({"texts": []}, "texts", "takes at least 1 item"),
    ({"texts": "abc"}, "texts", "takes a list"),
    ({"texts": [""]}, "texts[0]", "takes a text that is not empty"),
    ({"yes": "perhaps"}, "yes", "takes true or false"),
    ({"one": "c"}, "one", "takes a or b"),
    ({"inner": {"a": "x"}}, "inner.a", "takes a whole number"),
    ({"inner": 1}, "inner", "takes an object"),
    ({"other": 1}, "other", "is not known here"),
]


@pytest.mark.parametrize(("values", "name", "message"), CASES)
def test_each_value_is_refused_in_one_sentence(values, name, message):
    """The sentence names the field and what would do."""
    with pytest.raises(ValidationError) as caught:
        Strange.model_validate({"needed": "x", **values})
    (one,) = refusals_of(caught.value, Strange)
    assert (one["name"], one["message"]) == (name, message)
    assert not OF_THE_VALIDATOR.search(one["message"])


def test_a_missing_value_is_said_to_be_missing():
    """By its name."""
    with pytest.raises(ValidationError) as caught:
        Strange.model_validate({})
    assert refusals_of(caught.value, Strange) == [{"name": "needed", "message": "is missing"}]


def test_one_empty_text_is_one_error():
    """The list it stands in is not called too short as well."""
    with pytest.raises(ValidationError) as caught:
        TextSentimentQuery(texts=[""])
    (one,) = refusals_of(caught.value, TextSentimentQuery)
    assert one["name"] == "texts[0]"


def test_an_unknown_value_comes_with_the_known():
    """So that a slip of the pen is found."""
    with pytest.raises(ValidationError) as caught:
        TextSentimentQuery(texts=["a"], txt=1)
    (one,) = refusals_of(caught.value, TextSentimentQuery)
    assert one["known"] == ["texts", "model"]


def test_the_callers_own_names_are_used():
    """A parameter may have another name than the field it fills."""
    with pytest.raises(ValidationError) as caught:
        Strange.model_validate({"needed": "x", "asset": "b!"})
    (one,) = refusals_of(caught.value, Strange, {"asset": "symbol"})
    assert one["name"] == "symbol"
