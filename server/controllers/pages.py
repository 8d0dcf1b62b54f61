"""Pages, files, and the documentation of the API.

Litestar reads annotations at run time, so this module imports what it names.
"""

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from server.answers import Bytes, as_json
from server.assets import Assets, page
from server.desk import AnyRequest
from server.docs import Docs


class PageController(Controller):
    """What a browser shows. Left out of the OpenAPI document."""

    tags = ("pages",)

    @get("/", operation_id="index")
    async def index(self, request: AnyRequest, assets: NamedDependency[Assets]) -> Bytes:
        """The start page."""
        return assets.response("index.html", _etag(request))

    @get("/static/{path:path}", operation_id="staticFile")
    async def static_file(
        self, request: AnyRequest, assets: NamedDependency[Assets], path: FromPath[str]
    ) -> Bytes:
        """A file of `static/`."""
        return assets.response(str(path).lstrip("/"), _etag(request))

    @get("/docs", operation_id="docs")
    async def docs(self, request: AnyRequest, docs: NamedDependency[Docs]) -> Bytes:
        """The API's documentation, with nothing loaded from elsewhere."""
        return page(docs.page(request.app))

    @get("/schema/openapi.json", operation_id="openapi")
    async def openapi(self, request: AnyRequest, docs: NamedDependency[Docs]) -> Bytes:
        """The OpenAPI 3.1 document."""
        return as_json(docs.document(request.app))


def _etag(request: AnyRequest) -> bytes | None:
    value = request.headers.get("if-none-match")
    return None if value is None else value.encode("latin-1")
