"""A capability of a plugin is described as a route of its own, with its own models."""

from collections.abc import Callable

from pydantic import BaseModel, Field

from coinmux import Capability, Freshness, Query, Result, hookimpl
from coinmux.framework.plugins.discovery import in_process


class Phase(BaseModel):
    """One phase."""

    name: str


class MoonQuery(Query["Ticker"]):
    """When."""

    place: str = Field(default="Bern", description="Seen from where")


class Ticker(Result):
    """A model whose name coinmux uses as well."""

    lit: float = Field(description="The lit part")
    phases: tuple[Phase, ...] = ()


class OddQuery(Query["Odd"]):
    """Nothing."""


class Odd(Result):
    """Of a type that JSON has no word for."""

    held: Callable[[], int] | None = None


def rows(*capabilities):
    class Plugin:
        @hookimpl
        def coinmux_capabilities(self):
            return list(capabilities)

    return in_process("moons", Plugin())


MOON = Capability("moon", MoonQuery, Ticker, Freshness(60, 0, 0), description="The moon now.")
ODD = Capability("odd", OddQuery, Odd, Freshness(60, 0, 0))


async def test_it_has_a_path_with_its_own_parameters_and_result(app_of):
    """And a model of a name that coinmux has too stays apart from ours."""
    async with app_of(a=[1.0], _found=(rows(MOON),)) as world:
        api = (await world.client.get("/schema/openapi.json")).json()
        told = api["paths"]["/api/data/moon"]["get"]
        assert told["description"] == "The moon now."
        names = [one["name"] for one in told["parameters"]]
        assert names[0] == "place"
        assert {"provider", "max_age_s"} <= set(names)
        data = told["responses"]["200"]["content"]["application/json"]["schema"]["properties"]
        assert data["data"] == {"$ref": "#/components/schemas/moon.Ticker"}
        schemas = api["components"]["schemas"]
        assert "lit" in schemas["moon.Ticker"]["properties"]
        assert "lit" not in schemas["Ticker"]["properties"]
        phases = schemas["moon.Ticker"]["properties"]["phases"]["items"]
        assert phases == {"$ref": "#/components/schemas/moon.Phase"}
        assert schemas["moon.Phase"]["properties"].keys() == {"name"}


async def test_the_page_shows_it(app_of):
    """People find it beside the routes that came with coinmux."""
    async with app_of(a=[1.0], _found=(rows(MOON),)) as world:
        page = (await world.client.get("/docs")).text
        assert "/api/data/moon" in page
        assert "The moon now." in page


async def test_one_of_odd_types_takes_nothing_from_the_document(app_of):
    """The rest is described as ever."""
    async with app_of(a=[1.0], _found=(rows(ODD, MOON),)) as world:
        api = (await world.client.get("/schema/openapi.json")).json()
        assert "/api/data/moon" in api["paths"]
        assert "/api/data/{capability}" in api["paths"]
