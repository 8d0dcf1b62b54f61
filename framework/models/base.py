"""The base classes of all queries and results, with the methods the framework calls on each."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from functools import cache
from types import NoneType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    Self,
    Union,
    get_args,
    get_origin,
)

import msgspec
from pydantic import (
    VERSION,
    BaseModel,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from typing_extensions import TypeVar

from coinmux.framework.errors import Implausible, InvalidRequest, OtherSubject, UnknownSymbol
from coinmux.framework.models.tables import table_of
from coinmux.framework.reference.chains import Chain
from coinmux.framework.reference.frozen import frozen
from coinmux.framework.reference.rows import forget_since, marked, without_bad_fields
from coinmux.framework.reference.symbols import Symbol

if TYPE_CHECKING:
    import pandas
    import polars
    import pyarrow

    from coinmux.framework.models.tables import Table

#: A source's clock may be this far ahead of ours; a later time is refused (`faults.md` E3).
FUTURE_MS = 60_000
#: Whether a model's validator is built when it is first used: building all takes 40 ms of every
#: start. Before 2.14 pydantic does not lock while it builds one, and some hooks run in threads.
_WHEN_USED = tuple(map(int, VERSION.split(".")[:2])) >= (2, 14)
#: Fields that name the subject of a query.
_SUBJECT = ("symbol", "asset", "protocol", "address")
#: Types of few bytes, and what a field of them takes as JSON, its name included.
_FLAT = (float, int, bool, NoneType, Symbol, Chain)
_FLAT_BYTES = 16
#: Where a query and its answer both have one of these fields, the values must be equal.
_COMPARED = ("symbol", "interval", "chain", "address", "metric", "asset", "page")
#: What a model of pydantic consists of: a frozen one lets nobody else set it.
_set_values, _set_given, _set_extra, _set_private = (
    vars(BaseModel)[name].__set__
    for name in (
        "__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Head:
    """The height of a chain, or of anything else that only grows, as one source reports it.

    Attributes:
        subject: what grows; heights of one subject are compared.
        patience_s: how far the time of this head may be behind that of the newest head.
    """

    subject: Hashable
    height: int
    timestamp: int | None
    patience_s: float


class Cut(NamedTuple):
    """How a list of an answer is cut to what was asked for.

    Attributes:
        items: the result's field, a tuple.
        most: the query's field that says how many.
        newest_last: whether the last ones are kept; else the first.
    """

    items: str
    most: str
    newest_last: bool = False


@cache
def _optional_names(model: type[BaseModel]) -> frozenset[str]:
    """The fields of `model` that may be null, by the names a source's values are given under."""
    return frozenset(
        field.alias or name
        for name, field in model.model_fields.items()
        if NoneType in get_args(field.annotation)
    )


