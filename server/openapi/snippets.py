"""How each route is asked: for curl, Python, JavaScript, spreadsheets. Made of its description.

They are `x-codeSamples` of the document, and `docs/reference/routes.md`; the tests run them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, urlencode

from coinmux.server.asgi.query_params import ASK_PARAMETERS

if TYPE_CHECKING:
    from coinmux.server.openapi.document import RouteDoc

#: The server of every example.
BASE = "http://127.0.0.1:7860"
_EVENTS = "text/event-stream"
_ADDRESS = "0xde0b295669a9fd93d5f28d9ec85e40f4cb697bae"
#: What an example asks for besides what it must, or where its route gives no example.
_ASKED: Mapping[str, Mapping[str, object]] = {
    "explainFeed": {"capability": "ticker", "symbol": "BTC/USDT"},
    "explainRouting": {"capability": "ticker", "symbol": "BTC/USDT"},
    "getBadge": {"badge": "binance.svg"},
    "getCandles": {"interval": "1h", "limit": 100},
    "getIndicator": {"interval": "4h", "limit": 50},
    "getIncidents": {"limit": 20},
    "getNews": {"limit": 20},
    "getPairs": {"provider": "kraken"},
    "streamCandles": {"interval": "1m"},
    "watchIndicator": {"interval": "1m"},
}
_ROWS = [[1_764_000_000_000 + 3_600_000 * at, 10, 12, 9, 10 + at % 3, 5] for at in range(20)]
_BODIES: Mapping[str, object] = {
    "askBatch": {
        "queries": [
            {"id": "btc", "capability": "ticker", "params": {"symbol": "BTC/USDT"}},
            {"id": "rsi", "indicator": "rsi", "params": {"symbol": "BTC/USDT", "interval": "4h"}},
        ]
    },
    "beginMaintenance": {"source": "kraken", "minutes": 30, "note": "moving house"},
    "computeBatch": {"symbols": ["BTC/USDT", "ETH/USDT"], "indicators": ["rsi", "macd"]},
    "computeIndicator": {"rows": _ROWS, "parameters": {"period": 14}},
    "noteIncident": {"text": "the exchange says so too"},
    "orderDrill": {"fault": None},
    "readTexts": {"texts": ["Bitcoin soars"]},
}
#: What the client has a method for, of the routes that no source answers.
_REPORTS: Mapping[str, str] = {
    "getCapabilities": "capability_list()",
    "getDecision": 'decision("my-request-1")',
    "getFeature": 'feature("etherscan")',
    "getFeatures": "features()",
    "getMissing": "missing()",
    "getModelStatus": "model_status()",
    "getOnchainMetrics": "metric_list()",
    "getProvider": 'provider("binance")',
    "getProviders": "provider_list()",
    "getSourceHealth": "source_health()",
    "getSourceHealthOf": 'source_health_of("binance")',
    "getStatus": "status()",
}
_PAIRED = ("symbol", "symbols")


class Snippet(NamedTuple):
    """One example.

    Attributes:
        lang: by which a page colours it.
        label: for whom it is.
    """

    lang: str
    label: str
    source: str


class _Asked(NamedTuple):
    """One route with the values of its example."""

    operation_id: str
    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    template: str
    body: str | None

    def url(self, ending: str = "") -> str:
        """The whole address; a slash and a comma in a value are left as people write them."""
        path = self.template
        for name, value in self.path.items():
            path = path.replace("{" + name + "}", quote(value, safe="/"))
        query = urlencode(self.query, safe="/,:")
        return BASE + path + ending + (f"?{query}" if query else "")


def snippets(
    template: str, method: str, operation: Mapping[str, Any], doc: RouteDoc
) -> list[Snippet]:
    """The examples of a route, for each way of asking that it can be asked in."""
    asked = _asked(template, method, operation)
    found = [Snippet("shell", "curl", _curl(asked, is_live=doc.media_type == _EVENTS))]
    if doc.is_admin:
        return found
    found.append(Snippet("python", "Python", _python(asked, doc)))
    found.append(Snippet("javascript", "JavaScript", _javascript(asked, doc.media_type)))
    if doc.is_tabular and method == "GET":
        found.extend(_spreadsheets(asked))
    return found


def _asked(template: str, method: str, operation: Mapping[str, Any]) -> _Asked:
    name = operation["operationId"]
    more = _ASKED.get(name, {})
    path: dict[str, str] = {}
    query: dict[str, str] = {}
    for one in operation["parameters"]:
        value = more.get(one["name"], _example(one))
        if one["in"] == "path":
            path[one["name"]] = str(value)
        elif (one["required"] or one["name"] in more) and one["name"] not in ASK_PARAMETERS:
            query[one["name"]] = str(value)
    query |= {one: str(value) for one, value in more.items() if one not in path}
    body = json.dumps(_BODIES[name]) if name in _BODIES else None
    return _Asked(name, method, path, query, template, body)


def _example(parameter: Mapping[str, Any]) -> object:
    schema = parameter.get("schema", {})
    return next(iter(schema.get("examples", ())), schema.get("default", ""))


def _curl(asked: _Asked, *, is_live: bool) -> str:
    words = ["curl"]
    if is_live:
        words.append("-N")
    if asked.method != "GET":
        words.append(f"-X {asked.method}")
    if asked.body is not None:
        words += ["-H 'Content-Type: application/json'", f"-d '{asked.body}'"]
    return " ".join([*words, f"'{asked.url()}'"])


def _python(asked: _Asked, doc: RouteDoc) -> str:
    call = _call(asked, doc)
    if call is None:
        return _plain_python(asked, doc.media_type)
    has_batch = asked.operation_id == "askBatch"
    lines = [f"from coinmux.client import {'Asked, ' if has_batch else ''}Client", ""]
    if doc.media_type == _EVENTS:
        lines += [
            f'with Client("{BASE}") as client, client.{call} as stream:',
            "    for event in stream:",
            "        print(event.kind, event.data)",
        ]
    else:
        lines.append(f'with Client("{BASE}") as client:')
        if doc.operation is None or has_batch:
            lines.append(f"    print(client.{call})")
        else:
            lines.append(f"    answer = client.{call}")
            lines.append('    print(answer.data, answer.meta["provider"])')
    return "\n".join(lines)


def _call(asked: _Asked, doc: RouteDoc) -> str | None:
    """What the client is asked; None where it has no method for the route."""
    given = {**asked.path, **asked.query}
    if asked.operation_id in _REPORTS:
        return _REPORTS[asked.operation_id]
    if asked.operation_id == "askBatch":
        return (
            'batch([Asked.of("ticker", symbol="BTC/USDT"), '
            'Asked.indicator("rsi", symbol="BTC/USDT", interval="4h")])'
        )
    if asked.operation_id == "getData":
        return f"get({_literal(given['capability'])})"
    if asked.template.startswith("/api/market/") and doc.media_type == _EVENTS:
        pair = given["symbols"].partition(",")[0]
        further = _keywords({n: v for n, v in given.items() if n not in _PAIRED})
        return f"stream({_literal(doc.operation)}, {_literal(pair)}{further})"
    if asked.template.startswith("/api/indicators/{indicator}") and asked.method == "GET":
        method = "stream_indicator" if doc.media_type == _EVENTS else "indicator"
        further = _keywords({n: v for n, v in given.items() if n not in ("indicator", "symbol")})
        name, pair = _literal(given["indicator"]), _literal(given["symbol"])
        return f"{method}({name}, {pair}{further})"
    if doc.reader is None:
        return None
    if doc.body is not None:
        values = json.loads(asked.body or "{}")
    else:
        values = {doc.reader.fields.get(name, name): value for name, value in given.items()}
    return f"{doc.reader.capability}({_keywords(values).removeprefix(', ')})"


def _keywords(values: Mapping[str, object]) -> str:
    return "".join(f", {name}={_literal(value)}" for name, value in values.items())


def _literal(value: object) -> str:
    """As Python and people write it: a number without quotes, a text in double ones."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        return value
    return json.dumps(value)


