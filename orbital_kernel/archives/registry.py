"""All readers: every module of this package with a READER, and those that users add.

Reader files are not listed anywhere: a module below this package that defines READER is
one, and so is any .py file in a user's folder of observatory files (config).
"""

import importlib
import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from orbital_kernel import config
from orbital_kernel.archives.faults import guarded
from orbital_kernel.archives.reading import Reader
from orbital_kernel.errors import ConfigError

DEFINES = "\nREADER = "
FOLDER = Path(__file__).parent


@cache
def shipped() -> tuple[Reader, ...]:
    """Return the readers of this package, in the order they are tried."""
    paths = sorted(FOLDER.rglob("*.py"))
    modules = [
        importlib.import_module(_module_name(path))
        for path in paths
        if DEFINES in path.read_text(encoding="utf-8")
    ]
    return _in_order(guarded(module.READER) for module in modules)


def _module_name(path: Path) -> str:
    parts = path.relative_to(FOLDER).with_suffix("").parts
    return ".".join((__package__ or "", *parts))


def readers() -> tuple[Reader, ...]:
    """Return every reader, in the order they are tried.

    Returns
    -------
    tuple of Reader
        Readers that users and installed packages add, then Orbital's; loose ones last.

    Raises
    ------
    ConfigError
        If an added reader file cannot be loaded; the message names it.
    """
    added = _added(config.added_observatories())
    return _in_order([*added, *shipped()]) if added else shipped()


@cache
def _added(folders: tuple[Path, ...]) -> tuple[Reader, ...]:
    added: dict[str, Reader] = {}
    names = {reader.name for reader in shipped()}
    for path in (p for folder in folders for p in sorted(folder.glob("*.py"))):
        if path.name == "__init__.py":
            continue
        reader = _loaded(path)
        if reader.name in names:
            raise ConfigError(
                f"{path}: there is a reader {reader.name!r} already: name it otherwise"
            )
        added[reader.name] = guarded(reader, path)
        names.add(reader.name)
    return tuple(added.values())


def _loaded(path: Path) -> Reader:
    spec = importlib.util.spec_from_file_location(f"orbital_reader_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ConfigError(f"{path} is not a Python file that can be loaded")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise ConfigError(
            f"reader file {path} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    reader = getattr(module, "READER", None)
    if not isinstance(reader, Reader):
        raise ConfigError(
            f"reader file {path} defines no READER: READER = Reader(name, recognises, "
            "read, doc); move it elsewhere if it is not a reader"
        )
    return reader


def _in_order(unordered: Iterable[Reader]) -> tuple[Reader, ...]:
    return tuple(sorted(unordered, key=lambda reader: reader.loose))
