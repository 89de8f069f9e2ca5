"""The credentials a data folder begins with: generated once, readable by its owner only."""

import json
import secrets
import string
from dataclasses import asdict, dataclass
from pathlib import Path

from vast_standin.files import write_private_json

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
    """Return the folder's credentials; generate them where there are none.

    Raises ValueError where the file lacks a field.
    """
    path = folder / "credentials.json"
    if not path.exists():
        write_private_json(path, asdict(_generate(cert_file)))
    path.chmod(0o600)
    stored = json.loads(path.read_bytes())
    missing = [name for name in Credentials.__annotations__ if name not in stored]
    if missing:
        raise ValueError(
            f"{path} lacks {', '.join(missing)}; put it back or remove the file to have "
            "new credentials made"
        )
    if stored["cert_file"] != str(cert_file):
        stored["cert_file"] = str(cert_file)
        write_private_json(path, stored)
    return Credentials(**{name: stored[name] for name in Credentials.__annotations__})


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