def _plain_python(asked: _Asked, media_type: str) -> str:
    lines = ["import json", "from urllib.request import Request, urlopen", ""]
    given = ""
    if asked.body is not None:
        lines += [f"body = {_dict(asked.body)}"]
        given = ', json.dumps(body).encode(), {"Content-Type": "application/json"}'
    lines.append(f'with urlopen(Request("{asked.url()}"{given})) as answer:')
    if media_type == "application/json":
        lines.append("    print(json.load(answer))")
        return "\n".join(lines)
    lines = [one for one in lines if one != "import json"]
    if media_type == _EVENTS:
        return "\n".join([*lines, "    for line in answer:", "        print(line.decode())"])
    return "\n".join([*lines, "    print(answer.read().decode())"])


def _dict(body: str) -> str:
    """A JSON object as Python writes it."""
    return repr(json.loads(body)).replace("'", '"')


def _javascript(asked: _Asked, media_type: str) -> str:
    if media_type == _EVENTS:
        kinds = '["snapshot", "update", "gap", "source", "stale"]'
        return (
            f'const events = new EventSource("{asked.url()}");\n'
            f"for (const kind of {kinds}) {{\n"
            "  events.addEventListener(kind, (event) => console.log(kind, event.data));\n}"
        )
    if asked.body is None:
        opened = f'const answer = await fetch("{asked.url()}");'
    else:
        opened = (
            f'const answer = await fetch("{asked.url()}", {{\n'
            f'  method: "{asked.method}",\n'
            '  headers: { "Content-Type": "application/json" },\n'
            f"  body: JSON.stringify({asked.body}),\n}});"
        )
    read = "json" if media_type == "application/json" else "text"
    return f"{opened}\nconsole.log(await answer.{read}());"


def _spreadsheets(asked: _Asked) -> Iterator[Snippet]:
    address = asked.url(".csv")
    yield Snippet("powerquery", "Excel", f'= Csv.Document(Web.Contents("{address}"))')
    yield Snippet("text", "Google Sheets", f'=IMPORTDATA("{address}")')
