"""Where alerts go. A sink that fails raises OSError and is tried again later.

A file gets each alert once, whatever is killed when. A webhook and the terminal get it
at least once: a watcher killed between sending and remembering sends again, with the
same Idempotency-Key.
"""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from orbital_kernel.errors import ConfigError
from orbital_kernel.monitor.alerts import Alert, identity

TIMEOUT_S = 5.0
FOR_LATER = {408, 425, 429}


class Sink(Protocol):
    """One place alerts are delivered to; the name stands in checkpoints.

    A sink that may take its time has `waits` true, and gets a thread of its own.
    """

    name: str
    waits: bool

    def send(self, alert: Alert) -> None:
        """Deliver one alert; OSError where it should be tried again."""


class Refused(Exception):
    """The receiver will never take this alert."""


class Printed:
    """Gives each alert to a function, e.g. one that prints it."""

    name = "terminal"
    waits = False

    def __init__(self, show: Callable[[Alert], None]) -> None:
        self._show = show

    def send(self, alert: Alert) -> None:
        """Show the alert."""
        self._show(alert)


class AlertFile:
    """JSON lines; an alert that stands there already is not written again."""

    waits = False

    def __init__(self, path: Path) -> None:
        """Take up a file, cutting off a last line a kill left unfinished."""
        self.name = f"file {path.resolve()}"
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = path.read_bytes() if path.exists() else b""
        kept = whole[: whole.rfind(b"\n") + 1]
        if len(kept) < len(whole):
            os.truncate(path, len(kept))
        try:
            self._there = {identity(json.loads(row)) for row in kept.splitlines()}
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} holds something else than alerts, a line each ({error}): "
                "choose another file"
            ) from error

    def send(self, alert: Alert) -> None:
        """Append the alert, durably."""
        if identity(alert) in self._there:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(alert) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._there.add(identity(alert))


class Webhook:
    """Posts each alert as JSON to a URL."""

    waits = True

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Take an http or https URL; ConfigError for anything else."""
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
            raise ConfigError(f"a webhook is an http or https URL, not {url!r}")
        self.name = f"webhook {url}"
        self._url, self._timeout_s = url, timeout_s

    def send(self, alert: Alert) -> None:
        """Post the alert; Refused where the receiver says it never will take it."""
        key = " ".join(map(str, identity(alert)))
        request = urllib.request.Request(  # noqa: S310 - the scheme is checked above
            self._url,
            json.dumps(alert).encode(),
            {"Content-Type": "application/json", "Idempotency-Key": key},
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout_s) as answer:  # noqa: S310
                answer.read()
        except urllib.error.HTTPError as error:
            if 400 <= error.code < 500 and error.code not in FOR_LATER:
                raise Refused(f"{self._url} answered {error.code}") from error
            raise
        except HTTPException as error:
            raise OSError(f"{self._url} does not speak HTTP: {error!r}") from error
