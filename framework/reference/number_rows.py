"""Rows of numbers of a source, as columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class NumberRows(Sequence[Any]):
    """The rows of a document as columns, all of them finite numbers.

    As a sequence it holds the rows as the source sent them, which are read when they are asked for.

    Attributes:
        names: of the leading columns; "" for one that is not needed.
        cells: `(n, len(names))` float64.
    """

    __slots__ = ("_read", "_rows", "cells", "names")

    def __init__(
        self,
        names: tuple[str, ...],
        cells: NDArray[np.float64],
        read: Callable[[], list[Any]],
    ) -> None:
        self.names = names
        self.cells = cells
        self._read = read
        self._rows: list[Any] | None = None

    def __len__(self) -> int:
        return len(self.cells)

    @overload
    def __getitem__(self, at: int) -> Any: ...
    @overload
    def __getitem__(self, at: slice) -> list[Any]: ...
    def __getitem__(self, at: int | slice) -> Any:
        return self._as_sent()[at]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._as_sent())

    def _as_sent(self) -> list[Any]:
        if self._rows is None:
            self._rows = self._read()
        return self._rows