class Result(BaseModel):
    """The data of an answer.

    A value that does not fit a field which may be null is read as null, and reported; so one bad
    figure does not cost the rest.

    Attributes:
        notes: remarks on how the data was made (rows dropped, the coin chosen for a ticker); they
            are sent as `meta.notes`, not with the data.
        rows_left_out: rows the source sent that could not be read; sent as `meta.rows_left_out`.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", arbitrary_types_allowed=True, defer_build=_WHEN_USED
    )

    notes: tuple[str, ...] = Field(default=(), exclude=True)
    rows_left_out: int = Field(default=0, exclude=True)

    #: Fields that may hold a dict, a list or an array, which are frozen.
    _shared: ClassVar[tuple[str, ...]] = ()
    #: Whether it holds nothing but numbers, times and the like, so that its size is known.
    _is_flat: ClassVar[bool] = False

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        super().__pydantic_init_subclass__(**more)
        cls._shared = tuple(
            name for name, field in cls.model_fields.items() if _is_mutable(field.annotation)
        )
        cls._is_flat = all(
            name == "notes" or _is_flat(field.annotation)
            for name, field in cls.model_fields.items()
        )

    def model_post_init(self, context: Any, /) -> None:
        """Freeze what the model holds: one answer is served to many callers."""
        for name in self._shared:
            self.__dict__[name] = frozen(self.__dict__[name])

    #: Lists that the query bounds.
    cuts: ClassVar[tuple[Cut, ...]] = ()
    #: Lists whose items are lists: what the cells of one are called where it is shown as a table.
    cells: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    @model_validator(mode="wrap")
    @classmethod
    def _without_bad_fields(cls, values: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        mark = marked()
        try:
            return handler(values)
        except ValidationError as error:
            forget_since(mark)
            rest = (
                without_bad_fields(values, error, _optional_names(cls))
                if isinstance(values, Mapping)
                else None
            )
            if rest is None:
                raise _as_raised(error) from None
        return handler(rest)

    @classmethod
    def sound(cls, values: dict[str, object], given: set[str]) -> Self:
        """A result of values that are known to be sound, without a look at them.

        Args:
            values: of every field, in their order.
            given: the fields that were set; several results may share it.
        """
        made = object.__new__(cls)
        _set_values(made, values)
        _set_given(made, given)
        _set_extra(made, None)
        _set_private(made, None)
        return made

    def altered(self, **fields: object) -> Self:
        """A copy in which these fields have values that are known to be sound.

        As `model_copy`, in a tenth of its time: a live feed makes one of each message.
        """
        given = self.__pydantic_fields_set__
        if not fields.keys() <= given:
            given = given | fields.keys()
        return self.sound({**self.__dict__, **fields}, given)

    def table(self) -> Table:
        """The data as columns and rows."""
        return table_of(msgspec.json.decode(self.encode()), self.cells)

    def to_arrow(self) -> pyarrow.Table:
        """The rows, or the only one, with times as UTC timestamps. Needs `coinmux[frames]`.

        What the data says once beside its rows stands in the schema's metadata as `coinmux.once`.
        """
        from coinmux.framework.models.data_frames import arrow_of

        return arrow_of(self.table())

    def to_pandas(self) -> pandas.DataFrame:
        """As `to_arrow`, a DataFrame of the caller's own; `attrs["once"]` is what is said once."""
        from coinmux.framework.models.data_frames import pandas_of

        return pandas_of(self.to_arrow())

    def to_polars(self) -> polars.DataFrame:
        """As `to_arrow`, without what is said once."""
        from coinmux.framework.models.data_frames import polars_of

        return polars_of(self.to_arrow())

    def is_empty(self) -> bool:
        """Whether the answer has no item; only results that are lists can be empty."""
        return False

    def data_length(self) -> int:
        """Items in the answer, for the log: rows, entries, or 1."""
        return 1

    def size(self) -> int:
        """Bytes of `encode()`; an estimate where encoding would take long."""
        if self._is_flat:
            flat = _FLAT_BYTES * len(self.__dict__)
            return flat + sum(map(len, self.notes)) if self.notes else flat
        return len(self.encode())

    def encode(self) -> bytes:
        """The JSON of `data`."""
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """The result that `encode` wrote.

        Raises:
            ValueError, CoinmuxError: the bytes are none.
        """
        return cls.model_validate_json(data, by_name=True, by_alias=True)

    def own_time_ms(self) -> int | None:
        """The data's own time in Unix ms; None if it has none."""
        time = self.__dict__.get("timestamp")
        return time if type(time) is int else None

    def ahead_ms(self) -> int:
        """How far the data's own time may be ahead of our clock."""
        return FUTURE_MS

    def check(self, query: Any, now_ms: int) -> Self:
        """The answer, if it fits `query`: fields of the same name must be equal.

        Its lists are cut to what was asked for.

        Raises:
            OtherSubject: the answer is about something else.
            Implausible: its time is in the future.
        """
        asked_of, answered = query.__dict__, self.__dict__
        for name in query.compared:
            asked = asked_of.get(name)
            if asked is not None:
                about = answered.get(name)
                if about is not asked and about is not None and about != asked:
                    raise OtherSubject(
                        f"asked for {name} {asked}, the answer is about {str(about)[:40]}"
                    )
        newest = self.own_time_ms()
        if newest is not None and newest > now_ms and newest > now_ms + self.ahead_ms():
            raise Implausible(f"its time is {(newest - now_ms) / 1000:.0f} s in the future")
        return self._cut(query) if self.cuts else self

    def _cut(self, query: Any) -> Self:
        shorter = {}
        asked, values = query.__dict__, self.__dict__
        for name, limit, newest_last in self.cuts:
            items, most = values[name], asked.get(limit)
            if most is not None and len(items) > most:
                shorter[name] = items[-most:] if newest_last else items[:most]
        return self.model_copy(update=shorter) if shorter else self

    def staleness(self, query: Any, now_ms: int, max_age_s: float | None) -> str | None:
        """Why the data is too old, in words; None if it is not.

        Args:
            max_age_s: the capability's limit; None if the data may be of any age.
        """
        if max_age_s is None:
            return None
        time = self.own_time_ms()
        if time is None or now_ms - time <= max_age_s * 1000:
            return None
        return f"{(now_ms - time) / 1000:.0f} s old"

    def figure(self, query: Any) -> float | None:
        """The one number that jump checks compare; None if this answer has none."""
        return None

    def fingerprint(self) -> tuple[float | None, ...]:
        """The figures that distinguish one answer from another; empty if there are none."""
        return ()

    def is_distinctive(self) -> bool:
        """Whether two subjects with the same fingerprint cannot be a coincidence."""
        return False

    def damaged(self, rows_left_out: int, notes: tuple[str, ...]) -> Self:
        """The answer with what could not be read of it."""
        return self.model_copy(
            update={
                "notes": (*self.notes, *notes),
                "rows_left_out": self.rows_left_out + rows_left_out,
            }
        )

    def coverage(self) -> tuple[bool, int | None] | None:
        """Whether everything asked for is here, and the next `start` if not; None if not known."""
        return None

    def next_query(self, query: Any, asked: Any, now_ms: int) -> Any:
        """The next page to ask the same source for; None if there is none.

        Args:
            query: the whole question.
            asked: the page that was asked for last.
        """
        return None

    def joined(self, page: Any) -> Self:
        """This answer with the items of a further page; itself if the page has no new ones."""
        return self

    def cut_short(self, note: str | None = None) -> Self:
        """This answer, marked as not complete."""
        return self

    def misplaced(self, query: Any, now_ms: int) -> str | None:
        """Why this may be about another time than asked, in words; None if it is not.

        Such an answer is served only if no other source has one about the time that was asked for.
        """
        return None

    def begins_ms(self) -> int | None:
        """The time of the first item in Unix ms; None if it has none."""
        return None

    def next_page(self, query: Any) -> str | None:
        """Where the source goes on after this page of `query`; None if it does not."""
        following: str | None = self.__dict__.get("cursor")
        return following

    def head(self) -> Head | None:
        """The height of the chain; None if the answer is not the head of a chain."""
        return None

    def fitted(self, query: Any, now_ms: int) -> Self:
        """The answer to `query`, made from the answer to `query.fitted(…)`."""
        return self


