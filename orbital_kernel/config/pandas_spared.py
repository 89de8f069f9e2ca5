"""pyarrow kept from importing pandas, in the processes that are Orbital's own.

When pyarrow makes its first array it imports pandas if that is installed, to recognise its
objects: a third of the time that a command needs to import the vendor's SDK, half of what a
process that reads files needs before its first row. Neither has such objects. A kernel or
a script may, and so may the code of an added observatory: there pyarrow looks as usual.
pandas itself can be imported later, by whoever uses it.
"""

import runpy
import sys
from importlib.machinery import ModuleSpec

from orbital_kernel import config

PANDAS = "pandas"
_own: set[str] = set()


def declare_own_process() -> None:
    """Say that only code of Orbital makes arrays in this process."""
    _own.add(PANDAS)


def spare_pandas() -> None:
    """Have pyarrow find no pandas, if this process is Orbital's own and has none yet."""
    if not _own or PANDAS in sys.modules or config.added_observatories():
        return
    import pyarrow as pa  # noqa: PLC0415 - slow, and not of every process

    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])  # pyarrow looks for pandas once
    finally:
        sys.meta_path.remove(finder)


def run(module: str) -> None:
    """Run a module as a program, declared before its packages are imported."""
    declare_own_process()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


class _NoPandas:
    """Finds no pandas, and leaves other modules to others."""

    def find_spec(
        self, name: str, _path: object = None, _target: object = None
    ) -> ModuleSpec | None:
        if name == PANDAS:
            raise ModuleNotFoundError(f"{name} is spared", name=name)
        return None
