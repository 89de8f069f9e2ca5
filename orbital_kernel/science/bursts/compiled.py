"""Numba's compiler, as a decorator that keeps types and works where nothing is writable."""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Return the function compiled at its first call.

    The machine code is kept beside the module or in the user's cache; where neither
    can be written, it is compiled anew in each process.
    """
    try:
        made = numba.njit(cache=True, nogil=True)(function)
    except RuntimeError:
        made = numba.njit(nogil=True)(function)
    return cast("Function", made)
