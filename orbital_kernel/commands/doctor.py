"""`orbital doctor`: what is wrong, and how to repair it."""

import importlib.metadata
import shutil
import sys
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import click

from orbital_kernel import config
from orbital_kernel.commands.output import json_option, print_json
from orbital_kernel.commands.terminal import echo
from orbital_kernel.embedded import files as platform_files
from orbital_kernel.embedded.files import folder_errors
from orbital_kernel.errors import OrbitalError

MIN_FREE_BYTES = 1_000_000_000
NEED_DATABASE = ("tables", "storage")
Check = tuple[str, bool | None, str]
"""Name, result (None: optional and not installed) and what was found."""
SHOWN = {True: "ok    ", False: "WRONG ", None: "absent"}


@click.command(epilog="Example: orbital doctor --json")
@json_option
def doctor(*, as_json: bool) -> None:
    """Check Python, packages, disk, database, tables and storage.

    Each line gives the result, and for a problem the repair. `absent` marks an optional
    part that is not installed, with the command that installs it; its `ok` in --json is
    null. Exits with 1 if a check is WRONG.
    """
    checks = list(_checks())
    if as_json:
        print_json([{"check": n, "ok": ok, "told": text} for n, ok, text in checks])
    else:
        for name, ok, text in checks:
            echo(f"{SHOWN[ok]} {name}: {text}")
    sys.exit(1 if any(ok is False for _, ok, _ in checks) else 0)


def _checks() -> Iterator[Check]:
    connected = True
    for name, check in _CHECKS.items():
        if name in NEED_DATABASE and not connected:
            yield name, False, "not checked, because the database cannot be used"
            continue
        result = _try(name, check)
        connected = connected and (name != "database" or bool(result[1]))
        yield result
    yield from (_try(name, check, None) for name, check in _EXTRAS.items())


def _try(name: str, check: Callable[[], str], failed: bool | None = False) -> Check:  # noqa: FBT002
    try:
        return name, True, check()
    except (OrbitalError, importlib.metadata.PackageNotFoundError) as error:
        return name, failed, str(error)
    except OSError as error:
        return name, False, f"{error.filename or name}: {error.strerror or error}"


def _python() -> str:
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        raise OrbitalError(
            f"Python {sys.version.split()[0]} is not supported: install Python 3.11 to 3.13"
        )
    return sys.version.split()[0]


def _packages() -> str:
    names = ("vastdb", "vastpy", "pyarrow", "polars", "astropy", "bokeh", "jupyterlab")
    return ", ".join(f"{name} {importlib.metadata.version(name)}" for name in names)


def _disk() -> str:
    """Check the embedded platform's folder, also if a cluster is configured.

    The connection does not use its files then, but later ones may.
    """
    folder = config.data_folder()
    with folder_errors(folder):
        problem = platform_files.problem(folder)
    if problem:
        raise OrbitalError(problem)
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < MIN_FREE_BYTES:
        raise OrbitalError(
            f"{free / 1e9:.1f} GB free at {folder}: free some space or set ORBITAL_HOME"
        )
    return f"{free / 1e9:.0f} GB free at {folder}"


def _database() -> str:
    from orbital_kernel import connect

    orbital = connect()
    return f"{orbital!r}, server {orbital.store.version}, {_endpoint(orbital.settings)}"


def _endpoint(settings: config.Settings) -> str:
    """Return in words how the connection to the database is verified."""
    address = urlsplit(settings.endpoint)
    if address.scheme == "https":
        authority = settings.ca_bundle or "the public authorities of certifi"
        return f"TLS verified by {authority}"
    loopback = address.hostname in ("localhost", "127.0.0.1", "::1")
    where = "on this machine only" if loopback else "ANYBODY between can read the data"
    return f"no TLS ({where})"


def _tables() -> str:
    from orbital_kernel import connect

    return f"{len(connect().require_tables().tables())} tables"


def _vms() -> str:
    from orbital_kernel import connect
    from orbital_kernel.storage import authorities

    orbital = connect()
    health, verified = orbital.health(), authorities.verified_by(orbital.settings)
    return f"the VMS answers, {verified}; health (`orbital health`): {health}"


def _sql() -> str:
    from orbital_kernel.query import sql

    return f"driver {sql.driver(config.data_folder())}"


_CHECKS: dict[str, Callable[[], str]] = {
    "python": _python,
    "packages": _packages,
    "disk": _disk,
    "database": _database,
    "tables": _tables,
    "storage": _vms,
}
_EXTRAS: dict[str, Callable[[], str]] = {"sql": _sql}
