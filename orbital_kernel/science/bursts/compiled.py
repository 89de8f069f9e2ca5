"""Numba's compiler, as decorators that keep types and work where nothing is writable."""

from collections.abc import Callable
from typing import Literal, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Return the function compiled at its first call.

    The machine code is kept beside the module or in the user's cache; where neither
    can be written, it is compiled anew in each process. A division by zero gives inf
    or nan, as numpy's does.
    """
    return _compiled(function, "never")


def inlined(function: Function) -> Function:
    """Return the function compiled into its callers: for what is done at each bin.

    Calling it would cost more than what it does: each array is handed over in parts.
    """
    return _compiled(function, "always")


def _compiled(function: Function, inline: Literal["never", "always"]) -> Function:
    options = {"nogil": True, "error_model": "numpy", "inline": inline}
    try:
        machine_code = numba.njit(cache=True, **options)(function)
    except RuntimeError:
        machine_code = numba.njit(**options)(function)
    return cast("Function", machine_code)
