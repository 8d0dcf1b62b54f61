"""Sample exchanges beside each provider: read, checked, and refused with file and field named.

The format is described in `docs/samples.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

import msgspec
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from coinmux.framework import errors
from coinmux.framework.models.capability import CAPABILITIES
from coinmux.framework.reference.values import EARLIEST_MS, LATEST_MS
from coinmux.framework.samples import json_paths
from coinmux.framework.samples.amounts import read_amount
from coinmux.framework.simulator.time_shift import read_time

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

#: In a request: whatever stands there.
ANY = "*"


class BadSample(ValueError):
    """A sample file that breaks the format: `binance/ticker.json: exchanges.0.times.1: ...`."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SampleRequest(_Part):
    """What the hook sends. `"*"` as a value, a path segment or inside `json` is any value."""

    method: Literal["GET", "POST"] = "GET"
    path: str = Field(description="Appended to the base URL, without query; may be empty")
    params: Mapping[str, str] = Field(default_factory=dict, description="Without keys")
    host: str | None = Field(default=None, description="Of `ProviderInfo.hosts`")
    channel: str | None = Field(default=None, description="Of `ProviderInfo.channels`")
    json_body: Any = Field(default=None, alias="json", description="Of a POST")

    @field_validator("path")
    @classmethod
    def _is_path(cls, path: str) -> str:
        if path and not path.startswith("/"):
            raise ValueError("takes a path that starts with /, or nothing")
        if "?" in path or "#" in path:
            raise ValueError("takes no query; parameters stand in params")
        return path

    @field_validator("params", mode="before")
    @classmethod
    def _as_text(cls, params: Any) -> Any:
        if not isinstance(params, dict):
            return params
        return {name: str(v) if type(v) in (int, float) else v for name, v in params.items()}


class SampleResponse(_Part):
    """What the source answers: `body` as JSON, or `text` as it is, or neither."""

    status: int = Field(default=200, ge=100, le=999)
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Any = None
    text: str | None = None

    @property
    def has_body(self) -> bool:
        """Whether the answer is JSON, `null` included."""
        return "body" in self.model_fields_set and self.text is None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.text is not None and self.body is not None:
            raise ValueError("takes body or text, not both")
        return self


class SeriesStep(_Part):
    """Where a request says the length of a candle, and what its words mean.

    Attributes:
        param: the parameter; "" or None where no parameter says it.
        segment: the segment of the path, 0 for the first, -1 for the last.
        part: which part of that segment, where colons divide it; None for the whole.
        values: the source's word -> seconds.
    """

    param: str | None = None
    segment: int | None = None
    part: int | None = Field(default=None, ge=0)
    values: Mapping[str, int] = Field(min_length=1)

    def word(self, segments: Sequence[str]) -> str | None:
        """What the path says; None where it is not the path that says it, or it says nothing."""
        if self.segment is None:
            return None
        text = segments[self.segment]
        if self.part is None:
            return text
        parts = text.split(":")
        return parts[self.part] if self.part < len(parts) else None


class Limit(_Part):
    """How many rows: what the parameter says, else `default`, never more than `max`."""

    param: str | None = None
    default: int = Field(default=500, ge=1, le=5000)
    max: int = Field(default=5000, ge=1, le=5000)


class Range(_Part):
    """Parameters that bound opening times; without them they are recognised by name and value.

    Attributes:
        excludes_end: whether the source leaves out a candle that opens at the end exactly.
    """

    start: str | None = None
    end: str | None = None
    excludes_end: bool = False


class SampleSeries(_Part):
    """Rows that the simulator makes as many of as are asked, of the length that is asked.

    Attributes:
        path: of the list of rows in the body.
        time: of the time in a row.
        at: whether that is when the candle opens, or when it closes (now where it is open).
        order: oldest (`asc`) or newest (`desc`) first.
        columns: open, high, low, close -> path in a row, where the rows do not tell by themselves.
    """

    path: str = ""
    time: str
    at: Literal["open", "close"] = "open"
    order: Literal["asc", "desc"] = "asc"
    step: SeriesStep
    limit: Limit = Limit()
    range: Range = Range()
    columns: Mapping[Literal["open", "high", "low", "close"], str] | None = None


class SampleBatch(_Part):
    """Rows of the answer, one for each item of a list in the request's JSON.

    Attributes:
        asked: dotted path of that list.
        path: of the rows in the body; the simulator repeats them to as many as are asked.
    """

    asked: str
    path: str = ""


