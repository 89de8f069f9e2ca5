"""Sinks of alerts. A sink that fails raises OSError and is tried again later.

A file gets each alert once, even if the watcher is killed. A webhook and the terminal get it
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
    """A destination of alerts; its name identifies it in checkpoints.

    A sink that may be slow has `waits` true and gets a thread of its own. One with
    `newest_first` true gets the newest alert first; one with `takes`, a function of an
    alert, only the alerts for which it returns True.
    """

    name: str
    waits: bool

    def send(self, alert: Alert) -> None:
        """Deliver one alert; raise OSError to be tried again."""


class Refused(Exception):
    """The receiver will never accept this alert."""


class Printed:
    """Passes each alert to a function, for instance one that prints it.

    Parameters
    ----------
    show
        The function; called with the alert, a dict of GCN's core schema.

    Examples
    --------
    >>> from orbital_kernel.monitor import Printed
    >>> Printed(print).name
    'terminal'
    """

    name = "terminal"
    waits = False

    def __init__(self, show: Callable[[Alert], None]) -> None:
        self._show = show

    def send(self, alert: Alert) -> None:
        """Show the alert."""
        self._show(alert)


class AlertFile:
    """Appends alerts to a file of JSON lines, each alert once.

    Parameters
    ----------
    path
        The file; it is created with its folder. A last line that a kill left unfinished
        is cut off.

    Raises
    ------
    ConfigError
        If the file holds anything but alerts.
    """

    waits = False

    def __init__(self, path: Path) -> None:
        """Open a file and read which alerts it holds."""
        self.name = f"file {path.resolve()}"
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        content = path.read_bytes() if path.exists() else b""
        lines = content[: content.rfind(b"\n") + 1]
        if len(lines) < len(content):
            os.truncate(path, len(lines))
        try:
            self._written = {identity(json.loads(row)) for row in lines.splitlines()}
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} does not hold one alert per line ({error}): choose another file"
            ) from error

    def send(self, alert: Alert) -> None:
        """Append the alert, durably."""
        if identity(alert) in self._written:
            return
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(alert) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._written.add(identity(alert))


class Webhook:
    """Posts each alert as JSON to a URL.

    Each request has an Idempotency-Key, the same when an alert is sent again. Answers
    408, 425, 429 and 5xx are tried again, other 4xx drop the alert with a note.

    Parameters
    ----------
    url
        An http or https URL.
    timeout_s
        Seconds to wait for an answer.

    Raises
    ------
    ConfigError
        If the URL is not http or https.

    Examples
    --------
    >>> from orbital_kernel.monitor import Webhook
    >>> Webhook("https://example.org/alerts").name
    'webhook https://example.org/alerts'
    """

    waits = True

    def __init__(self, url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """Take an http or https URL; ConfigError for anything else."""
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).netloc:
            raise ConfigError(f"a webhook needs an http or https URL, not {url!r}")
        self.name = f"webhook {url}"
        self._url, self._timeout_s = url, timeout_s

    def send(self, alert: Alert) -> None:
        """Post the alert; Refused if the receiver says it never will accept it."""
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


def sinks_of(file: Path | None, webhook: str | None) -> list[Sink]:
    """Return the sinks for a file and a URL, those that are given."""
    sinks: list[Sink] = [AlertFile(file)] if file else []
    return [*sinks, Webhook(webhook)] if webhook else sinks
