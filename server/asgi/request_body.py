"""Request bodies: JSON alone, whole, of bounded size and depth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from coinmux.framework.errors import InvalidRequest
from coinmux.server.asgi.admin_guard import check_json_body

if TYPE_CHECKING:
    from coinmux.server.asgi.requests import AnyRequest

#: What Python's `json` writes for numbers that JSON does not have.
_NO_NUMBER = re.compile(rb"[\[,:]\s*-?(NaN|Infinity)\b")


async def read_json(request: AnyRequest) -> Any:
    """The body of `request`.

    Raises:
        UnsupportedMediaType: it says it is something else.
        InvalidRequest: it is no JSON document, or nested beyond reason.
    """
    scope: Any = request.scope
    check_json_body(scope)
    body = await request.body()
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message = "is nested too deep" if isinstance(error, RecursionError) else "is not JSON"
        if _NO_NUMBER.search(body):
            message += ", which has no NaN and no Infinity; send null in their place"
        raise InvalidRequest(
            f"the body {message}", errors=[{"name": "body", "message": message}]
        ) from None