class Exchange(_Part):
    """One request and its response.

    Attributes:
        times: dotted paths of times in the body; names of elements where it is text.
        prices: dotted paths of prices in quote units.
    """

    request: SampleRequest
    response: SampleResponse
    times: tuple[str, ...] = ()
    prices: tuple[str, ...] = ()
    series: SampleSeries | None = None
    batch: SampleBatch | None = None

    @model_validator(mode="after")
    def _has_a_batch(self) -> Self:
        if self.batch is None:
            return self
        rows = next(json_paths.values(self.response.body, json_paths.parse(self.batch.path)), None)
        if not isinstance(rows, list) or not rows:
            raise ValueError(f"batch.path: {self.batch.path!r} leads to no list with rows")
        if not list(json_paths.values(self.request.json_body, json_paths.parse(self.batch.asked))):
            raise ValueError(f"batch.asked: {self.batch.asked!r} leads to nothing in the request")
        return self

    @model_validator(mode="after")
    def _paths_lead_somewhere(self) -> Self:
        for at, path in enumerate(self.times):
            found = list(self._times_at(path))
            if not found:
                raise ValueError(f"times.{at}: {path!r} leads to nothing in the body")
            if all(read_time(value) is None for value in found):
                raise ValueError(f"times.{at}: {path!r} leads to {str(found[0])[:40]!r}, no time")
        for at, path in enumerate(self.prices):
            found = list(json_paths.values(self.response.body, json_paths.parse(path)))
            if not found:
                raise ValueError(f"prices.{at}: {path!r} leads to nothing in the body")
            for value in found:
                if value is not None and read_amount(value) is None:
                    raise ValueError(f"prices.{at}: {path!r} leads to {str(value)[:40]!r}")
        return self

    @model_validator(mode="after")
    def _has_rows(self) -> Self:
        if self.series is None:
            return self
        rows = next(json_paths.values(self.response.body, json_paths.parse(self.series.path)), None)
        if not isinstance(rows, list) or not rows:
            raise ValueError(f"series.path: {self.series.path!r} leads to no list with rows")
        for row in rows:
            time = next(json_paths.values(row, json_paths.parse(self.series.time)), None)
            if read_time(time) is None:
                raise ValueError(f"series.time: {self.series.time!r} leads to {str(time)[:40]!r}")
        segment, count = self.series.step.segment, self.request.path.count("/")
        if segment is not None and not -count <= segment < count:
            raise ValueError(f"series.step.segment: the path has {count} segments")
        return self

    def _times_at(self, path: str) -> Iterator[Any]:
        if self.response.text is not None:
            yield from (match[2].strip() for match in element(path).finditer(self.response.text))
        else:
            yield from json_paths.values(self.response.body, json_paths.parse(path))


class SampleInput(_Part):
    """What another source answers to a derived one, which asks it through `http.ask`.

    Attributes:
        provider: the source that alone is asked; None where any may answer.
        data: of the answer, as the REST API tells it.
        error: what the question ends in, in its place.
    """

    capability: str = Field(pattern="^[a-z][a-z0-9_]{1,39}$")
    query: Mapping[str, Any] = Field(default_factory=dict)
    provider: str | None = None
    data: Mapping[str, Any] | None = None
    error: Literal["unknown_symbol", "inputs_missing"] | None = None

    @model_validator(mode="after")
    def _ends(self) -> Self:
        if (self.data is None) == (self.error is None):
            raise ValueError("takes data or error")
        row = CAPABILITIES.get(self.capability)
        if row is not None:
            try:
                row.query.model_validate(dict(self.query))
                if self.data is not None:
                    row.result.decode(msgspec.json.encode(self.data))
            except (ValueError, KeyError, msgspec.MsgspecError, errors.CoinmuxError) as exc:
                raise ValueError(_said(exc)) from exc
        return self


class FieldSource(NamedTuple):
    """Where a field of ours stands in the source's answer.

    Attributes:
        path: dotted, in the body of the first exchange; `1:` before it is the second's.
        unit: of their value: a word of `coinmux.framework.samples.units`.
    """

    path: str
    unit: str

    def path_in(self, exchange: int) -> str | None:
        """The path in the body of the exchange of that number, from 0; None if it is of another."""
        number, colon, rest = self.path.partition(":")
        if colon and number.isascii() and number.isdigit():
            return rest if int(number) == exchange else None
        return self.path if exchange == 0 and self.path else None


