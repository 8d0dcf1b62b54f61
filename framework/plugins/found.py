"""A plugin that is being loaded: what it is imported by, and what it declared."""

from __future__ import annotations

import inspect
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coinmux.framework.plugins.extensions.register import DECLARING
from coinmux.framework.plugins.hookspecs import PROJECT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_ERROR_CHARS = 300


@dataclass(slots=True)
class Found:
    """A plugin that is being loaded: an entry point, or an object of this process."""

    name: str
    origin: str
    version: str
    built_in: bool
    load: Callable[[], object]
    #: What it is imported by; None for an object of this process.
    value: str | None = None
    thread: threading.Thread | None = None
    finished: threading.Event = field(default_factory=threading.Event)
    loaded: object | None = None
    info: object = None
    capabilities: Sequence[object] = ()
    indicators: object = None
    #: What its hooks that register something returned, by hook.
    declared: dict[str, object] = field(default_factory=dict)
    error: str | None = None
    started_at: float = field(default_factory=time.monotonic)
    took_s: float | None = None
    #: What differs with each installation of it; "" where that is not known.
    stamp: str = ""
    #: How often it was loaded before in this process.
    round: int = 0

    def run(self) -> None:
        """Import it and ask what it declares; called in a thread."""
        self.started_at = time.monotonic()
        try:
            plugin = self.load()
            self.loaded = plugin() if inspect.isclass(plugin) else plugin
            # These hooks are the plugin's code too and may hang like its import.
            if (declare := _marked(self.loaded, "coinmux_capabilities")) is not None:
                self.capabilities = tuple(declare())
            if (describe := _marked(self.loaded, "provider_info")) is not None:
                self.info = describe()
            if (describe := _marked(self.loaded, "indicator_info")) is not None:
                self.indicators = describe()
            for hook in DECLARING:
                if (declare := _marked(self.loaded, hook)) is not None:
                    self.declared[hook] = declare()
        except BaseException as error:  # noqa: BLE001 - a SystemExit in a plugin must not end the process
            said = f"{type(error).__name__} while loading: {text_of(error)[:_ERROR_CHARS]}"
            self.error = f"{said}{_place_of(error, self.value)}"
        finally:
            self.took_s = time.monotonic() - self.started_at
            self.finished.set()

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other: its name, and where it comes from."""
        return self.name, self.origin

    @property
    def pending(self) -> bool:
        """Whether its loading has begun, or will, and has not ended."""
        return self.thread is not None and not self.finished.is_set() and self.error is None

    @property
    def hangs(self) -> bool:
        """Whether it was given up while it was loading, and its thread goes on."""
        return self.thread is not None and not self.finished.is_set() and self.error is not None

    def again(self) -> Found:
        """The same plugin, to be loaded once more."""
        return Found(
            self.name, self.origin, self.version, self.built_in, self.load, self.value,
            stamp=self.stamp, round=self.round + 1,
        )  # fmt: skip


def in_process(name: str, plugin: object) -> Found:
    """A plugin given as an object, for tests and notebooks."""
    return Found(name, "in-process", "", built_in=False, load=lambda: plugin)


def text_of(error: BaseException) -> str:
    """The error's own words in one line."""
    try:
        return " ".join(str(error).split())
    except BaseException:  # noqa: BLE001 - the error's own `__str__` is the plugin's code too
        return "its text cannot be read"


def _marked(plugin: object, name: str) -> Callable[[], Any] | None:
    """The plugin's implementation of a hook without arguments; None if it has none."""
    function = getattr(plugin, name, None)
    return function if hasattr(function, f"{PROJECT}_impl") else None


def _place_of(error: BaseException, value: str | None) -> str:
    """Where the plugin's own code raised it, as ` (acme/__init__.py line 12)`."""
    if value is None or isinstance(error, SyntaxError):
        # The text of a SyntaxError names file and line itself.
        return ""
    root = value.partition(":")[0].partition(".")[0]
    places = [(Path(one.filename), one.lineno) for one in traceback.extract_tb(error.__traceback__)]
    own = [(file, line) for file, line in places if root in (*file.parts, file.stem)]
    if not own:
        return ""
    file, line = own[-1]
    parts = file.parts
    shown = parts[parts.index(root) :] if root in parts else parts[-1:]
    return f" ({'/'.join(shown)} line {line})"
