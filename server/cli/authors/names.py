"""What a new plugin is called, and every other word its files are filled in with."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import coinmux
from coinmux.framework.config.settings import SETTINGS
from coinmux.framework.errors import InvalidRequest
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.plugins.hookspecs import PROJECT
from coinmux.framework.reports.base import installed_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Kind = Literal["provider", "indicator", "capability"]
License = Literal["MIT", "none"]

#: Characters of each; what is made of them fits into lines of code.
_LONGEST: Mapping[str, int] = {
    "provider": 40, "indicator": 40, "capability": 30,
    "title": 40, "author": 80, "base_url": 70, "docs_url": 70,
}  # fmt: skip
_WORD = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_HYPHENATED = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DESCRIPTIONS: Mapping[Kind, str] = {
    "provider": "{title} as a source of coinmux: prices and candles",
    "indicator": "{title}, an indicator for coinmux",
    "capability": "{title}, a kind of answer for coinmux, and a source of it",
}


@dataclass(frozen=True, slots=True)
class NewPlugin:
    """What the author said of a plugin that is to be made.

    Attributes:
        kind: what it has.
        name: of the provider, the indicator or the capability.
        title: for people; made of the name where it is empty.
        provider: of a capability: who answers; made of the name where it is empty.
        base_url, docs_url: of the source; made-up ones where they are empty.
        author: for the licence and the metadata; made of the name where it is empty.
        license: the licence it is published under.
    """

    kind: Kind
    name: str
    title: str = ""
    provider: str = ""
    base_url: str = ""
    docs_url: str = ""
    author: str = ""
    license: License = "MIT"

    def __post_init__(self) -> None:
        """Raises `InvalidRequest` that names each field that will not do, and what would."""
        wrong = list(self._wrong())
        if wrong:
            raise refused(wrong)

    @property
    def module(self) -> str:
        """The name as Python takes it."""
        return self.name.replace("-", "_")

    @property
    def project(self) -> str:
        """The distribution, and the folder it is made in."""
        return f"coinmux-{self.name.replace('_', '-')}"

    @property
    def source(self) -> str:
        """The provider's name; empty for an indicator."""
        if self.kind == "capability":
            return self.provider or f"{self.name}_source"
        return self.name if self.kind == "provider" else ""

    def words(self) -> dict[str, Any]:
        """The values of the template, by name."""
        title = self.title or self.name.replace("_", " ").replace("-", " ").title()
        host = f"{self.module.replace('_', '-')}.example"
        docs_url = self.docs_url or f"https://{host}/docs/api"
        today = datetime.now(UTC).date()
        asks = self.kind != "indicator"
        capability = self.name if self.kind == "capability" else "ticker"
        return {
            "kind": self.kind,
            "name": self.name,
            "title": title,
            "description": _DESCRIPTIONS[self.kind].format(title=title),
            "module": self.module,
            "package": f"coinmux_{self.module}",
            "project": self.project,
            "klass": _klass(self.name),
            "output": self.module,
            "provider": self.source,
            "env": self.source.upper(),
            "capability": capability,
            "path": capability.replace("_", "-"),
            "base_url": self.base_url or f"https://api.{host}",
            "docs_url": docs_url,
            "terms_url": f"https://{urlsplit(docs_url).netloc}/terms",
            "author": self.author or f"the {self.project} authors",
            "license": self.license,
            "year": today.year,
            "today": today.isoformat(),
            "coinmux_range": _range(installed_version()),
            # A file or folder whose name comes to nothing is left out.
            "samples": "samples" if asks else "",
            "candles": "candles.json" if self.kind == "provider" else "",
            "no_candles": "candles_unknown_symbol.json" if self.kind == "provider" else "",
            "license_file": "LICENSE" if self.license == "MIT" else "",
            "dot": ".",
        }

    def _wrong(self) -> Iterator[tuple[str, str]]:
        """Each field that will not do, with what would."""
        yield from (("name", wrong) for wrong in self._wrong_name())
        if self.provider:
            wrong = _wrong_source(self.provider)
            if self.kind != "capability":
                wrong = "is for a capability only"
            if wrong:
                yield "provider", wrong
        for field in ("base_url", "docs_url"):
            url = urlsplit(getattr(self, field))
            if getattr(self, field) and not (url.scheme == "https" and url.hostname):
                yield field, "takes an https address, as https://api.acme.example"
        for field in ("title", "author", "base_url", "docs_url"):
            text = getattr(self, field)
            if re.search(r"[\x00-\x1f\x7f\"\\{}]", text) or len(text) > _LONGEST[field]:
                yield (
                    field,
                    f"takes at most {_LONGEST[field]} characters, none of them a quotation mark, a "
                    "brace, a backslash or a control character",
                )

    def _wrong_name(self) -> Iterator[str]:
        pattern, joined = (
            (_HYPHENATED, "hyphens") if self.kind == "indicator" else (_WORD, "underscores")
        )
        name = self.name
        longest = _LONGEST[self.kind]
        if not pattern.fullmatch(name) or len(name) > longest:
            near = _near(name, "-" if self.kind == "indicator" else "_", longest)
            would = f"; {near} would do" if pattern.fullmatch(near) else ""
            yield (
                f"takes lower case letters and digits, words joined by {joined}, "
                f"at most {longest} characters, not {name[:60]!r}{would}"
            )
        elif keyword.iskeyword(name) or keyword.iskeyword(name.capitalize()):
            yield f"{name} is a word of Python; {name}_data would do"
        elif self.kind == "provider" and (wrong := _wrong_source(name)) is not None:
            yield wrong
        elif self.kind == "capability" and (model := _model_of_ours(name)) is not None:
            yield f"{name} is taken: coinmux has a model {model}; {name}_figure would do"