class Sample(_Part):
    """One case: a query, what goes over the wire for it, and what comes out.

    Attributes:
        outcome: `ok`, or the code of the error it ends in.
        exchanges: none for a derived source.
        inputs: what others answer a derived source.
        expect: fields of the result.
        fields: where each field of the result comes from, by its own path.
        file: where it was read.
    """

    capability: str = Field(pattern="^[a-z][a-z0-9_]{1,39}$")
    query: Mapping[str, Any] = Field(default_factory=dict)
    source: str = Field(min_length=1)
    recorded_at: int = Field(ge=EARLIEST_MS, le=LATEST_MS)
    outcome: str = "ok"
    exchanges: tuple[Exchange, ...] = ()
    inputs: tuple[SampleInput, ...] = ()
    expect: Mapping[str, Any] = Field(default_factory=dict)
    fields: Mapping[str, FieldSource] = Field(default_factory=dict)
    file: str = Field(default="", exclude=True)

    @field_validator("outcome")
    @classmethod
    def _is_known(cls, outcome: str) -> str:
        if outcome != "ok" and outcome not in _codes():
            raise ValueError(f"takes ok or the code of an error, not {outcome[:40]!r}")
        return outcome

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if not self.exchanges and not self.inputs:
            raise ValueError("exchanges: takes one at least, or inputs of a derived source")
        return self

    @model_validator(mode="after")
    def _query_fits(self) -> Self:
        capability = CAPABILITIES.get(self.capability)
        if capability is not None:
            try:
                capability.query.model_validate(dict(self.query))
            except (ValidationError, errors.CoinmuxError) as exc:
                raise ValueError(f"query: {_said(exc)}") from exc
        return self


def _codes() -> set[str]:
    found, left = set(), [errors.CoinmuxError]
    while left:
        kind = left.pop()
        found.add(kind.code)
        left.extend(kind.__subclasses__())
    return found


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return _first(error)
    return error.detail if isinstance(error, errors.CoinmuxError) else str(error)


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    text = first["msg"].removeprefix("Value error, ")
    return f"{where}: {text}" if where else text


def element(name: str) -> re.Pattern[str]:
    """Finds an XML element by name: its start tag, its text and its end tag."""
    word = re.escape(name)
    return re.compile(
        rf"(<{word}(?:\s[^>]*)?>\s*(?:<!\[CDATA\[)?)([^<\]]*)((?:\]\]>)?\s*</{word}>)"
    )


def read_sample(text: str | bytes, file: str) -> Sample:
    """The sample in a file.

    Args:
        text: the file.
        file: its name, for errors.

    Raises:
        BadSample: with file and field.
    """
    try:
        held = msgspec.json.decode(text)
    except msgspec.DecodeError as exc:
        raise BadSample(f"{file}: no JSON: {exc}") from exc
    if not isinstance(held, dict):
        raise BadSample(f"{file}: takes an object")
    try:
        sample = Sample.model_validate({**held, "file": file})
    except ValidationError as exc:
        raise BadSample(f"{file}: {_first(exc)}") from exc
    stem = file.rpartition("/")[2].removesuffix(".json")
    if stem != sample.capability and not stem.startswith(f"{sample.capability}_"):
        raise BadSample(f"{file}: capability: {sample.capability!r} is not what the file is named")
    return sample


def load_samples(folder: Traversable, name: str) -> list[Sample]:
    """Every sample of a folder; of each capability its plain file first, the rest by name.

    Args:
        folder: one that does not exist holds none.
        name: of the provider, for errors.

    Raises:
        BadSample: the first file that breaks the format.
    """
    return [read_sample(entry.read_bytes(), f"{name}/{entry.name}") for entry in _files(folder)]


def sample_files(package: str) -> list[Traversable]:
    """The files in a package's `samples` folder, in the order of `load_samples`."""
    return _files(resources.files(package).joinpath("samples"))


def _files(folder: Traversable) -> list[Traversable]:
    if not folder.is_dir():
        return []
    return sorted(
        (entry for entry in folder.iterdir() if entry.name.endswith(".json")),
        key=lambda entry: entry.name.removesuffix(".json"),
    )


def samples_of(package: str, name: str) -> list[Sample]:
    """The samples in a package's `samples` folder, as `load_samples`."""
    return load_samples(resources.files(package).joinpath("samples"), name)
