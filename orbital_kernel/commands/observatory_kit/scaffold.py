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
    """Write NAME.toml with every key, its meaning, and blanks to fill in.

    Parameters
    ----------
    name : str
        Name of the observatory and of its schema: 2 to 32 small letters, digits and '_'.
    folder : pathlib.Path, optional
        Folder of the file; by default the first of the user's folders.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    ConfigError
        If the name cannot be that of a schema, or has a file already.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from orbital_kernel import observatory_kit
    >>> observatory_kit.scaffold("nicer", Path(mkdtemp())).name
    'nicer.toml'
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
