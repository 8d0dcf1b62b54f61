"""Alerts by the house's own pager: `ALERT_URLS=night=acmepager://pager.example.com/team`."""

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlsplit

from coinmux import Alert, AlertChannelKind, EnvVar, hookimpl


def send(alert: Alert, address: str, settings: Mapping[str, str]) -> None:
    place = urlsplit(address)
    plain = settings.get("ACME_PAGER_PLAIN") == "yes"
    pager = (HTTPConnection if plain else HTTPSConnection)(place.netloc, timeout=20)
    try:
        pager.request(
            "POST",
            place.path,
            json.dumps({"title": alert.title, "text": alert.body}),
            {"Authorization": f"Bearer {settings['ACME_PAGER_TOKEN']}"},
        )
        if (status := pager.getresponse().status) >= 300:
            raise OSError(f"the pager answered {status}")
    finally:
        pager.close()


@hookimpl
def register_alert_channels() -> Sequence[AlertChannelKind]:
    return [
        AlertChannelKind(
            "acmepager",
            send,
            env=(
                EnvVar("ACME_PAGER_TOKEN", description="Opens the pager."),
                EnvVar("ACME_PAGER_PLAIN", required=False, secret=False),
            ),
        )
    ]
