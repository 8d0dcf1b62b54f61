"""Whether an indicator's `compute` returned what it declares; what it raises is its own defect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coinmux.framework.errors import PluginError
from coinmux.framework.health.classify import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from coinmux.framework.plugins.adapters import Compute
    from coinmux.framework.plugins.indicator_info import IndicatorInfo, Values

#: NumPy has one dtype object for native floats, so `is` compares dtypes.
_FLOAT = np.dtype(np.float64)


def outputs_of(
    info: IndicatorInfo,
    compute: Compute,
    inputs: Mapping[str, NDArray[Any]],
    values: Values,
    size: int,
) -> Sequence[NDArray[Any]]:
    """The columns that `compute` returns, one for each output.

    Args:
        size: of each input, and so of each output.

    Raises:
        PluginError: it raised, or returned something else.
    """
    try:
        outputs: Any = compute(inputs, values)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException as error:
        raise PluginError(f"indicator {info.name}: {quoted(error)}") from error
    if isinstance(outputs, np.ndarray):
        outputs = (outputs,)
    elif not isinstance(outputs, (tuple, list)):
        outputs = ()
    return checked_columns(info, outputs, size)


def checked_columns(
    info: IndicatorInfo, outputs: Sequence[Any], size: int
) -> Sequence[NDArray[Any]]:
    """`outputs`, one float64 column of `size` values for each output of the indicator.

    Raises:
        PluginError: they are something else.
    """
    if len(outputs) != len(info.outputs):
        raise PluginError(
            f"indicator {info.name} returns {len(info.outputs)} arrays, one for each output"
        )
    for column in outputs:
        if (
            not isinstance(column, np.ndarray)
            or column.dtype is not _FLOAT
            or column.size != size
            or column.ndim != 1
        ):
            raise PluginError(f"indicator {info.name} returns float64 arrays of its input's length")
    return outputs
