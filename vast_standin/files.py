"""Files only their owner may read, replaced as a whole or not at all."""

import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path


def write_private(path: Path, content: bytes) -> None:
    """Write a file of mode 0600 atomically: readers see the old or the new one."""
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)


def read_json(path: Path) -> dict[str, str]:
    """Read a JSON object; an empty one if there is none, or it cannot be read."""
    try:
        return dict(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return {}


def write_private_json(path: Path, value: Mapping[str, object]) -> None:
    """Write a JSON object as a private file."""
    write_private(path, (json.dumps(value, indent=2) + "\n").encode())
