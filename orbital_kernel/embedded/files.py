"""The small files beside an embedded platform's data, read strictly.

For a file that is damaged, unreadable or of another shape the error names it and says
what to do; its content is never guessed.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orbital_kernel.config import HOME_VARIABLE
from orbital_kernel.errors import PlatformError, is_of_no_file, system_advice

NOTE = "standin.json"
CREDENTIALS = "credentials.json"
PORTS = "ports.json"
KEYS = ("access_key", "secret_key", "vms_user", "vms_password", "cert_file")
HIGHEST_PORT = 65535
NEW_CREDENTIALS = (
    "put it back from a copy, or run `orbital down`, move it away and run `orbital up`: "
    "that makes new credentials and keeps the data"
)
NEW_NOTE = "run `orbital down`, then `orbital up`: that writes it again"
NEW_PORTS = "remove it and run `orbital up`: that chooses free ports"


class DamagedFile(PlatformError):
    """A file of the platform cannot be used as it is."""


@dataclass(frozen=True)
class Note:
    """What a running platform reports about itself."""

    pid: int
    endpoint: str
    vms_address: str
    version: str
    started: str
    warnings: tuple[str, ...] = ()


def note(folder: Path) -> Note | None:
    """Return the note of the folder's platform; None without one."""
    path = folder / NOTE
    value = _read(path, NEW_NOTE)
    if value is None:
        return None
    names = [field.name for field in fields(Note) if field.default is MISSING]
    _require(path, value, dict.fromkeys(names, str) | {"pid": int})
    warnings = value.get("warnings", [])
    if not isinstance(warnings, list):
        raise DamagedFile(f"{path} has warnings that are not a list: {NEW_NOTE}")
    if value["pid"] <= 0 or None in (
        _port(value["endpoint"]),
        _port(f"//{value['vms_address']}"),
    ):
        raise DamagedFile(f"{path} names no process or no address: {NEW_NOTE}")
    return Note(
        **{name: value[name] for name in names}, warnings=tuple(map(str, warnings))
    )


def credentials(folder: Path) -> Mapping[str, str]:
    """Return the keys of the folder's platform; a missing file is damage too."""
    path = folder / CREDENTIALS
    value = _read(path, NEW_CREDENTIALS)
    if value is None:
        raise DamagedFile(f"{path} is missing: {NEW_CREDENTIALS}")
    _require(path, value, dict.fromkeys(KEYS, str), NEW_CREDENTIALS)
    return {name: value[name] for name in KEYS}


def ports(folder: Path) -> tuple[int, int]:
    """Return the ports of the last run, of data and of management; 0 for any."""
    path = folder / PORTS
    value = _read(path, NEW_PORTS)
    if value is None:
        return 0, 0
    if (
        not isinstance(value, list)
        or [int, int] != [type(number) for number in value]
        or not all(0 <= number <= HIGHEST_PORT for number in value)
    ):
        raise DamagedFile(f"{path} is not a pair of port numbers: {NEW_PORTS}")
    return value[0], value[1]


def write_ports(folder: Path, pair: tuple[int, int]) -> None:
    """Note the ports for the next run."""
    (folder / PORTS).write_text(json.dumps(pair))


def problem(folder: Path) -> str | None:
    """Return what is wrong with the files of a platform that was started before."""
    try:
        if note(folder) is not None or (folder / CREDENTIALS).exists():
            credentials(folder)
        ports(folder)
    except DamagedFile as error:
        return str(error)
    return None


@contextmanager
def folder_errors(folder: Path) -> Iterator[None]:
    """Turn errors of the operating system about the folder into one sentence."""
    try:
        yield
    except OSError as error:
        raise PlatformError(
            f"the platform's folder {folder} cannot be used "
            f"({error.filename or folder}: {error.strerror or error}): {_next(error)}"
        ) from error


def _next(error: OSError) -> str:
    """Return what to do: another folder helps, unless the system lacks something."""
    if is_of_no_file(error):
        return system_advice(error)
    return f"choose a folder that you may write to with --data or {HOME_VARIABLE}"


def _read(path: Path, repair: str) -> Any:
    """Return a file's JSON value, None if the file is missing."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise
    except OSError as error:
        if is_of_no_file(error):
            raise
        raise DamagedFile(
            f"{path} cannot be read ({error.strerror}): {repair}"
        ) from None
    if not content.strip():
        raise DamagedFile(f"{path} is empty: {repair}")
    try:
        value = json.loads(content)
    except ValueError:
        raise DamagedFile(f"{path} is not JSON: {repair}") from None
    if value is None:
        raise DamagedFile(f"{path} holds null: {repair}")
    return value


def _require(
    path: Path, value: Any, kinds: Mapping[str, type], repair: str = NEW_NOTE
) -> None:
    """Raise DamagedFile if fields are missing or of another type."""
    if not isinstance(value, dict):
        raise DamagedFile(f"{path} is not a JSON object: {repair}")
    missing = [
        name
        for name, kind in kinds.items()
        if type(value.get(name)) is not kind or value[name] == ""
    ]
    if missing:
        raise DamagedFile(f"{path} lacks {', '.join(missing)}: {repair}")


def _port(url: str) -> int | None:
    try:
        return urlsplit(url).port
    except ValueError:
        return None
