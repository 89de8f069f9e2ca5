"""A new observatory's file: valid at once, with blanks that say so."""

import re
from pathlib import Path

from orbital_kernel import config
from orbital_kernel.errors import ConfigError
from orbital_kernel.model.observatory import FOLDER, SITE_FILE, files

TEMPLATE = FOLDER / "new.toml.in"
RESERVED = ("cross", "ops", SITE_FILE.removesuffix(".toml"))
_NAME = re.compile(r"[a-z][a-z0-9_]{1,31}")


def scaffold(name: str, folder: Path | None = None) -> Path:
    """Write NAME.toml into a folder, else the user's first, and return its path.

    Raises ConfigError for a name that cannot be a schema's, or that has a file already.
    """
    if not _NAME.fullmatch(name) or name in RESERVED:
        raise ConfigError(
            f"{name!r} cannot name an observatory: 2 to 32 small letters, digits and "
            f"'_', a letter first, and none of {', '.join(RESERVED)}"
        )
    paths = files()
    path = (folder or config.own_observatories()[0]) / f"{name}.toml"
    if path.exists() or name in paths:
        raise ConfigError(
            f"{name} has a file already, {paths.get(name, path)}: edit that one"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEMPLATE.read_text(encoding="utf-8").replace("@NAME@", name))
    return path
