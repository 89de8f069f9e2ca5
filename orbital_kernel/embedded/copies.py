"""The call by which a running platform gives a copy of one moment of its data."""

import base64
import http.client
import json
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orbital_kernel.config import Settings
from orbital_kernel.errors import PlatformError

ROUTE = "/api/standin_copies/"
SECONDS = 3600.0
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Copy:
    """A folder with the databases of one moment and links to all their files."""

    folder: Path
    store: str
    version: str
    moment: str
    missing: tuple[str, ...]
    damaged: tuple[str, ...]
    """Files that the platform read and found not to be as written."""


@contextmanager
def copied(settings: Settings) -> Iterator[Copy]:
    """Give a copy of the platform's data; it is removed at the end of the block."""
    reply = _call(settings, "POST")
    try:
        yield Copy(
            Path(reply["folder"]),
            reply["store"],
            reply["version"],
            reply["moment"],
            tuple(reply["missing"]),
            tuple(reply["damaged"]),
        )
    finally:
        try:
            _call(settings, "DELETE")
        except PlatformError as error:  # the next start or backup removes it
            LOG.info("the copy of %s remains: %s", reply["moment"], error)


def _call(settings: Settings, method: str) -> Any:
    user = f"{settings.vms_user}:{settings.vms_password}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(user).decode()}"}
    context = ssl.create_default_context(cafile=settings.vms_cert_file)
    connection = http.client.HTTPSConnection(
        settings.vms_address or "", timeout=SECONDS, context=context
    )
    try:
        connection.request(method, ROUTE, headers=headers)
        reply = connection.getresponse()
        body = reply.read()
    except (OSError, http.client.HTTPException) as error:
        raise PlatformError(
            f"the platform at {settings.vms_address} did not answer the backup "
            f"({error or type(error).__name__}): run the same again"
        ) from error
    finally:
        connection.close()
    if reply.status >= http.client.BAD_REQUEST:
        raise PlatformError(
            f"the platform at {settings.vms_address} gave no copy of its data "
            f"({reply.status}: {body.decode(errors='replace')}); if it runs since an "
            "earlier version, run `orbital down` and the same again"
        )
    return json.loads(body) if body else None
