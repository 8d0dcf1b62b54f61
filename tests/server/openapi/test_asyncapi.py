"""The description of live feeds."""

import json

from coinmux.framework.streams.events import KINDS
from coinmux.server.asgi.live_params import FOLLOWED, INDICATOR
from coinmux.server.openapi.asyncapi import asyncapi


def references(value):
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"]
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def test_every_reference_leads_somewhere():
    """A generator of clients reads them."""
    document = json.loads(json.dumps(asyncapi()))
    found = set(references(document))
    assert found
    for one in found:
        place = document
        for part in one.removeprefix("#/").split("/"):
            place = place[part]


def test_all_that_is_sent_and_received_is_described():
    """Each feed, each kind of event, each message of the socket."""
    document = asyncapi()
    assert set(document["channels"]) == {"socket", *FOLLOWED, INDICATOR}
    for capability in (*FOLLOWED, INDICATOR):
        assert set(document["channels"][capability]["messages"]) == set(KINDS)
    said = {one["$ref"].rpartition("/")[2] for one in document["operations"]["say"]["messages"]}
    assert said == {"subscribe", "unsubscribe", "ping"}
    heard = {one["$ref"].rpartition("/")[2] for one in document["operations"]["hear"]["messages"]}
    assert heard == {
        "subscribed", "unsubscribed", "pong", "heartbeat", "error", *KINDS,
    }  # fmt: skip


async def test_the_document_is_at_its_address(app_of):
    """As JSON, beside the OpenAPI document."""
    async with app_of(a=[1.0]) as world:
        answer = await world.client.get("/schema/asyncapi.json")
        assert answer.json()["asyncapi"] == "3.0.0"