def refused(wrong: Sequence[tuple[str, str]]) -> InvalidRequest:
    """The error that names each field that will not do, and what would."""
    errors = [{"name": name, "message": message} for name, message in wrong]
    return InvalidRequest("; ".join(f"{name} {text}" for name, text in wrong), errors=errors)


#: Names the generated module imports from elsewhere.
_IMPORTED = frozenset({"Any", "Sequence", "Field", "Symbol", "Timestamp"})


def _model_of_ours(name: str) -> str | None:
    """The name of a model or function of ours that the capability's models would hide."""
    models = (_klass(name), f"{_klass(name)}Query")
    ours = {*coinmux.__all__, *_IMPORTED} if name not in CAPABILITIES else set()
    return next((one for one in models if one in ours), None)


def _wrong_source(name: str) -> str | None:
    """What is wrong with a provider's name; None if nothing is."""
    if not _WORD.fullmatch(name) or len(name) > _LONGEST["provider"]:
        return f"takes lower case letters, digits and underscores, not {name[:60]!r}"
    prefix = f"{name.upper()}_"
    ours = sorted(one for one in SETTINGS if one.startswith(prefix))
    if ours:
        return f"{name} is taken: its settings would begin as {ours[0]} does; {name}_api would do"
    return None


def _near(name: str, joint: str, longest: int) -> str:
    """The nearest name of the right form, or "" for none."""
    words = re.findall(r"[a-z0-9]+", re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", name).lower())
    near = joint.join(words).lstrip("0123456789" + joint)
    return near[:longest].rstrip(joint)


def _klass(name: str) -> str:
    return "".join(word.capitalize() for word in re.split("[_-]", name))


def _range(version: str) -> str:
    """The versions of coinmux that keep what this one promises (`docs/reference/stability.md`)."""
    major, minor = (int(part) for part in version.split(".")[:2])
    end = f"{major + 1}" if major else f"0.{minor + 1}"
    return f"{PROJECT}>={major}.{minor},<{end}"
