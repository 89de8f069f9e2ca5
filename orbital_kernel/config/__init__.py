"""Settings from the vendors' own environment names; secrets never printed."""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import platformdirs

from orbital_kernel.errors import ConfigError

HOME_VARIABLE = "ORBITAL_HOME"
DATABASE_VARIABLE = "ORBITAL_DATABASE"
OBSERVATORIES_VARIABLE = "ORBITAL_OBSERVATORIES"
OBSERVATORIES_GROUP = "orbital.observatories"
DATABASE = "orbital"
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")

VARIABLES = {
    "endpoint": "AWS_S3_ENDPOINT_URL",
    "access_key": "AWS_ACCESS_KEY_ID",
    "secret_key": "AWS_SECRET_ACCESS_KEY",
    "ca_bundle": "AWS_CA_BUNDLE",
    "vms_address": "VMS_ADDRESS",
    "vms_user": "VMS_USER",
    "vms_password": "VMS_PASSWORD",
    "vms_token": "VMS_TOKEN",
    "vms_cert_file": "VMS_CERT_FILE",
    "vms_insecure": "ORBITAL_VMS_INSECURE",
}


@dataclass(frozen=True)
class Settings:
    """Where the database and the management system are, and how to sign in.

    `endpoint` is a URL; `vms_address` is host or host:port (always TLS).
    """

    endpoint: str
    access_key: str
    secret_key: str = field(repr=False)
    ca_bundle: str | None = None
    vms_address: str | None = None
    vms_user: str | None = None
    vms_password: str | None = field(default=None, repr=False)
    vms_token: str | None = field(default=None, repr=False)
    vms_cert_file: str | None = None
    vms_insecure: str | None = None
    engine: str = "cluster"
    folder: Path | None = None
    """The folder of an embedded platform."""

    def environment(self) -> dict[str, str]:
        """Return the vendors' variables that lead any vendor tool to this platform."""
        values = {name: getattr(self, key) for key, name in VARIABLES.items()}
        return {name: value for name, value in values.items() if value is not None}

    def exports(self) -> str:
        """Return the environment as `export NAME=value` lines for a shell."""
        return "\n".join(
            f"export {name}={shlex.quote(value)}"
            for name, value in self.environment().items()
        )

    def require_vms(self) -> "Settings":
        """Return itself; ConfigError if no management system is configured."""
        if self.vms_address is None:
            raise ConfigError(
                f"storage orchestration needs a VMS, but {VARIABLES['vms_address']} is "
                "not set: set it with VMS_USER and VMS_PASSWORD, or VMS_TOKEN"
            )
        if self.vms_token is None and (self.vms_user is None or not self.vms_password):
            raise ConfigError(
                f"VMS {self.vms_address} is set without VMS_TOKEN and without VMS_USER "
                "and VMS_PASSWORD: set one of them"
            )
        return self


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings | None:
    """Return the settings of the vendors' variables, or None if none is set.

    Raises ConfigError if they are set in part.
    """
    given = {
        key: environment[name]
        for key, name in VARIABLES.items()
        if environment.get(name)
    }
    if "endpoint" not in given:
        if "vms_address" in given:
            raise ConfigError(
                "VMS_ADDRESS is set but AWS_S3_ENDPOINT_URL is not: set both for a "
                "cluster, or neither for the embedded platform"
            )
        return None
    missing = [VARIABLES[k] for k in ("access_key", "secret_key") if k not in given]
    if missing:
        raise ConfigError(
            f"AWS_S3_ENDPOINT_URL is {given['endpoint']}, but {' and '.join(missing)} "
            "is not set: set it, or unset the endpoint for the embedded platform"
        )
    return Settings(**given, folder=None)


def without_vendor_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without the vendors' variables."""
    return {k: v for k, v in environment.items() if k not in VARIABLES.values()}


def data_folder(given: str | Path | None = None) -> Path:
    """Return the platform's folder: given, else ORBITAL_HOME, else the user's."""
    chosen = (
        given or os.environ.get(HOME_VARIABLE) or platformdirs.user_data_path("orbital")
    )
    try:
        return Path(chosen).expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise ConfigError(
            f"the platform's folder {chosen} cannot be found ({error}): choose another "
            f"with --data or {HOME_VARIABLE}"
        ) from error


def database_name(given: str | None = None) -> str:
    """Return the database's name: given, else ORBITAL_DATABASE, else 'orbital'.

    Raises ConfigError for a name that a bucket cannot have.
    """
    chosen = given or os.environ.get(DATABASE_VARIABLE) or DATABASE
    if not BUCKET.fullmatch(chosen):
        raise ConfigError(
            f"a database cannot be called {chosen!r}: it is a bucket, whose name has 3 to 63 "
            "lower-case letters, digits, '-' or '.'; choose another name"
        )
    return chosen


def own_observatories() -> tuple[Path, ...]:
    """Return the user's folders of observatory files, existing or not.

    Those of ORBITAL_OBSERVATORIES (separated as in PATH), else `observatories` in the
    platform's folder.
    """
    named = os.environ.get(OBSERVATORIES_VARIABLE)
    if not named:
        return (data_folder() / "observatories",)
    return tuple(Path(n).expanduser().resolve() for n in named.split(os.pathsep) if n)


def added_observatories() -> tuple[Path, ...]:
    """Return the added folders of observatory files; later ones take precedence.

    Packages name theirs by an entry point of the group 'orbital.observatories'; the
    user's follow. A folder holds NAME.toml and, where needed, reader files.
    """
    return (*_packaged(), *(f for f in own_observatories() if f.is_dir()))


@cache
def _packaged() -> tuple[Path, ...]:
    folders = []
    for entry in sorted(entry_points(group=OBSERVATORIES_GROUP), key=lambda e: e.name):
        spec = find_spec(entry.value)
        if spec is None or spec.origin is None:
            raise ConfigError(
                f"{entry.dist.name if entry.dist else 'a package'} declares observatory "
                f"files in {entry.value!r}, which is not a package: repair or uninstall it"
            )
        folders.append(Path(spec.origin).parent)
    return tuple(folders)
