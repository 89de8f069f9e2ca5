"""Numba's compiler, as decorators that preserve types and work without a writable cache."""

from collections.abc import Callable
from typing import Literal, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Return the function compiled at its first call.

    The machine code is stored beside the module or in the user's cache; if neither can be
    written, each process compiles it again. A division by zero gives inf or nan, as in
    numpy.
    """
    return _compiled(function, "never")


def inlined(function: Function) -> Function:
    """Return the function compiled into its callers, for work at each bin.

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
