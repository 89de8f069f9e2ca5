"""The first credentials of a data folder: generated once, readable by its owner only."""

import json
import secrets
import string
from dataclasses import asdict, dataclass
from pathlib import Path

from vast_standin.files import write_private_json

_ADVICE = "put it back from a copy, or move it away to have new credentials made; the data stay"
_ALPHABET = string.ascii_uppercase + string.digits


@dataclass(frozen=True, repr=False)
class Credentials:
    """One user's S3 keys, one VMS manager's password, and the authority's file."""

    access_key: str
    secret_key: str
    vms_user: str
    vms_password: str
    cert_file: str


def load_or_create(folder: Path, cert_file: Path) -> Credentials:
    """Return the folder's credentials; generate them if there are none.

    Raises ValueError if the file is damaged or lacks a field.
    """
    path = folder / "credentials.json"
    if not path.exists():
        write_private_json(path, asdict(_generate(cert_file)))
    stored = _stored(path)
    missing = [
        name
        for name in Credentials.__annotations__
        if not isinstance(stored.get(name), str) or not stored[name]
    ]
    if missing:
        raise ValueError(f"{path} lacks {', '.join(missing)}: {_ADVICE}")
    if stored["cert_file"] != str(cert_file):
        stored["cert_file"] = str(cert_file)
        write_private_json(path, stored)
    return Credentials(**{name: stored[name] for name in Credentials.__annotations__})


def _stored(path: Path) -> dict[str, str]:
    try:
        path.chmod(0o600)
        stored = json.loads(path.read_bytes())
    except OSError as error:
        raise ValueError(
            f"{path} cannot be read ({error.strerror}): {_ADVICE}"
        ) from error
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {_ADVICE}") from error
    return stored if isinstance(stored, dict) else {}


def new_access_key() -> str:
    """Return a fresh access key of 20 upper-case characters."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(20))


def new_secret_key() -> str:
    """Return a fresh secret key of 40 URL-safe characters."""
    return secrets.token_urlsafe(30)


def _generate(cert_file: Path) -> Credentials:
    return Credentials(
        access_key=new_access_key(),
        secret_key=new_secret_key(),
        vms_user="admin",
        vms_password=secrets.token_urlsafe(18),
        cert_file=str(cert_file),
    )
