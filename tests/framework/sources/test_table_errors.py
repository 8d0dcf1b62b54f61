"""Errors declared as data: which row of a provider's table a reply matches."""

import pytest

from coinmux import (
    AuthRefused,
    BadStatus,
    BalanceQuery,
    ErrorTable,
    GasQuery,
    GeoBlocked,
    NotOffered,
    PlanRestricted,
    PluginError,
    ProviderInfo,
    QuotaExhausted,
    RateLimited,
    Reply,
    TickerQuery,
    UnknownSymbol,
    When,
)
from coinmux.framework.errors import Outcome
from coinmux.framework.sources import response_errors

BTC = TickerQuery(symbol="BTC/USD")
TABLE = ErrorTable(
    code=("code", "status.error_code"),
    message=("msg", "status.error_message", "errors"),
    ok=(0, "200"),
    unknown_symbol=(
        -1121,
        When(codes=(-1100,), says=("'symbol'",)),
        When(says=("bad address",), about="address"),
    ),
    quota=(When(says=("credit",), status=(403,)),),
    rate_limited=(-1003, When(status=(403,), is_json=False, retry_after_s=600)),
    plan=(When(status=(403,), is_json=True),),
    plan_variant=(1008,),
    auth=("K*",),
    geo_blocked=(10009,),
    not_offered=(When(says=("too long ago",)),),
)  # fmt: skip


def read(status, body, query=BTC, *, table=TABLE, hook=None, is_json=True):
    info = ProviderInfo(
        name="acme", title="Acme", category="market", base_url="https://a.example", errors=table
    )
    return response_errors.read(info, hook, Reply(status, body, is_json, {}), query)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (200, {"code": 0, "data": []}, None),
        (200, {"code": "200", "msg": "success"}, None),
        (200, [1, 2], None),
        (200, {"price": "1"}, None),
        (400, {"code": -1121, "msg": "Invalid symbol."}, UnknownSymbol),
        (400, {"code": "-1121"}, UnknownSymbol),
        (400, {"code": -1100, "msg": "Illegal 'symbol'"}, UnknownSymbol),
        (400, {"code": -1100, "msg": "Illegal 'limit'"}, BadStatus),
        (200, {"status": {"error_code": 1008}}, PlanRestricted),
        (200, {"code": -1003, "msg": "slow down"}, RateLimited),
        (418, {"code": -1003, "msg": "banned"}, None),
        (451, {"code": -1}, None),
        (429, {"code": -1}, None),
        (401, {"code": -1}, None),
        (200, {"code": -1}, BadStatus),
        (200, {"code": "K12"}, AuthRefused),
        (200, {"code": 10009}, GeoBlocked),
        (403, {"msg": "no Credit left"}, QuotaExhausted),
        (403, {"msg": "not in your plan"}, PlanRestricted),
        (400, {"errors": ["it is", "too long ago"]}, NotOffered),
        (500, {"msg": "sorry"}, None),
        (200, {"code": True}, None),
    ],
)
def test_the_row_that_says_most_decides(status, body, error):
    """By code before by message before by status; a code in no row is a failure."""
    assert type(read(status, body)) is (type(None) if error is None else error)


def test_a_page_is_told_from_json():
    """A row may ask for a body that is no JSON, and say how long to wait."""
    assert read(403, "<html>", is_json=False).retry_after_s == 600


def test_a_page_is_searched_for_words_only_where_a_row_is_about_pages():
    """What a page of HTML says is mostly not about the request."""
    table = ErrorTable(
        plan=(When(says=("upgrade",)),), geo_blocked=(When(says=("country",), is_json=False),)
    )
    assert type(read(403, "Upgrade your plan", table=table, is_json=False)) is PlanRestricted
    assert read(403, "<html>Upgrade your browser", table=table, is_json=False) is None
    assert type(read(403, "<html>In your country", table=table, is_json=False)) is GeoBlocked


def test_a_row_may_be_about_one_field_of_the_query():
    """An address is unknown where one was asked for, and no pair is blamed in its place."""
    address = "0x" + "0" * 40
    query = BalanceQuery(chain="ethereum", address=address)
    assert read(400, {"msg": "bad address"}, query).symbol == address
    assert read(400, {"msg": "bad address"}) is None


def test_a_code_for_an_unknown_pair_is_a_failure_where_no_pair_was_asked():
    """Without a subject there is nothing that could be unknown."""
    assert type(read(400, {"code": -1121}, GasQuery(chain="ethereum"))) is BadStatus


def test_the_error_names_the_source_and_what_it_said():
    """Code and message are part of the text."""
    error = read(400, {"code": -1121, "msg": "Invalid symbol."})
    assert error.detail == "Acme: -1121 Invalid symbol."
    assert error.symbol == "BTC/USD"


def test_only_this_variant_is_refused_by_the_plan():
    """Nothing is held back for the next question."""
    assert read(200, {"status": {"error_code": 1008}}).outcome is Outcome.NEUTRAL


def test_a_list_of_codes_counts_by_its_first_that_is_not_fine():
    """Warnings beside an answer are no error."""
    table = ErrorTable(code="error", ok=("W*",), unknown_symbol=("EQuery:Unknown*",))
    assert read(200, {"error": ["WSlow"], "result": {}}, table=table) is None
    both = {"error": ["WSlow", "EQuery:Unknown asset pair"]}
    assert type(read(200, both, table=table)) is UnknownSymbol


def test_a_mark_tells_an_error_from_an_answer():
    """A field that also stands in answers is a code only beside the mark."""
    table = ErrorTable(code="1", marked=("0", "error"), rate_limited=(11010,))
    assert read(200, [1, 11010], table=table) is None
    assert type(read(200, ["error", 11010], table=table)) is RateLimited
    assert type(read(500, ["error", 1], table=table)) is BadStatus
    assert type(read(200, ["error", None], table=table)) is BadStatus


def test_the_hook_is_asked_between_the_rows_and_an_unlisted_code():
    """It sees what no row matches, and may say what a code in no row means."""
    seen = []

    def hook(reply, query):
        seen.append(reply.body["code"])
        return NotOffered("odd") if reply.body["code"] == 7 else None

    assert type(read(400, {"code": -1121}, hook=hook)) is UnknownSymbol
    assert type(read(400, {"code": 7}, hook=hook)) is NotOffered
    assert type(read(400, {"code": 8}, hook=hook)) is BadStatus
    assert seen == [7, 8]


def test_a_function_may_read_how_long_to_wait():
    """It is called for rate limits whose row gives no number; its own failure is the plugin's."""

    def waits(reply):
        return float(reply.body["reset"])

    table = ErrorTable(
        code="code", rate_limited=(1, When(codes=(2,), retry_after_s=5)), retry_after=waits
    )
    assert read(200, {"code": 1, "reset": 3}, table=table).retry_after_s == 3
    assert read(200, {"code": 2}, table=table).retry_after_s == 5
    assert type(read(200, {"code": 1}, table=table)) is PluginError


def test_a_row_without_a_condition_is_refused():
    """It would match every reply."""
    with pytest.raises(ValueError, match="no condition"):
        ErrorTable(auth=(When(),))
