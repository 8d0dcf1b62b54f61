"""Values that many callers share, and none of them can change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

K = TypeVar("K")
V = TypeVar("V")
Scalar = TypeVar("Scalar", bound=np.generic)


def frozen_array(column: NDArray[Scalar]) -> NDArray[Scalar]:
    """`column` itself if nothing can write to it, else a copy that nobody can make writable."""
    if not column.flags.writeable and _lies_in_bytes(column):
        return column
    if not column.size:
        made = column.copy()
        made.setflags(write=False)
        return made
    # NumPy lets an array that owns its memory be made writable again, but not one over `bytes`.
    return np.frombuffer(column.tobytes(), column.dtype).reshape(column.shape)


def _lies_in_bytes(column: NDArray[Any]) -> bool:
    base: object = column
    while isinstance(base, np.ndarray):
        base = base.base
    return isinstance(base, bytes)


class FrozenDict(dict[K, V]):
    """A dict that cannot be changed; a plain `dict(…)` of it can."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this answer is shared by every caller; change a dict(…) of it")

    __setitem__ = __delitem__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse
    __ior__ = _refuse

    def __copy__(self) -> dict[K, V]:
        return dict(self)

    def copy(self) -> dict[K, V]:
        """A dict of the same members, which may be changed."""
        return dict(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (dict(self),))


class FrozenList(list[V]):
    """A list that cannot be changed; a plain `list(…)` of it can."""

    __slots__ = ()

    def _refuse(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("this answer is shared by every caller; change a list(…) of it")

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = pop = remove = clear = sort = reverse = _refuse

    def __copy__(self) -> list[V]:
        return list(self)

    def copy(self) -> list[V]:
        """A list of the same items, which may be changed."""
        return list(self)

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (list(self),))


def frozen(value: Any) -> Any:
    """`value` with every dict, list and array of it frozen; anything else as it is."""
    if isinstance(value, np.ndarray):
        return frozen_array(value)
    if type(value) is dict:
        return FrozenDict((key, frozen(one)) for key, one in value.items())
    if type(value) is list:
        return FrozenList(frozen(one) for one in value)
    return value