def _is_mutable(annotation: Any) -> bool:
    """Whether a field of this annotation may hold a dict, a list or an array."""
    if annotation is Any or annotation in (dict, list):
        return True
    parts = (getattr(annotation, "__origin__", None), *get_args(annotation))
    return any(part is not None and _is_mutable(part) for part in parts)


def _is_flat(annotation: Any) -> bool:
    """Whether a field of this annotation takes few bytes whatever its value."""
    kind, parts = get_origin(annotation), get_args(annotation)
    if kind is Annotated:
        return _is_flat(parts[0])
    if kind in (Union, UnionType):
        return all(_is_flat(part) for part in parts)
    return kind is Literal or annotation in _FLAT


def _as_raised(error: ValidationError) -> Exception:
    """The `Implausible` that a field's validator raised first, else pydantic's own error."""
    cause = (error.errors(include_url=False)[0].get("ctx") or {}).get("error")
    # Anew, as pydantic would wrap an exception that is a `ValueError` once more.
    return Implausible(cause.detail) if isinstance(cause, Implausible) else error


#: The result type of a query; a type checker reads plain `Query` as `Query[Result]`.
R_co = TypeVar("R_co", bound=Result, covariant=True, default=Result)


class Query(BaseModel, Generic[R_co]):
    """A query, generic over its result. Frozen and hashable: its values are the cache key.

    ```python
    class MoonQuery(Query["Moon"]):
        ...
    ```
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, defer_build=_WHEN_USED
    )

    #: Whether a source may need several requests for one answer; see `calls_needed`.
    is_paged: ClassVar[bool] = False
    #: Those of its fields that an answer may repeat, and must repeat rightly.
    compared: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        super().__pydantic_init_subclass__(**more)
        # Once for each kind of question: every answer is checked.
        cls.compared = tuple(name for name in _COMPARED if name in cls.model_fields)

    # Only values are compared, and in C: every request looks up a query in the cache.
    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))

    def brief(self) -> Self:
        """The query as events and decisions record it; a large one is shortened."""
        return self

    def subject(self) -> Hashable:
        """The subject of the query: its pair, coin, protocol or address, else the whole query.

        If a source does not know the subject, it is not asked about it again for a minute. Jump
        checks compare answers about the same subject.
        """
        values = self.__dict__
        for name in _SUBJECT:
            value = values.get(name)
            if value is not None:
                return (name, value, values.get("chain"))
        return self

    def about(self) -> str | None:
        """The subject in a word, for messages; None if the query has none."""
        for name in (*_SUBJECT, "metric", "chain", "quote"):
            value = self.__dict__.get(name)
            if value is not None:
                return str(value)
        return None

    def unlisted(self, detail: str) -> InvalidRequest:
        """The error for a subject that no source lists."""
        return UnknownSymbol(self.about() or "the subject", detail)

    def needed_quote(self) -> str | None:
        """The quote currency that a source must support; None if any fits."""
        values = self.__dict__
        symbol = values.get("symbol")
        quote: str | None = symbol.quote if symbol is not None else values.get("quote")
        return quote

    def needed_chain(self) -> Chain | None:
        """The chain that a source must cover; None if any fits."""
        chain = self.__dict__.get("chain")
        return chain if isinstance(chain, Chain) else None

    def needed_model(self) -> str | None:
        """The text model that a source must offer; None if any fits."""
        model: str | None = self.__dict__.get("model")
        return model

    def needed_metric(self) -> str | None:
        """The on-chain metric that a source must serve; None if any fits."""
        return None

    def resumed(self, following: str) -> Self:
        """The query for the page that `Result.next_page` told of, as its source is asked."""
        return self.model_copy(update={"cursor": following})

    def has_range(self) -> bool:
        """Whether the caller gave a start or an end."""
        values = self.__dict__
        return values.get("start") is not None or values.get("end") is not None

    def missing_interval(self, offered: Collection[str]) -> str | None:
        """The interval asked for, if it cannot be made from the offered ones; else None."""
        return None

    def calls_needed(self, offered: Collection[str] | None, most: int) -> int:
        """How many requests a source needs for the whole answer.

        Args:
            offered: the source's candle intervals; None if it has all of them.
            most: how many candles the source returns at once.
        """
        return 1

    def known_empty(self, now_ms: int) -> Any:
        """The empty answer, if no source can have anything about the range; else None."""
        return None

    def nothing(self, notes: tuple[str, ...]) -> Any:
        """The empty answer to a range in which no source has anything; None if that is none."""
        return None

    def fitted(self, offered: Collection[str] | None, most: int) -> Self:
        """The query to send to a source; `Result.fitted` makes the wanted answer from the reply.

        Args:
            offered: the source's candle intervals; None if it has all of them.
            most: how many candles the source returns at once.

        Raises:
            NotOffered: the source cannot return enough candles.
        """
        return self
