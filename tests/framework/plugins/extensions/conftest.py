"""Hooks beyond fetching, with as much time as a busy machine may take."""

import pytest

from coinmux.framework.plugins.extensions import prompt_call


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """A sound hook is never late for want of a processor; `patience(0.01)` for one that hangs."""

    def set_limit(seconds):
        monkeypatch.setattr(prompt_call, "LIMIT_S", seconds)

    set_limit(20)
    return set_limit


@pytest.fixture
def said():
    """The warnings about a hook, from the events of a gateway."""

    def of(gateway, hook):
        return [
            event.message for event in gateway.events.recent()
            if event.kind == "plugin" and event.detail.get("hook") == hook
        ]  # fmt: skip

    return of
