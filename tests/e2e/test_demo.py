"""A fresh demo answers every question its own documentation gives as an example."""

from urllib.parse import quote

import httpx

#: What takes more than its examples: a request of before, a capability's own fields.
NEEDS = {
    "/api/market/pairs": {"provider": "kraken"},
    "/api/routing/explain": {"capability": "ticker", "symbol": "BTC/USDT"},
    "/api/feeds/explain": {"capability": "ticker", "symbol": "BTC/USDT"},
}
#: Where nothing went wrong there is no incident to show.
APART = {"/api/routing/decisions/{request_id}", "/api/incidents/{incident_id}", "/badge/{badge}"}


def example(parameter):
    """What the document gives as an example or as the default; None if it gives none."""
    schema = parameter.get("schema", {})
    found = parameter.get("example")
    for listed in (parameter.get("examples"), schema.get("examples")):
        if found is None and listed:
            found = next(iter(listed.values()))["value"] if isinstance(listed, dict) else listed[0]
    return found if found is not None else schema.get("default")


def questions(document):
    """Each GET as it stands with its required parameters, and with each other one alone."""
    for path, methods in document["paths"].items():
        if "get" not in methods or "stream" in path or path in APART:
            continue
        url, needed, others = path, dict(NEEDS.get(path, {})), []
        for parameter in methods["get"].get("parameters", []):
            name, value = parameter["name"], example(parameter)
            if parameter["in"] == "path":
                url = url.replace("{" + name + "}", quote(str(value), safe="/"))
            elif parameter["in"] == "query" and value is not None:
                shown = str(value).lower() if isinstance(value, bool) else value
                if parameter.get("required"):
                    needed.setdefault(name, shown)
                elif name not in needed:
                    others.append({name: shown})
        yield url, needed
        for one in others:
            yield url, {**needed, **one}


def test_every_documented_example_is_answered(simulated_server):
    """With its defaults, and with each example of a parameter."""
    with httpx.Client(base_url=simulated_server.url, timeout=30) as client:
        document = client.get("/schema/openapi.json").json()
        asked = list(questions(document))
        assert len(asked) > 60
        refused = [
            (url, parameters, answer.text[:200])
            for url, parameters in asked
            if (answer := client.get(url, params=parameters)).status_code >= 400
        ]
        assert refused == []


def test_questions_without_a_sample_move_no_health(simulated_server):
    """Made-up pairs, metrics and thresholds leave every source as it was."""
    with httpx.Client(base_url=simulated_server.url, timeout=30) as client:

        def unwell():
            lines = client.get("/api/source-health/status").json()["sources"]
            return {one["name"] for one in lines if one["state"] in ("OFFLINE", "DEGRADED")}

        before = unwell()
        for at in range(4):
            for target in (
                f"/api/market/ticker?symbol=NOSUCH{at}/USDT",
                f"/api/whales/transfers?min_usd={at + 777}",
                f"/api/onchain/market/nothing_{at}",
                f"/api/news?asset=NOSUCH{at}",
            ):
                client.get(target)
        assert unwell() <= before
        assert client.get("/api/status").json()["status"] == "ONLINE"
